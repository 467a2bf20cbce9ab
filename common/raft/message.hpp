#pragma once
#include <cstdint>
#include <variant>
#include <vector>

#include "common/base/entry.hpp"
#include "common/base/ids.hpp"

namespace parley::raft {

/// Asks whether the receiver would vote for the sender in `Message::term`, the term that it would enter (thesis 9.6).
/// It changes nobody's term and nobody's vote.
struct PreVoteRequest {
  Index last_index;
  Term last_term;
  friend bool operator==(const PreVoteRequest&, const PreVoteRequest&) = default;
};

/// `Message::term` is the term that was asked about if granted, the replier's own if not.
struct PreVoteReply {
  bool granted = false;
  friend bool operator==(const PreVoteReply&, const PreVoteReply&) = default;
};

/// RequestVote (thesis 3.4). `transfer`: the leader asked for this election, so that its own lease does not stand
/// against it (4.2.3).
struct VoteRequest {
  Index last_index;
  Term last_term;
  bool transfer = false;
  friend bool operator==(const VoteRequest&, const VoteRequest&) = default;
};

struct VoteReply {
  bool granted = false;
  friend bool operator==(const VoteReply&, const VoteReply&) = default;
};

/// AppendEntries with entries, or as a probe without (thesis 3.5). Entries follow `previous_index` without a gap. Over
/// the network an entry has no digest: the receiver computes it.
struct AppendRequest {
  Index previous_index;
  Term previous_term;
  Index commit;
  std::vector<Entry> entries;
  friend bool operator==(const AppendRequest&, const AppendRequest&) = default;
};

/// Everything up to `match` is the leader's and on the follower's stable storage. Without room on its disk, the
/// follower has left alone what is behind it.
struct AppendAccepted {
  Index match;
  bool has_room = true;
  friend bool operator==(const AppendAccepted&, const AppendAccepted&) = default;
};

/// The entry at `previous_index` (echoed from the request) is missing or of another term. The replier may share the
/// leader's log up to `hint_index`, where it has `hint_term`; above that it certainly does not.
struct AppendRejected {
  Index previous_index;
  Index hint_index;
  Term hint_term;
  friend bool operator==(const AppendRejected&, const AppendRejected&) = default;
};

/// How fresh a follower is that has applied up to `commit`: everything that was committed when its own clock stood at
/// `stamp_us` (of its last HeartbeatReply that arrived here) less `before_us`. A stamp of 0 says nothing.
struct Freshness {
  Index commit;
  std::uint64_t stamp_us = 0;
  std::uint64_t before_us = 0;
  friend bool operator==(const Freshness&, const Freshness&) = default;
};

/// Keeps followers from campaigning, moves their commit index, and confirms a round of reads (thesis 6.4). `commit` is
/// at most what the receiver has acknowledged.
struct Heartbeat {
  Index commit;
  std::uint64_t round = 0;
  Freshness fresh = {};
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

struct HeartbeatReply {
  std::uint64_t round = 0;
  std::uint64_t stamp_us = 0;  ///< the replier's monotonic clock, for Heartbeat::fresh
  bool has_room = true;        ///< on its disk, for entries
  friend bool operator==(const HeartbeatReply&, const HeartbeatReply&) = default;
};

/// A follower asks the leader for an index that a linearizable read must wait for. `id` is unique in the life of the
/// follower.
struct ReadIndexRequest {
  std::uint64_t id = 0;
  friend bool operator==(const ReadIndexRequest&, const ReadIndexRequest&) = default;
};

/// `ok` is false when the receiver does not lead or has too many waiting; then `index` means nothing.
struct ReadIndexReply {
  std::uint64_t id = 0;
  bool ok = false;
  Index index;
  friend bool operator==(const ReadIndexReply&, const ReadIndexReply&) = default;
};

/// Commands that a follower passes on to the leader. `id` is unique in the life of the follower.
struct ForwardedProposal {
  std::uint64_t id = 0;
  std::vector<SharedBytes> commands;
  friend bool operator==(const ForwardedProposal&, const ForwardedProposal&) = default;
};

/// Why a proposal, read or change was certainly not taken.
enum class Refusal : std::uint8_t {
  no_leader = 0,     ///< this replica does not lead and knows nobody who does
  busy = 1,          ///< a bound of what may be in flight is reached
  not_possible = 2,  ///< a change of membership that makes no sense now: no such member, or another change is under way
  exists = 3,        ///< a member with this name is alive under another incarnation
  too_many = 4,      ///< the cluster has as many members as limits allow
  disk_full = 5,     ///< the leader has no room for further entries
  no_majority = 6,   ///< without this member, no majority of the others would be up: nothing could be decided any more
};
inline constexpr std::uint8_t last_refusal = 6;

/// The leader did not take the forwarded proposal `id`.
struct ProposalRefused {
  std::uint64_t id = 0;
  Refusal refusal = Refusal::no_leader;
  friend bool operator==(const ProposalRefused&, const ProposalRefused&) = default;
};

/// The leader tells the receiver, who is up to date, to campaign at once (thesis 3.10).
struct TimeoutNow {
  friend bool operator==(const TimeoutNow&, const TimeoutNow&) = default;
};

/// By a replica that does not vote and hears no leader: is it still a member? (One that votes asks by its pre-vote.)
struct MembershipQuestion {
  friend bool operator==(const MembershipQuestion&, const MembershipQuestion&) = default;
};

/// The membership at `committed`, which is committed, is without the receiver. Speaks for no term.
struct NotMember {
  Index committed;
  friend bool operator==(const NotMember&, const NotMember&) = default;
};

using MessageBody = std::variant<PreVoteRequest, PreVoteReply, VoteRequest, VoteReply, AppendRequest, AppendAccepted,
                                 AppendRejected, Heartbeat, HeartbeatReply, ReadIndexRequest, ReadIndexReply,
                                 ForwardedProposal, ProposalRefused, TimeoutNow, MembershipQuestion, NotMember>;

/// A message between two replicas. `term` is the sender's, but for pre-votes, where it is the term asked about.
struct Message {
  ServerId from;
  ServerId to;
  Term term;
  MessageBody body;
  friend bool operator==(const Message&, const Message&) = default;
};

}  // namespace parley::raft
