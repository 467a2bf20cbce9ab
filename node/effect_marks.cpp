#include "node/effect_marks.hpp"

namespace parley::node {

void mark_effects(const StateMachine& machine, transfer::EntryRun& run) {
  std::optional<std::uint64_t> number;  // of the block that is at hand
  std::optional<app::EffectBlock> block;
  for (transfer::RangeEntry& item : run.entries) {
    const Index index = item.entry.index;
    if (index > machine.applied()) return;
    if (const std::uint64_t wanted = index.value / app::effect_block_entries; wanted != number) {
      number = wanted;
      block = machine.effects(wanted);
    }
    if (!block) continue;
    const std::uint64_t at = index.value % app::effect_block_entries;
    const bool took_effect = ((*block)[at / 8] >> at % 8 & 1) != 0;
    item.effect = took_effect ? transfer::Effect::took : transfer::Effect::none;
  }
}

}  // namespace parley::node
