#pragma once
#include "common/base/ids.hpp"

namespace parley::raft {

/// What a replica must never forget (thesis 3.3): durable before anything that depends on it leaves the replica.
struct HardState {
  Term term;
  ServerId vote = nobody;  ///< whom it voted for in `term`
  friend bool operator==(const HardState&, const HardState&) = default;
};

}  // namespace parley::raft
