#pragma once
#include "common/wal/file_system.hpp"
#include "common/wal/segment.hpp"

/// The seal of a segment: what says, behind its last record, that another segment was begun.
namespace parley::wal {

/// Writes and syncs the seal of a segment whose successor has its name for good. `synced`: the position up to which the
/// stream is synced. A segment of an older version that was filled to its end stays without. Errors as of the file.
[[nodiscard]] Status seal(File& file, const Segment& segment, ServerId server, std::uint64_t synced);

/// True if the seal stands there, or has no place.
[[nodiscard]] Result<bool> is_sealed(const File& file, const Segment& segment, ServerId server);

}  // namespace parley::wal
