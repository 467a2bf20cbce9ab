#pragma once
#include <optional>

#include "common/wal/file_system.hpp"
#include "common/wal/segment.hpp"

/// The seal of a segment: what says, behind its last record, that another segment was begun.
namespace parley::wal {

/// Writes and syncs the seal of a segment whose successor has its name for good. `synced`: the position up to which the
/// stream is synced. A segment of an older version that was filled to its end stays without. Errors as of the file.
[[nodiscard]] Status seal(File& file, const Segment& segment, ServerId server, std::uint64_t synced);

/// The seal, if an intact one stands there.
[[nodiscard]] Result<std::optional<SealRecord>> read_seal(const File& file, const Segment& segment, ServerId server);

/// Writes the seal as seal() does, or the one that stands there once more: a process that died, or whose sync failed,
/// may have left it in the system's cache alone, and later a crash would leave a part of it.
[[nodiscard]] Status seal_again(File& file, const Segment& segment, ServerId server, std::uint64_t synced);

}  // namespace parley::wal
