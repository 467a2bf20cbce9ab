#pragma once
#include <filesystem>

#include "common/wal/file_system.hpp"
#include "logger/tools/console.hpp"

namespace parley::logger::tools {

/// Compares two archives where both have something: entries, the places behind gaps, and where they begin. The chain of
/// digests makes one place speak for everything before it.
///
/// `yes` if nothing in them contradicts: they are equal as far as both go, and one may go on where the other ends,
/// begin later, or lack what the other has. `no`, with the first entry in which they differ and what each has there; or
/// if they are of different clusters, or have no place in common. An entry that one of them has reduced is still the
/// same.
[[nodiscard]] Result<Answer> diff(wal::FileSystem& files, const std::filesystem::path& left,
                                  const std::filesystem::path& right, const Console& console);

}  // namespace parley::logger::tools
