#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "client/cli/environment.hpp"

namespace parley::client::cli {

/// What becomes of lines that come in while operations are under way.
struct LinePump {
  std::uint64_t window = 64;                     ///< operations under way, from which on no line is taken
  std::function<void(const std::string&)> take;  ///< a line; it may submit one operation
  std::function<void()> take_too_long;           ///< a line was too long, and is skipped
  std::function<bool()> wants_more = nullptr;    ///< false: no further line is taken
};

/// Takes lines from the input as they come, until it has ended and every operation with it, or nobody reads the output
/// any more. ErrorCode::io if the input cannot be read; what was submitted before has ended then too.
[[nodiscard]] Status pump_lines(Environment& environment, const LinePump& pump);

}  // namespace parley::client::cli
