#pragma once
#include <optional>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"
#include "common/base/limits.hpp"

namespace parley::archive {

/// Where some entries of a sealed segment stand: the first, and from there on one in about every
/// limits::mark_bytes. To find an entry one reads on from the last mark that is not above it.
struct SeekIndex {
  struct Mark {
    Index index;
    std::uint64_t offset = 0;
    friend bool operator==(const Mark&, const Mark&) = default;
  };

  std::uint64_t sequence = 0;
  std::uint64_t end = 0;  ///< offset behind the last record of the segment
  Digest digest;          ///< of the chain at its end: together they tell an index of this segment as it is now
  std::vector<Mark> marks;

  /// To be called with every entry of the segment, in order.
  void note(Index index, std::uint64_t offset);
  /// Where to read on from to find this entry; nothing if it lies before the first mark.
  [[nodiscard]] std::optional<Mark> mark_before(Index index) const;
  friend bool operator==(const SeekIndex&, const SeekIndex&) = default;
};

inline constexpr std::size_t seek_index_fixed_bytes = 72;
inline constexpr std::size_t seek_mark_bytes = 16;
inline constexpr std::size_t max_seek_marks = limits::max_segment_bytes / limits::mark_bytes + 1;
inline constexpr std::size_t max_seek_index_bytes = seek_index_fixed_bytes + max_seek_marks * seek_mark_bytes;

[[nodiscard]] Bytes encode_seek_index(const SeekIndex& index);
/// Nothing unless the bytes are a seek index, whole, with marks in order.
[[nodiscard]] std::optional<SeekIndex> decode_seek_index(BytesView bytes);

}  // namespace parley::archive
