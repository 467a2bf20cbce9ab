#pragma once
#include <map>
#include <optional>

#include "common/raft/membership.hpp"

namespace parley::logger {

/// Who of a cluster's voters has asked that old entries be forgotten, and up to where they agree. Each member counts
/// once, however often it asks, and only with its present incarnation; in a joint configuration both halves must agree.
/// Nothing is kept over a restart: who still wants it asks again.
class Truncation {
 public:
  struct Count {
    std::size_t votes = 0;
    std::size_t voters = 0;
    Index lowest;  ///< of what they asked for
  };

  /// This voter needs no entry below `first_kept`. It never needs less than it has said before.
  void vote(ServerId server, Index first_kept);
  [[nodiscard]] Count count(const raft::Membership& membership) const;
  /// The first entry that is still needed, if more than half of the voters have asked: the lowest that any of them has.
  [[nodiscard]] std::optional<Index> agreed(const raft::Membership& membership) const;
  /// Forgets who is no longer a voter.
  void membership_changed(const raft::Membership& membership);

 private:
  std::map<ServerId, Index> votes_;
};

}  // namespace parley::logger
