#pragma once
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/app/command.hpp"
#include "common/base/fairness_limits.hpp"
#include "common/raft/io.hpp"
#include "node/admission.hpp"
#include "node/asker.hpp"
#include "node/lanes.hpp"

namespace parley::node {

/// The commands that clients wait for at this node. A command is answered when it is applied here, whichever way it
/// came into the log; so it may be proposed again whenever the leader changes: sessions make it take effect once
/// (DESIGN section 8).
///
/// Connections take turns. Those with little to do (limits::light_requests) go first; of the others' commands no more
/// are on their way at a time than limits::proposed_commands, and fewer while a light one is at work, so that a flood
/// waits here and not in front of everybody.
///
/// Invariants: a command is here at most once, whoever waits for it; it is refused only if none of its proposals can
/// have been taken.
class PendingWrites {
 public:
  /// `first_proposal` must not have been used by an earlier life of this replica: draw it at random.
  PendingWrites(Admission& admission, std::uint64_t first_proposal)
      : admission_(admission), next_proposal_(first_proposal) {}

  /// By the monotonic clock; to be called before what happens at that time.
  void set_now(std::uint64_t now_us) { now_us_ = now_us; }
  /// Takes a command in. A duplicate of one that is waiting joins it. Nothing returned means that the answer comes
  /// later.
  [[nodiscard]] std::optional<wire::ErrorReply> add(Asker asker, const app::CommandId& id, SharedBytes command,
                                                    std::uint64_t deadline_us);
  /// A light connection asks for something: for limits::light_memory_us the others leave it more room.
  void light_is_at_work() { light_until_us_ = now_us_ + limits::light_memory_us; }
  /// The next batch to propose, at most limits::append_bytes of commands but at least one; nothing while no leader is
  /// known, or as many are on their way as may be.
  [[nodiscard]] std::optional<raft::Propose> take_proposal();
  /// Somebody else leads, or nobody: what was proposed may be lost.
  void leader_changed(bool is_known);
  /// Whether there is a leader to ask; for the owner to put right from time to time what a refusal has made of it.
  void set_leader_known(bool is_known) { leader_known_ = is_known; }
  void refused(const raft::ProposalRefused& refused, Answers& answers);
  /// True if somebody here waits for it. The caller encodes the reply only then.
  [[nodiscard]] bool is_waiting(const app::CommandId& id) const { return pending_.contains(id); }
  /// `is_expired`: it had no session any more. After it was proposed more than once that says nothing of the first
  /// time, and is answered `timeout`.
  void applied(const app::CommandId& id, const wire::AppReply& reply, bool is_expired, Answers& answers);
  /// Answers `timeout` to those whose deadline has passed, or `no_leader` if their command never left this node. What
  /// was refused since the last call, and may have been taken before that, is to be proposed again.
  void expire(std::uint64_t now_us, Answers& answers);

 private:
  struct Waiter {
    Asker asker;
    std::uint64_t deadline_us;
  };
  struct Pending {
    SharedBytes command;
    std::string lane;
    std::vector<Waiter> waiters;
    std::uint32_t proposals = 0;  ///< how often it was proposed without a certain refusal
    bool is_queued = true;
    bool is_counted = false;  ///< in on_their_way_
    bool is_refused = false;  ///< the last time; to be proposed again in a while, since an earlier one is unresolved
  };
  struct IdHash {
    std::size_t operator()(const app::CommandId& id) const {
      return std::hash<std::uint64_t>{}(id.session.value * 0x9e3779b97f4a7c15ULL +
                                        id.seq.value * 0xc2b2ae3d27d4eb4fULL + id.nonce);
    }
  };
  using Map = std::unordered_map<app::CommandId, Pending, IdHash>;

  void answer_all(const Pending& pending, const wire::ReplyBody& body, Answers& answers);
  void queue(const app::CommandId& id, Pending& pending);
  [[nodiscard]] std::size_t most_on_their_way() const;
  void set_counted(Pending& pending, bool is_counted);
  void erase(Map::iterator at);
  void forget_old_proposals();

  Admission& admission_;
  std::uint64_t next_proposal_;
  bool leader_known_ = false;
  Map pending_;
  Lanes lanes_;                   ///< to be proposed; may hold ids that are gone
  std::size_t on_their_way_ = 0;  ///< commands of connections that are not light, proposed lately and not applied
  std::uint64_t light_until_us_ = 0;
  std::uint64_t now_us_ = 0;
  struct Proposed {
    std::vector<app::CommandId> ids;
    std::uint64_t at_us = 0;
  };
  std::unordered_map<std::uint64_t, Proposed> proposed_;
};

}  // namespace parley::node
