#pragma once
#include <algorithm>
#include <limits>

#include "common/wal/format.hpp"

namespace parley::wal {

/// A segment of the log in use, as it is known in memory.
struct Segment {
  std::uint64_t sequence = 0;
  std::uint64_t begin = 0;                                  ///< position of the file's first byte
  std::uint64_t bytes = 0;                                  ///< size of the file
  std::uint64_t first_record = 0;                           ///< offset
  std::uint64_t end = 0;                                    ///< position behind its last record
  Start before;                                             ///< as in its header
  Index lowest{std::numeric_limits<std::uint64_t>::max()};  ///< the lowest index of any entry in it

  [[nodiscard]] static Segment from(const SegmentHeader& header) {
    const std::uint64_t offset = header_bytes(header.membership.payload.size());
    return {header.sequence, header.begin, header.segment_bytes, offset, header.begin + offset, header.before};
  }
  [[nodiscard]] std::uint64_t end_offset() const { return end - begin; }
  /// How many bytes of records still fit, behind which the seal has its place.
  [[nodiscard]] std::uint64_t room() const {
    return bytes - std::min<std::uint64_t>(bytes, end_offset() + small_record_bytes);
  }
  [[nodiscard]] Place place(ServerId server) const { return {server, sequence, begin}; }
  void note(const Record& record) {
    if (const auto* entry = std::get_if<EntryRecord>(&record)) lowest = std::min(lowest, entry->index);
  }
};

}  // namespace parley::wal
