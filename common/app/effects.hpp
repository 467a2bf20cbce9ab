#pragma once
#include <array>
#include <optional>

#include "common/app/meta.hpp"
#include "common/app/table.hpp"

/// Which entries took effect: commands that were carried out, for the first time, and not refused. The log alone does
/// not tell, and whoever watches what changes must know. One bit an entry is kept for the last million entries: in the
/// meta row for the block that is not full, in a row of its own for each that is. They follow from the replies, so the
/// digest of the state need not cover them.
namespace parley::app {

/// Entries of a block: index i is bit i mod 4096 of block i / 4096, the lowest bit of a byte first. Part of the format.
inline constexpr std::uint64_t effect_block_entries = 4096;
inline constexpr std::size_t effect_block_bytes = effect_block_entries / 8;
/// Full blocks that are kept; beyond them the oldest goes.
inline constexpr std::uint64_t effect_blocks = 256;

/// The bits of one block, as far as they are known; those of entries to come are 0.
using EffectBlock = std::array<std::uint8_t, effect_block_bytes>;

[[nodiscard]] RowKey effects_key(std::uint64_t block);

/// The entry meta.applied has been applied. To be called once for each, in order.
void note_effect(Table& table, Meta& meta, bool took_effect);

/// The block with meta.applied, or an earlier one; nothing if it is no longer kept, or was never known.
[[nodiscard]] std::optional<EffectBlock> effects_of(const Table& table, const Meta& meta, std::uint64_t block);

}  // namespace parley::app
