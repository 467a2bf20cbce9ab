#include "common/archive/manifest.hpp"

#include <algorithm>

namespace parley::archive {
namespace {

constexpr std::uint64_t manifest_magic = 0x3143524159454C50;  // "PLEYARC1" on disk
constexpr std::uint32_t format_version = 1;
constexpr std::uint32_t reduced_flag = 1;
constexpr std::size_t sum_end = 16;  // magic and checksum; the checksum covers what follows

BytesView view(const ClusterId& id) { return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}; }

void write(ByteWriter& out, const SealedSegment& segment) {
  out.number(segment.sequence)
      .number(segment.server.value)
      .number(segment.bytes)
      .number(segment.end)
      .number(segment.payload_bytes);
  write_start(out, segment.before);
  write_start(out, segment.last);
  out.number(segment.reduced ? reduced_flag : std::uint32_t{0}).number(std::uint32_t{0});
}

SealedSegment read_segment(ByteReader& in) {
  SealedSegment segment;
  segment.sequence = in.number<std::uint64_t>();
  segment.server.value = in.number<std::uint64_t>();
  segment.bytes = in.number<std::uint64_t>();
  segment.end = in.number<std::uint64_t>();
  segment.payload_bytes = in.number<std::uint64_t>();
  segment.before = read_start(in);
  segment.last = read_start(in);
  segment.reduced = in.number<std::uint32_t>() == reduced_flag;
  in.number<std::uint32_t>();
  return segment;
}

bool is_sound(const SealedSegment& segment) {
  const bool has_size = segment.end <= segment.bytes && segment.bytes <= limits::max_segment_bytes;
  const bool is_empty = segment.before.index == segment.last.index;
  return has_size && segment.before.index <= segment.last.index && segment.before.term <= segment.last.term &&
         (!is_empty || goes_on(segment.before, segment.last));
}

/// Segments and gaps make one chain, and images are in order.
bool is_sound(const Manifest& manifest) {
  wal::Start end = manifest.begin;
  auto gap = manifest.gaps.begin();
  const auto pass_gap = [&] {
    if (gap == manifest.gaps.end() || gap->from != end.index.next() || gap->after.index < gap->from) return;
    end = gap->after;
    ++gap;
  };
  std::uint64_t sequence = manifest.begin_sequence;
  for (const SealedSegment& segment : manifest.segments) {
    if (segment.before.index > end.index) pass_gap();
    if (segment.sequence != sequence++ || !is_sound(segment) || !goes_on(end, segment.before)) return false;
    end = segment.last;
  }
  pass_gap();
  const auto not_below = [](const ArchivedImage& left, const ArchivedImage& right) {
    return left.index >= right.index;
  };
  return gap == manifest.gaps.end() && manifest.begin_sequence > 0 &&
         std::ranges::adjacent_find(manifest.images, not_below) == manifest.images.end();
}

}  // namespace

bool goes_on(const wal::Start& end, const wal::Start& next) {
  if (end.index == Index{0} && next.index == Index{0}) return true;
  return end == next;
}

wal::Start Manifest::end() const {
  const wal::Start sealed = segments.empty() ? begin : segments.back().last;
  return !gaps.empty() && gaps.back().after.index > sealed.index ? gaps.back().after : sealed;
}

const Gap* Manifest::gap_behind(Index index) const {
  const auto gap = std::ranges::lower_bound(gaps, index.next(), {}, &Gap::from);
  return gap != gaps.end() && gap->from == index.next() ? &*gap : nullptr;
}

const Gap* Manifest::gap_with(Index index) const {
  const auto gap = std::ranges::lower_bound(gaps, index, {}, &Gap::to);
  return gap != gaps.end() && gap->from <= index ? &*gap : nullptr;
}

const ArchivedImage* Manifest::image_of(Index index) const {
  const auto image = std::ranges::lower_bound(images, index, {}, &ArchivedImage::index);
  return image != images.end() && image->index == index ? &*image : nullptr;
}

