#include "common/transfer/range_block.hpp"

#include <limits>

#include "common/base/byte_codec.hpp"
#include "common/base/limits.hpp"

namespace parley::transfer {
namespace {

/// In the byte of the kind: the payload was replaced; and two bits for the effect.
constexpr std::uint8_t reduced_mark = 0x80;
constexpr std::uint8_t effect_shift = 5;
constexpr std::uint8_t effect_mask = 0x60;
constexpr std::uint8_t marks = reduced_mark | effect_mask;
constexpr std::uint8_t last_effect = static_cast<std::uint8_t>(Effect::took);
static_assert(last_entry_kind < 1 << effect_shift);
constexpr std::size_t hash_bytes = sizeof(Digest::bytes);

bool read_entry(ByteReader& in, const SharedBytes& block, RangeEntry& into) {
  Entry& entry = into.entry;
  entry.term = Term{in.number<std::uint64_t>()};
  const auto kind = in.number<std::uint8_t>();
  entry.time.cluster_us = in.number<std::uint64_t>();
  entry.time.wall_us = in.number<std::uint64_t>();
  BytesView payload = in.sized();
  const bool is_reduced = (kind & reduced_mark) != 0;
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
  if (!payload.empty()) entry.payload = block.slice(payload);
  return true;
}

}  // namespace

std::size_t range_entry_bytes(const RangeEntry& entry) {
  return range_entry_header_bytes + (entry.payload_hash ? hash_bytes : 0) + entry.entry.payload.size();
}

void append_range_entry(Bytes& block, const RangeEntry& item) {
  const Entry& entry = item.entry;
  const int effect = static_cast<int>(item.effect) << effect_shift;
  const int kind = static_cast<int>(entry.kind) | effect | (item.payload_hash ? reduced_mark : 0);
  ByteWriter out(block);
  out.number(entry.term.value).number(static_cast<std::uint8_t>(kind));
  out.number(entry.time.cluster_us).number(entry.time.wall_us);
  out.number(static_cast<std::uint32_t>(range_entry_bytes(item) - range_entry_header_bytes));
  if (item.payload_hash) out.raw(item.payload_hash->view());
  out.raw(entry.payload.view());
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
