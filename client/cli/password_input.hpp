#pragma once
#include <ostream>
#include <string>

#include "common/base/result.hpp"

namespace parley::client::cli {

/// A password from this variable of the environment, if it is set; else from the terminal of the process, where it is
/// asked for by `prompt` and not shown. `is_new`: it is asked for twice, and must be the same. ErrorCode::usage if
/// there is neither, if it is empty, or if the person gives up (Ctrl-C, Ctrl-D).
[[nodiscard]] Result<std::string> ask_password(const char* variable, const std::string& prompt, bool is_new);

}  // namespace parley::client::cli
