#include "node/effect_marks.hpp"

#include "common/base/range_limits.hpp"

namespace parley::node {
namespace {

/// Whether they took effect.
void mark(const StateMachine& machine, std::vector<transfer::RangeEntry>& entries) {
  std::optional<std::uint64_t> number;  // of the block that is at hand
  std::optional<app::EffectBlock> block;
  for (transfer::RangeEntry& item : entries) {
    const Index index = item.entry.index;
    if (index > machine.applied()) return;
    if (const std::uint64_t wanted = index.value / app::effect_block_entries; wanted != number) {
      number = wanted;
      block = machine.effects(wanted);
    }
    if (!block || index < machine.meta().details_from) continue;
    const std::uint64_t at = index.value % app::effect_block_entries;
    const bool took_effect = ((*block)[at / 8] >> at % 8 & 1) != 0;
    item.effect = took_effect ? transfer::Effect::took : transfer::Effect::none;
  }
}

/// What they changed beyond what they say; but no more of it than fits a chunk, and one more.
void add_details(const StateMachine& machine, std::vector<transfer::RangeEntry>& entries) {
  const Index first = entries.front().entry.index;
  std::size_t bytes = 0;
  machine.visit_details(first, [&](Index index, BytesView detail) {
    if (index > entries.back().entry.index) return false;
    entries[(index - first).value].detail = SharedBytes(Bytes(detail));
    bytes += detail.size();
    return bytes <= limits::range_chunk_bytes;
  });
}

}  // namespace

void mark_effects(const StateMachine& machine, transfer::EntryRun& run) {
  if (run.entries.empty()) return;
  mark(machine, run.entries);
  add_details(machine, run.entries);
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < run.entries.size(); ++i) {
    bytes += entry_bytes(run.entries[i].entry) + run.entries[i].detail.size();
    if (i > 0 && bytes > limits::range_chunk_bytes) return run.entries.resize(i);
  }
}

}  // namespace parley::node
