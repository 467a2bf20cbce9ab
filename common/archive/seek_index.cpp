#include "common/archive/seek_index.hpp"

#include <algorithm>

#include "common/base/byte_codec.hpp"

namespace parley::archive {
namespace {

constexpr std::uint64_t index_magic = 0x3158444959454C50;  // "PLEYIDX1" on disk
constexpr std::uint32_t format_version = 1;
constexpr std::size_t sum_end = 16;  // magic and checksum; the checksum covers what follows

}  // namespace

void SeekIndex::note(Index index, std::uint64_t offset) {
  if (marks.empty() || offset - marks.back().offset >= limits::mark_bytes) marks.push_back({index, offset});
}

std::optional<SeekIndex::Mark> SeekIndex::mark_before(Index index) const {
  const auto above = std::ranges::upper_bound(marks, index, {}, &Mark::index);
  return above == marks.begin() ? std::nullopt : std::optional<Mark>(*std::prev(above));
}

Bytes encode_seek_index(const SeekIndex& index) {
  ENSURE_LE(index.marks.size(), max_seek_marks);
  Bytes covered;
  ByteWriter out(covered);
  out.number(format_version)
      .number(static_cast<std::uint32_t>(index.marks.size()))
      .number(index.sequence)
      .number(index.end)
      .raw(index.digest.view());
  ENSURE_EQ(covered.size() + sum_end, seek_index_fixed_bytes);
  for (const SeekIndex::Mark& mark : index.marks) out.number(mark.index.value).number(mark.offset);
  Bytes bytes;
  ByteWriter(bytes).number(index_magic).number(checksum64(covered)).raw(covered);
  return bytes;
}

std::optional<SeekIndex> decode_seek_index(BytesView bytes) {
  ByteReader in(bytes);
  const auto magic = in.number<std::uint64_t>();
  const auto sum = in.number<std::uint64_t>();
  if (!in.ok() || magic != index_magic || checksum64(bytes.substr(sum_end)) != sum) return std::nullopt;
  if (in.number<std::uint32_t>() != format_version) return std::nullopt;
  const auto count = in.number<std::uint32_t>();
  SeekIndex index;
  index.sequence = in.number<std::uint64_t>();
  index.end = in.number<std::uint64_t>();
  index.digest = Digest::from_bytes(in.raw(32)).value_or(Digest{});
  if (!in.ok() || count > max_seek_marks || in.remaining() != count * seek_mark_bytes) return std::nullopt;
  for (std::uint32_t at = 0; at < count; ++at) {
    const Index entry{in.number<std::uint64_t>()};
    index.marks.push_back({entry, in.number<std::uint64_t>()});
  }
  const auto not_behind = [](const SeekIndex::Mark& left, const SeekIndex::Mark& right) {
    return left.index >= right.index || left.offset >= right.offset;
  };
  if (std::ranges::adjacent_find(index.marks, not_behind) != index.marks.end()) return std::nullopt;
  if (!index.marks.empty() && index.marks.back().offset >= index.end) return std::nullopt;
  return index;
}

}  // namespace parley::archive
