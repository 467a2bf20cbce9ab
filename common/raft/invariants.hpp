#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/raft/core.hpp"

/// What must be true of cores, each under one English sentence, for tests and simulations: of one core at any moment,
/// of two moments in one life of a core, and of all cores of a cluster together and over time. Nothing here aborts;
/// every function returns the sentences that are broken, each with whom it concerns, so that a simulation can report
/// its seed first. Pure functions of what they are given; not thread-safe.
namespace parley::raft {

using BrokenSentences = std::vector<std::string>;

/// What is remembered of a core in order to compare it with its later self. Cheap: no entry is copied.
struct CoreMemory {
  ServerId self;
  HardState hard_state;
  Role role = Role::follower;
  Index last;
  Term last_term;
  Digest last_digest;
  Index start;
  Index commit;
  std::optional<Digest> commit_digest;  ///< nothing when that entry is no longer in memory
  Index handed_over;
  Index applied;
  Index stable;
  Term stable_term;
  Term durable_term;
  std::uint64_t round = 0;          ///< of a leader
  std::map<ServerId, Index> match;  ///< of a leader's peers
};
[[nodiscard]] CoreMemory remember(const Core& core);

/// The digest of the log up to `index` as the core has it in memory; nothing if it is elsewhere.
[[nodiscard]] std::optional<Digest> digest_at(const Core& core, Index index);

/// Of one core, between any two calls.
[[nodiscard]] BrokenSentences broken_in(const Core& core);

/// Of one core and what it was earlier in the same life, any number of steps ago.
[[nodiscard]] BrokenSentences broken_between(const CoreMemory& before, const Core& after);

/// Of all cores that live at the same moment; those of different clusters, or of none yet, have nothing to do with each
/// other. If only one has changed since the last time, `changed` says which, and only what concerns it is looked at.
[[nodiscard]] BrokenSentences broken_across(std::span<const Core* const> cores, const Core* changed = nullptr);

/// What a cluster may never take back, from its first moment on and over every restart. Its memory grows with terms and
/// committed entries, so it is for runs of bounded length.
class ClusterMemory {
 public:
  /// To be called whenever a core has changed; compares it with everything seen before.
  [[nodiscard]] BrokenSentences observe(const Core& core);
  /// To be called for every message when it leaves its sender for good: what was said is a promise.
  [[nodiscard]] BrokenSentences observe_sent(const Message& message);
  /// The highest index that any core has known to be committed.
  [[nodiscard]] Index committed() const;

 private:
  std::map<Term, ServerId> leaders_;
  std::map<Index, Digest> committed_;
  std::map<ServerId, Index> compared_;  ///< up to where a core's committed entries were compared
  std::map<std::pair<ServerId, Term>, ServerId> votes_;
  std::map<Term, ServerId> appenders_;
};

}  // namespace parley::raft
