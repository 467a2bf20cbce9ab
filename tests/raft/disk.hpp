#pragma once
#include <map>

#include "common/raft/io.hpp"
#include "common/raft/options.hpp"

namespace parley::raft::harness {

/// What one server has on stable storage, kept honestly: only what was written is there after a crash. It refuses
/// (ENSURE) writes that no correct core asks for: a gap, a hard state that goes back, a digest that does not follow.
class Disk {
 public:
  /// Writes and syncs all of it.
  void write(const Persist& persist);
  /// What a core that starts now finds. The tail is as short as the contract allows, so that older entries must be
  /// read.
  [[nodiscard]] Restored restore(Index applied) const;
  /// In order from `from` to `to`, as many as fit, at least one; nothing if the log no longer has `from`.
  [[nodiscard]] std::vector<Entry> read(Index from, Index to, std::size_t max_bytes) const;
  /// Forgets entries up to and including `up_to`, which must be committed.
  void trim(Index up_to);
  /// What an image of the state as of `at`, which is committed, says of the log.
  [[nodiscard]] ImageReceived image_at(Index at) const;
  [[nodiscard]] const LogStart& start() const { return start_; }

  [[nodiscard]] const ClusterId& cluster() const { return cluster_; }
  [[nodiscard]] const HardState& hard_state() const { return hard_state_; }
  [[nodiscard]] Index first() const { return start_.index.next(); }
  [[nodiscard]] Index last() const { return entries_.empty() ? start_.index : entries_.rbegin()->first; }
  [[nodiscard]] const Entry& entry(Index index) const { return entries_.at(index); }

 private:
  ClusterId cluster_;
  HardState hard_state_;
  LogStart start_;
  MembershipAt start_membership_;
  std::map<Index, Entry> entries_;
  Index commit_;
};

}  // namespace parley::raft::harness
