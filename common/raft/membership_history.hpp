#pragma once
#include <vector>

#include "common/raft/options.hpp"

namespace parley::raft {

/// Which configuration is in force: always the last one in the log, committed or not (thesis 4.1). It keeps the earlier
/// ones as long as the later could be truncated.
class MembershipHistory {
 public:
  MembershipHistory() : history_{{Index{}, Membership{}}} {}
  /// In order of index; empty means no membership at all.
  explicit MembershipHistory(std::vector<MembershipAt> history);

  [[nodiscard]] const Membership& current() const { return history_.back().membership; }
  /// The entry that put current() in force; 0 if none did.
  [[nodiscard]] Index current_index() const { return history_.back().index; }

  /// The last one that is known to be committed.
  [[nodiscard]] const MembershipAt& committed() const { return history_.front(); }

  /// True if it votes in current() or in one that may come back into force.
  [[nodiscard]] bool may_be_voter(ServerId server) const;

  void append(Index index, Membership membership);
  /// Rolls back what an entry at `from` or behind it had put in force; true if anything was.
  bool truncate_from(Index from);
  /// Forgets what can no longer come back into force.
  void committed(Index index);

 private:
  std::vector<MembershipAt> history_;
};

}  // namespace parley::raft
