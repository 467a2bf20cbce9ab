#pragma once
#include "common/config/logger_options.hpp"

namespace parley::logger::tools {

/// Carries out `verify`, `dump`, `diff` or `blame` on the terminal. The exit code: 0, 1 for the answer no, or that of
/// the error, which is said on standard error.
[[nodiscard]] int run(const config::LoggerCommand& command);

}  // namespace parley::logger::tools
