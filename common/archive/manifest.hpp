#pragma once
#include <optional>
#include <vector>

#include "common/base/archive_limits.hpp"
#include "common/transfer/message.hpp"
#include "common/wal/format.hpp"

namespace parley::archive {

/// A segment that the live log retired and that was verified.
struct SealedSegment {
  std::uint64_t sequence = 0;  ///< its number in the live log, and its name
  ServerId server;             ///< whose log; part of every record's checksum
  std::uint64_t bytes = 0;     ///< of the file
  std::uint64_t end = 0;       ///< offset behind its last record
  std::uint64_t payload_bytes = 0;
  wal::Start before;  ///< the entry before its first
  wal::Start last;    ///< its last entry; `before` if it has none
  bool reduced = false;
  friend bool operator==(const SealedSegment&, const SealedSegment&) = default;
};

/// Entries that the archive never got: the logger was so far behind that it took an image of the state instead.
struct Gap {
  Index from;        ///< the first that is missing
  wal::Start after;  ///< the last that is missing: the image is of the state behind it, and the log goes on from there
  [[nodiscard]] Index to() const { return after.index; }
  friend bool operator==(const Gap&, const Gap&) = default;
};

/// A complete image of the state behind the entry `index`.
struct ArchivedImage {
  Index index;
  std::uint64_t bytes = 0;  ///< of the file
  Digest digest;            ///< of all that is in it
  friend bool operator==(const ArchivedImage&, const ArchivedImage&) = default;
};

/// What an archive has, but for the live log. The segments and gaps follow each other without a hole from `begin` on;
/// behind the last of them the live log goes on, with the segment next_sequence().
struct Manifest {
  ClusterId cluster;                 ///< nil while the logger belongs to none
  wal::Start begin;                  ///< the entry before the first: what lies up to here was truncated
  std::uint64_t begin_sequence = 1;  ///< of the first segment that was not truncated
  std::vector<SealedSegment> segments;
  std::vector<Gap> gaps;
  std::vector<ArchivedImage> images;  ///< by index

  [[nodiscard]] std::uint64_t next_sequence() const { return begin_sequence + segments.size(); }
  /// The last entry that the sealed segments have, or that the last gap lacks.
  [[nodiscard]] wal::Start end() const;
  /// The gap that begins behind this entry, if any.
  [[nodiscard]] const Gap* gap_behind(Index index) const;
  /// The gap in which this entry is missing, if any.
  [[nodiscard]] const Gap* gap_with(Index index) const;
  [[nodiscard]] const ArchivedImage* image_of(Index index) const;
  friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// What is left when segments and gaps go of which every entry lies below `first_kept`, from the front, and images that
/// then lie before the begin.
[[nodiscard]] Manifest truncated(Manifest manifest, Index first_kept);

/// The place in the chain behind which an image was taken.
[[nodiscard]] inline wal::Start place_of(const transfer::ImageHead& image) {
  return {image.index, image.term, image.digest, image.time};
}

/// True if the chain can go on at `next` when it ends at `end`. Before the first entry there is no digest to compare:
/// c(0) is made of the cluster, which a logger that has not joined does not know.
[[nodiscard]] bool goes_on(const wal::Start& end, const wal::Start& next);

inline constexpr std::size_t manifest_fixed_bytes = 136;
inline constexpr std::size_t sealed_segment_bytes = 176;
inline constexpr std::size_t gap_bytes = 72;
inline constexpr std::size_t archived_image_bytes = 48;
inline constexpr std::size_t max_manifest_bytes =
    manifest_fixed_bytes + limits::archive_segments * sealed_segment_bytes + limits::archive_gaps * gap_bytes +
    limits::archive_images * archived_image_bytes;

[[nodiscard]] Bytes encode_manifest(const Manifest& manifest);
/// Nothing unless the bytes are a manifest, whole, in which everything follows on what is before it.
[[nodiscard]] std::optional<Manifest> decode_manifest(BytesView bytes);

/// A place in the chain as 64 bytes: index, term, digest, cluster time, wall time.
inline constexpr std::size_t start_bytes = 64;
void write_start(ByteWriter& out, const wal::Start& start);
[[nodiscard]] wal::Start read_start(ByteReader& in);

}  // namespace parley::archive
