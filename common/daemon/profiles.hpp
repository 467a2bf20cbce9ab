#pragma once
#include <functional>
#include <string>

#include "common/base/result.hpp"

namespace parley::daemon {

/// Runs a daemon under the profiles that were asked for, each a file or empty: gives its exit code, or why a profile
/// could not begin.
[[nodiscard]] Result<int> run_profiled(const std::string& cpu_profile, const std::string& heap_profile,
                                       const std::function<int()>& run);

}  // namespace parley::daemon
