#pragma once
#include <optional>

#include "common/base/byte_codec.hpp"
#include "common/base/limits.hpp"
#include "common/transfer/message.hpp"

/// The bytes of an image file: a head, chunks of rows, and an end that counts and digests them. Pure.
namespace parley::archive {

/// Whose state an image is, and behind which entry.
struct ImageFileHead {
  ClusterId cluster;
  transfer::ImageHead image;
  friend bool operator==(const ImageFileHead&, const ImageFileHead&) = default;
};

/// What stands at the end of a complete image.
struct ImageFileEnd {
  std::uint64_t chunks = 0;
  std::uint64_t rows = 0;
  std::uint64_t row_bytes = 0;  ///< of all chunks
  Digest digest;                ///< see ImageDigest
  friend bool operator==(const ImageFileEnd&, const ImageFileEnd&) = default;
};

inline constexpr std::size_t image_head_fixed_bytes = 112;
inline constexpr std::size_t max_image_head_bytes = image_head_fixed_bytes + limits::membership_bytes;
inline constexpr std::size_t image_part_head_bytes = 24;
inline constexpr std::size_t image_end_bytes = image_part_head_bytes + 56;

[[nodiscard]] Bytes encode_image_head(const ImageFileHead& head);
struct DecodedImageHead {
  ImageFileHead head;
  std::size_t bytes = 0;       ///< that it takes in the file
  std::uint64_t checksum = 0;  ///< which binds the parts behind it to this image
};
/// `bytes`: the first max_image_head_bytes of the file, or all of it. Nothing if no intact head stands there.
[[nodiscard]] std::optional<DecodedImageHead> decode_image_head(BytesView bytes);

/// Where a part stands; in its checksum, so that no part of another image or place is taken for it.
struct ImagePlace {
  std::uint64_t head_checksum = 0;
  std::uint64_t offset = 0;
};

/// What a part of the file is.
enum class ImagePartKind : std::uint32_t { chunk = 1, end = 2 };
struct ImagePart {
  std::uint64_t checksum = 0;
  ImagePartKind kind = ImagePartKind::chunk;
  std::uint32_t bytes = 0;     ///< behind this head
  std::uint64_t sequence = 0;  ///< how many chunks come before
};

void append_image_chunk(Bytes& out, const ImagePlace& place, std::uint64_t sequence, BytesView rows);
void append_image_end(Bytes& out, const ImagePlace& place, const ImageFileEnd& end);

/// The first image_part_head_bytes of a part; nothing if they begin none.
[[nodiscard]] std::optional<ImagePart> decode_image_part(BytesView head);
/// True if the bytes of a part, its head included, match its checksum at that place.
[[nodiscard]] bool is_intact(BytesView part, const ImagePlace& place);
/// The fields of the last part, which must be intact.
[[nodiscard]] std::optional<ImageFileEnd> decode_image_end(BytesView part);

/// The digest of an image: a chain over its head and the rows of its chunks,
/// `d(0) = BLAKE2b(head)`, `d(n) = BLAKE2b(d(n-1) | BLAKE2b(rows of chunk n))`.
class ImageDigest {
 public:
  explicit ImageDigest(BytesView head) : digest_(blake2b(head)) {}
  /// Goes on from there.
  explicit ImageDigest(const Digest& digest) : digest_(digest) {}
  void add(BytesView rows);
  [[nodiscard]] const Digest& value() const { return digest_; }

 private:
  Digest digest_;
};

}  // namespace parley::archive
