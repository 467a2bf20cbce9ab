#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace parley::logger::tools {

/// Where a tool says what it finds.
struct Console {
  std::function<Status(std::string_view text)> print;       ///< the answer, to standard output
  std::function<void(const std::string& remark)> remark;    ///< a line that is no part of it, to standard error
  std::function<void(Index at, Index last)> show_progress;  ///< at that entry, of about so many; called often
};

/// How a tool ends when nothing failed.
enum class Answer {
  yes,  ///< exit code 0
  no,   ///< exit code 1: they differ, there is no such entry
};

}  // namespace parley::logger::tools
