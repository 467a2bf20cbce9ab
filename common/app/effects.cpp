#include "common/app/effects.hpp"

#include <algorithm>

namespace parley::app {

RowKey effects_key(std::uint64_t block) { return RowKey(RowSpace::effects).add_number(block, sizeof(block)); }

void note_effect(Table& table, Meta& meta, bool took_effect) {
  const std::uint64_t at = meta.applied.value % effect_block_entries;
  meta.effects.resize(at / 8 + 1, '\0');
  if (took_effect) {
    const auto byte = static_cast<std::uint8_t>(meta.effects.back());
    meta.effects.back() = static_cast<char>(byte | 1U << at % 8);
  }
  if (at + 1 < effect_block_entries) return;
  const std::uint64_t block = meta.applied.value / effect_block_entries;
  table.put(effects_key(block).view(), meta.effects);
  meta.effects.clear();
  if (block >= effect_blocks) table.erase(effects_key(block - effect_blocks).view());
}

std::optional<EffectBlock> effects_of(const Table& table, const Meta& meta, std::uint64_t block) {
  const std::uint64_t last = meta.applied.value / effect_block_entries;
  const bool is_full = meta.applied.value % effect_block_entries + 1 == effect_block_entries;
  std::optional<BytesView> bytes;
  if (block == last && !is_full) {
    bytes = meta.effects;
  } else if (block <= last) {
    bytes = table.get(effects_key(block).view());
  }
  if (!bytes || bytes->size() > effect_block_bytes) return std::nullopt;
  EffectBlock found{};
  std::ranges::copy(*bytes, found.begin());
  return found;
}

}  // namespace parley::app
