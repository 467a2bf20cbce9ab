#include "common/transfer/range_block.hpp"

#include <limits>

#include "common/base/byte_codec.hpp"
#include "common/base/key_value_limits.hpp"

namespace parley::transfer {
namespace {

/// In the byte of the kind: the payload was replaced; there is a detail; and two bits for the effect.
constexpr std::uint8_t reduced_mark = 0x80;
constexpr std::uint8_t detail_mark = 0x10;
constexpr std::uint8_t effect_shift = 5;
constexpr std::uint8_t effect_mask = 0x60;
constexpr std::uint8_t marks = reduced_mark | effect_mask | detail_mark;
constexpr std::uint8_t last_effect = static_cast<std::uint8_t>(Effect::took);
static_assert(last_entry_kind < detail_mark);
constexpr std::size_t hash_bytes = sizeof(Digest::bytes);

std::size_t payload_bytes(const RangeEntry& item) {
  return (item.payload_hash ? hash_bytes : 0) + item.entry.payload.size();
}

bool read_entry(ByteReader& in, const SharedBytes& block, RangeEntry& into) {
  Entry& entry = into.entry;
  entry.term = Term{in.number<std::uint64_t>()};
  const auto kind = in.number<std::uint8_t>();
  entry.time.cluster_us = in.number<std::uint64_t>();
  entry.time.wall_us = in.number<std::uint64_t>();
  BytesView payload = in.sized();
  const bool is_reduced = (kind & reduced_mark) != 0;
  const bool has_detail = (kind & detail_mark) != 0;
  const BytesView detail = has_detail ? in.sized() : BytesView();
  const int effect = (kind & effect_mask) >> effect_shift;
  if (!in.ok() || (kind & ~marks) > last_entry_kind || effect > last_effect) return false;
  entry.kind = static_cast<EntryKind>(kind & ~marks);
  into.effect = static_cast<Effect>(effect);
  if (is_reduced) {
    if (payload.size() < hash_bytes) return false;
    into.payload_hash = Digest::from_bytes(payload.substr(0, hash_bytes));
    payload.remove_prefix(hash_bytes);
  }
  if (payload.size() > limits::command_bytes) return false;
  // There is one way to write that there is none.
  if (has_detail && (detail.empty() || detail.size() > limits::effect_detail_bytes)) return false;
  if (!payload.empty()) entry.payload = block.slice(payload);
  if (has_detail) into.detail = block.slice(detail);
  return true;
}

}  // namespace

std::size_t range_entry_bytes(const RangeEntry& entry) {
  const std::size_t detail_bytes = entry.detail.empty() ? 0 : sizeof(std::uint32_t) + entry.detail.size();
  return range_entry_header_bytes + payload_bytes(entry) + detail_bytes;
}

void append_range_entry(Bytes& block, const RangeEntry& item) {
  const Entry& entry = item.entry;
  const int effect = static_cast<int>(item.effect) << effect_shift;
  const int kind = static_cast<int>(entry.kind) | effect | (item.payload_hash ? reduced_mark : 0) |
                   (item.detail.empty() ? 0 : detail_mark);
  ByteWriter out(block);
  out.number(entry.term.value).number(static_cast<std::uint8_t>(kind));
  out.number(entry.time.cluster_us).number(entry.time.wall_us);
  out.number(static_cast<std::uint32_t>(payload_bytes(item)));
  if (item.payload_hash) out.raw(item.payload_hash->view());
  out.raw(entry.payload.view());
  if (!item.detail.empty()) out.sized(item.detail.view());
}

std::optional<std::vector<RangeEntry>> read_range_block(const SharedBytes& block, std::size_t count, Index first) {
  if (count == 0 || count > block.size() / range_entry_header_bytes) return std::nullopt;
  if (first.value == 0 || first.value > std::numeric_limits<std::uint64_t>::max() - count) return std::nullopt;
  std::vector<RangeEntry> entries(count);
  ByteReader in(block.view());
  Index index = first;
  for (RangeEntry& item : entries) {
    item.entry.index = index;
    index = index.next();
    if (!read_entry(in, block, item)) return std::nullopt;
  }
  if (!in.done()) return std::nullopt;
  return entries;
}

std::uint64_t chunk_checksum(const EntryChunk& chunk) {
  Bytes all;
  ByteWriter out(all);
  out.number(chunk.first.value).raw(chunk.before.view()).raw(chunk.after.view());
  out.number(static_cast<std::uint8_t>(chunk.is_last ? 1 : 0)).number(chunk.count);
  out.number(checksum64(chunk.block.view()));
  return checksum64(all);
}

}  // namespace parley::transfer
