#pragma once
#include "common/transfer/range.hpp"
#include "node/state_machine.hpp"

namespace parley::node {

/// Says of the entries that this machine has applied whether they took effect, as far as that is still known.
void mark_effects(const StateMachine& machine, transfer::EntryRun& run);

}  // namespace parley::node
