#include "common/archive/image_format.hpp"

#include <algorithm>

namespace parley::archive {
namespace {

constexpr std::uint64_t image_magic = 0x31474D4959454C50;  // "PLEYIMG1" on disk
constexpr std::uint32_t format_version = 1;
constexpr std::size_t head_sum_end = 16;  // magic and checksum; the checksum covers what follows
constexpr std::size_t part_sum_end = 8;

BytesView view(const ClusterId& id) { return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}; }

std::uint64_t part_checksum(BytesView part, const ImagePlace& place) {
  const std::uint64_t numbers[3] = {place.head_checksum, place.offset, checksum64(part.substr(part_sum_end))};
  return checksum64({reinterpret_cast<const char*>(numbers), sizeof numbers});
}

void append_part(Bytes& out, const ImagePlace& place, ImagePartKind kind, std::uint64_t sequence, BytesView body) {
  const std::size_t begin = out.size();
  ByteWriter(out)
      .number(std::uint64_t{0})
      .number(static_cast<std::uint32_t>(kind))
      .number(static_cast<std::uint32_t>(body.size()))
      .number(sequence)
      .raw(body);
  const std::uint64_t sum = part_checksum(BytesView(out).substr(begin), place);
  std::memcpy(out.data() + begin, &sum, sizeof sum);
}

}  // namespace

Bytes encode_image_head(const ImageFileHead& head) {
  const transfer::ImageHead& image = head.image;
  Bytes covered;
  ByteWriter(covered)
      .number(format_version)
      .number(static_cast<std::uint32_t>(image.membership.size()))
      .raw(view(head.cluster))
      .number(image.index.value)
      .number(image.term.value)
      .raw(image.digest.view())
      .number(image.time.cluster_us)
      .number(image.time.wall_us)
      .number(image.membership_index.value);
  ENSURE_EQ(covered.size() + head_sum_end, image_head_fixed_bytes);
  ENSURE_LE(image.membership.size(), limits::membership_bytes);
  covered += image.membership.view();
  Bytes bytes;
  ByteWriter(bytes).number(image_magic).number(checksum64(covered)).raw(covered);
  return bytes;
}

std::optional<DecodedImageHead> decode_image_head(BytesView bytes) {
  ByteReader in(bytes);
  const auto magic = in.number<std::uint64_t>();
  DecodedImageHead decoded;
  decoded.checksum = in.number<std::uint64_t>();
  const auto version = in.number<std::uint32_t>();
  const auto membership_bytes = in.number<std::uint32_t>();
  if (!in.ok() || magic != image_magic || version != format_version) return std::nullopt;
  decoded.bytes = image_head_fixed_bytes + membership_bytes;
  if (membership_bytes > limits::membership_bytes || decoded.bytes > bytes.size()) return std::nullopt;
  if (checksum64(bytes.substr(head_sum_end, decoded.bytes - head_sum_end)) != decoded.checksum) return std::nullopt;
  const BytesView cluster = in.raw(decoded.head.cluster.bytes.size());
  std::ranges::copy(cluster, decoded.head.cluster.bytes.begin());
  transfer::ImageHead& image = decoded.head.image;
  image.index.value = in.number<std::uint64_t>();
  image.term.value = in.number<std::uint64_t>();
  image.digest = Digest::from_bytes(in.raw(32)).value_or(Digest{});
  image.time.cluster_us = in.number<std::uint64_t>();
  image.time.wall_us = in.number<std::uint64_t>();
  image.membership_index.value = in.number<std::uint64_t>();
  image.membership = SharedBytes(Bytes(in.raw(membership_bytes)));
  return in.ok() ? std::optional<DecodedImageHead>(std::move(decoded)) : std::nullopt;
}

void append_image_chunk(Bytes& out, const ImagePlace& place, std::uint64_t sequence, BytesView rows) {
  ENSURE_LE(rows.size(), limits::image_chunk_most_bytes);
  append_part(out, place, ImagePartKind::chunk, sequence, rows);
}

void append_image_end(Bytes& out, const ImagePlace& place, const ImageFileEnd& end) {
  Bytes body;
  ByteWriter(body).number(end.chunks).number(end.rows).number(end.row_bytes).raw(end.digest.view());
  append_part(out, place, ImagePartKind::end, end.chunks, body);
}

std::optional<ImagePart> decode_image_part(BytesView head) {
  ByteReader in(head);
  ImagePart part;
  part.checksum = in.number<std::uint64_t>();
  const auto kind = in.number<std::uint32_t>();
  part.bytes = in.number<std::uint32_t>();
  part.sequence = in.number<std::uint64_t>();
  if (!in.done()) return std::nullopt;
  part.kind = static_cast<ImagePartKind>(kind);
  const bool is_chunk = part.kind == ImagePartKind::chunk && part.bytes <= limits::image_chunk_most_bytes;
  const bool is_end = part.kind == ImagePartKind::end && part.bytes == image_end_bytes - image_part_head_bytes;
  return is_chunk || is_end ? std::optional<ImagePart>(part) : std::nullopt;
}

bool is_intact(BytesView part, const ImagePlace& place) {
  return part.size() >= image_part_head_bytes && ByteReader(part).number<std::uint64_t>() == part_checksum(part, place);
}

std::optional<ImageFileEnd> decode_image_end(BytesView part) {
  if (part.size() != image_end_bytes) return std::nullopt;
  const auto head = decode_image_part(part.substr(0, image_part_head_bytes));
  ByteReader in(part.substr(image_part_head_bytes));
  ImageFileEnd end;
  end.chunks = in.number<std::uint64_t>();
  end.rows = in.number<std::uint64_t>();
  end.row_bytes = in.number<std::uint64_t>();
  end.digest = Digest::from_bytes(in.raw(32)).value_or(Digest{});
  if (!head || head->kind != ImagePartKind::end || head->sequence != end.chunks || !in.done()) return std::nullopt;
  return end;
}

void ImageDigest::add(BytesView rows) {
  Bytes both(digest_.view());
  both += blake2b(rows).view();
  digest_ = blake2b(both);
}

}  // namespace parley::archive
