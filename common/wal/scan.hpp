#pragma once
#include <optional>

#include "common/wal/folder.hpp"
#include "common/wal/log_state.hpp"
#include "common/wal/segment.hpp"

namespace parley::wal {

/// The end of a stream that was being written when the machine stopped: bytes that were never declared synced.
struct Tail {
  std::uint64_t sequence = 0;                  ///< the segment in which it begins
  std::uint64_t offset = 0;                    ///< where the first bad record stands
  std::uint64_t bytes = 0;                     ///< up to the last byte of that segment that is not zero
  std::vector<std::uint64_t> segments_behind;  ///< they are part of it (only ever in a log written without syncs)
};

/// What a log's folder turns out to hold.
struct Scan {
  LogState state;
  std::vector<Segment> segments;             ///< those in use, at least one
  std::vector<std::uint64_t> void_segments;  ///< from before a restart of the log; to be removed
  std::optional<Segment> before_restart;  ///< the last of these, if the log was begun anew behind it and it is intact
  std::optional<Tail> torn;
};

/// Reads and verifies every record of the log: checksums, the sequence of segments, the chain of digests. Changes
/// nothing. `corrupt` names file, offset and the index of the entry that should stand there.
[[nodiscard]] Result<Scan> scan(FileSystem& files, const std::filesystem::path& folder, const Folder& found);

}  // namespace parley::wal