Manifest truncated(Manifest manifest, Index first_kept) {
  const auto goes = [&](const wal::Start& last) { return last.index < first_kept; };
  auto segment = manifest.segments.begin();
  auto gap = manifest.gaps.begin();
  while (true) {
    // A segment without entries stands before the gap that begins at the same place.
    const bool segment_is_next = segment != manifest.segments.end() && segment->before.index == manifest.begin.index;
    const bool gap_is_next = !segment_is_next && gap != manifest.gaps.end() && gap->from == manifest.begin.index.next();
    if (segment_is_next && goes(segment->last)) {
      manifest.begin = segment->last;
      ++segment;
    } else if (gap_is_next && goes(gap->after)) {
      manifest.begin = gap->after;
      ++gap;
    } else {
      break;
    }
  }
  manifest.begin_sequence += static_cast<std::uint64_t>(segment - manifest.segments.begin());
  manifest.segments.erase(manifest.segments.begin(), segment);
  manifest.gaps.erase(manifest.gaps.begin(), gap);
  std::erase_if(manifest.images, [&](const ArchivedImage& image) { return image.index < manifest.begin.index; });
  return manifest;
}

void write_start(ByteWriter& out, const wal::Start& start) {
  out.number(start.index.value)
      .number(start.term.value)
      .raw(start.digest.view())
      .number(start.time.cluster_us)
      .number(start.time.wall_us);
}

wal::Start read_start(ByteReader& in) {
  wal::Start start;
  start.index.value = in.number<std::uint64_t>();
  start.term.value = in.number<std::uint64_t>();
  start.digest = Digest::from_bytes(in.raw(32)).value_or(Digest{});
  start.time.cluster_us = in.number<std::uint64_t>();
  start.time.wall_us = in.number<std::uint64_t>();
  return start;
}

Bytes encode_manifest(const Manifest& manifest) {
  Bytes covered;
  ByteWriter out(covered);
  out.number(format_version).number(std::uint32_t{0}).raw(view(manifest.cluster)).number(manifest.begin_sequence);
  write_start(out, manifest.begin);
  out.number(static_cast<std::uint64_t>(manifest.segments.size()))
      .number(static_cast<std::uint64_t>(manifest.gaps.size()))
      .number(static_cast<std::uint64_t>(manifest.images.size()));
  ENSURE_EQ(covered.size() + sum_end, manifest_fixed_bytes);
  for (const SealedSegment& segment : manifest.segments) write(out, segment);
  for (const Gap& gap : manifest.gaps) {
    out.number(gap.from.value);
    write_start(out, gap.after);
  }
  for (const ArchivedImage& image : manifest.images)
    out.number(image.index.value).number(image.bytes).raw(image.digest.view());
  Bytes bytes;
  ByteWriter(bytes).number(manifest_magic).number(checksum64(covered)).raw(covered);
  return bytes;
}

std::optional<Manifest> decode_manifest(BytesView bytes) {
  ByteReader in(bytes);
  const auto magic = in.number<std::uint64_t>();
  const auto sum = in.number<std::uint64_t>();
  if (!in.ok() || magic != manifest_magic || checksum64(bytes.substr(sum_end)) != sum) return std::nullopt;
  if (in.number<std::uint32_t>() != format_version) return std::nullopt;
  in.number<std::uint32_t>();
  Manifest manifest;
  const BytesView cluster = in.raw(manifest.cluster.bytes.size());
  std::ranges::copy(cluster, manifest.cluster.bytes.begin());
  manifest.begin_sequence = in.number<std::uint64_t>();
  manifest.begin = read_start(in);
  const auto segments = in.number<std::uint64_t>();
  const auto gaps = in.number<std::uint64_t>();
  const auto images = in.number<std::uint64_t>();
  if (segments > limits::archive_segments || gaps > limits::archive_gaps || images > limits::archive_images)
    return std::nullopt;
  if (!in.ok() || in.remaining() != segments * sealed_segment_bytes + gaps * gap_bytes + images * archived_image_bytes)
    return std::nullopt;
  for (std::uint64_t at = 0; at < segments; ++at) manifest.segments.push_back(read_segment(in));
  for (std::uint64_t at = 0; at < gaps; ++at) {
    const Index from{in.number<std::uint64_t>()};
    manifest.gaps.push_back({from, read_start(in)});
  }
  for (std::uint64_t at = 0; at < images; ++at) {
    const Index index{in.number<std::uint64_t>()};
    const auto file_bytes = in.number<std::uint64_t>();
    manifest.images.push_back({index, file_bytes, Digest::from_bytes(in.raw(32)).value_or(Digest{})});
  }
  if (!in.done() || !is_sound(manifest)) return std::nullopt;
  return manifest;
}

}  // namespace parley::archive
