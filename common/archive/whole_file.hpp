#pragma once
#include "common/wal/file_system.hpp"

namespace parley::archive {

/// All bytes of a small file. `corrupt` if it has more than `most`.
[[nodiscard]] Result<Bytes> read_whole(wal::FileSystem& files, const std::filesystem::path& file, std::size_t most);

/// Puts a file in the place of another, or where none was: written beside it, synced, renamed, the folder synced. A
/// crash leaves the one or the other, whole; so does a failure, and then nothing is left of the new one.
[[nodiscard]] Status replace_file(wal::FileSystem& files, const std::filesystem::path& file, BytesView bytes);

/// True if a file of that name is there.
[[nodiscard]] Result<bool> is_there(wal::FileSystem& files, const std::filesystem::path& file);

}  // namespace parley::archive
