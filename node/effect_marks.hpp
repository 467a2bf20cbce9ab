#pragma once
#include "common/transfer/range.hpp"
#include "node/state_machine.hpp"

namespace parley::node {

/// Says of the entries that this machine has applied whether they took effect and what they changed beyond what they say,
/// as far as that is still known. Leaves out the last of them where it would be more than a chunk together: they are read
/// again for the next one.
void mark_effects(const StateMachine& machine, transfer::EntryRun& run);

}  // namespace parley::node
