#pragma once
#include <filesystem>
#include <string>

#include "common/base/result.hpp"

namespace parley::store {

/// An error of the system: `disk_full` or `io`, with what could not be done and why.
[[nodiscard]] Error system_error(int code, const std::string& what);

/// A folder is synced so that a name made or changed in it survives.
[[nodiscard]] Status sync_folder(const std::filesystem::path& folder);

}  // namespace parley::store
