#pragma once
#include "common/wal/log.hpp"

namespace parley::wal {

/// One segment, for a person.
struct SegmentReport {
  std::filesystem::path file;
  std::uint64_t begin = 0;  ///< position in the stream
  std::uint64_t bytes = 0;  ///< size of the file
  std::uint64_t used = 0;   ///< bytes of header and records
  Index before;             ///< the last index when it was begun
};

/// What stands in a log's folder.
struct Report {
  Recovered recovered;
  std::vector<SegmentReport> segments;
  std::uint64_t declared_synced = 0;  ///< the position up to which the log itself says that it was synced
};

/// Reads and verifies every record of a log without changing anything; for `inspect` and `verify` on a stopped node.
/// `corrupt` names file, offset and index.
[[nodiscard]] Result<Report> inspect(FileSystem& files, const std::filesystem::path& folder);

}  // namespace parley::wal
