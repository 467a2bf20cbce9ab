#pragma once
#include <filesystem>

#include "common/wal/file_system.hpp"
#include "logger/tools/console.hpp"

namespace parley::logger::tools {

/// Reads every byte of an archive that means something, and prints what there is. `corrupt`, with file, offset and
/// entry, is the first fault.
[[nodiscard]] Result<Answer> verify(wal::FileSystem& files, const std::filesystem::path& folder,
                                    const Console& console);

}  // namespace parley::logger::tools
