// Elections: thesis 3.4 and 3.6.1, pre-vote 9.6, disruptive servers 4.2.3, leadership transfer 3.10.
#include <algorithm>

#include "common/base/ensure.hpp"
#include "common/raft/core.hpp"
#include "common/raft/quorum.hpp"

namespace parley::raft {

void Core::on_tick_without_leadership() {
  // Who has no room for entries lets the others go first: it could vote and be elected, but not commit with its own
  // copy.
  if (election_elapsed_ < (room_.for_entries ? 1 : 2) * election_timeout_) return;
  reset_election_timer();
  // A learner, a logger, a removed replica or one that belongs to no cluster never campaigns. One whose removal may not
  // be committed does (thesis 4.2.2): the others may lack entries that only it has, and it does not count itself.
  if (is_removed_ || !memberships_.may_be_voter(self())) {
    if (auto* follower = std::get_if<Follower>(&role_)) follower->leader = nobody;
    return ask_whether_member();
  }
  // A candidate that was not elected asks again whether it could be, instead of raising the term again and again.
  campaign_pre_vote();
}

void Core::reset_election_timer() {
  election_elapsed_ = 0;
  election_timeout_ =
      static_cast<std::uint32_t>(random_.between(options_.election_ticks, 2 * options_.election_ticks - 1));
}

void Core::become_follower(Term new_term, ServerId new_leader) {
  ENSURE_LE(term(), new_term);
  if (Leader* leader = as_leader()) refuse_reads(*leader);
  if (new_term > term()) {
    hard_state_ = {new_term, nobody};
    hard_state_changed_ = true;
  }
  if (!new_leader.is_nobody()) is_removed_ = false;
  const bool was_follower = role() == Role::follower;
  role_ = Follower{new_leader};
  if (!was_follower) reset_election_timer();
}

void Core::campaign_pre_vote() {
  role_ = PreCandidate{};
  for (const Member& member : membership().members) {
    if (member.server == self() || !membership().is_voter(member.server)) continue;
    send_in_term(member.server, term().next(), PreVoteRequest{log_.last(), log_.last_term()});
  }
  count_vote(self(), true);
}

void Core::campaign(bool transfer) {
  hard_state_ = {term().next(), self()};
  hard_state_changed_ = true;
  role_ = Candidate{{}, transfer};
  reset_election_timer();
  // Its own vote is counted when the disk has it: see on(Persisted).
  for (const Member& member : membership().members) {
    if (member.server == self() || !membership().is_voter(member.server)) continue;
    send_promise(member.server, VoteRequest{log_.last(), log_.last_term(), transfer});
  }
}

void Core::count_vote(ServerId from, bool granted) {
  if (auto* pre_candidate = std::get_if<PreCandidate>(&role_)) {
    pre_candidate->votes.emplace(from, granted);
    const Tally tally = tally_votes(membership(), pre_candidate->votes);
    if (tally == Tally::won) campaign(false);
    if (tally == Tally::lost) become_follower(term(), nobody);
  } else if (auto* candidate = std::get_if<Candidate>(&role_)) {
    candidate->votes.emplace(from, granted);
    const Tally tally = tally_votes(membership(), candidate->votes);
    if (tally == Tally::won) become_leader();
    if (tally == Tally::lost) become_follower(term(), nobody);
  }
}

void Core::become_leader() {
  ENSURE(role() == Role::candidate);
  Leader leader(options_.election_ticks);
  leader.clock_base_us = last_time_.cluster_us;
  leader.monotonic_base_us = clock_.monotonic_us;
  leader.term_start = log_.last().next();
  for (Index index = commit_.next(); index <= log_.last(); index = index.next()) {
    leader.uncommitted_bytes += entry_bytes(log_.cached(index));
  }
  role_ = std::move(leader);
  election_elapsed_ = 0;
  sync_progress(*as_leader());
  // Thesis 3.6.2: entries of earlier terms are committed only along with one of its own.
  append_entry(EntryKind::noop, {});
}

/// Whatever it has learned of other terms since: a leader whose heartbeat it answered may count on that (thesis 6.4.1).
bool Core::is_heard_from_leader() const {
  return as_leader() != nullptr || ticks_since_leader_ < options_.election_ticks;
}

/// Thesis 4.2.3: a server that hears from a leader takes no part in somebody else's election, and does not even learn
/// its term, unless the leader itself wants the election. (A pre-vote is answered: it changes nothing.)
bool Core::is_disruptive(const Message& message) const {
  const auto* request = std::get_if<VoteRequest>(&message.body);
  return request != nullptr && !request->transfer && message.term > term() && is_heard_from_leader();
}

/// A message from a term that is over. Who leads or campaigns there must learn that: with check-quorum and pre-vote a
/// server with a higher term would otherwise be ignored by a leader that it ignores.
void Core::answer_lower_term(const Message& message) {
  if (std::holds_alternative<AppendRequest>(message.body) || std::holds_alternative<Heartbeat>(message.body)) {
    send(message.from, HeartbeatReply{});
  } else if (std::holds_alternative<PreVoteRequest>(message.body)) {
    send(message.from, PreVoteReply{false});
  } else if (std::holds_alternative<VoteRequest>(message.body)) {
    send(message.from, VoteReply{false});
  } else if (const auto* read = std::get_if<ReadIndexRequest>(&message.body)) {
    send(message.from, ReadIndexReply{read->id, false, {}});
  } else if (const auto* forwarded = std::get_if<ForwardedProposal>(&message.body)) {
    send(message.from, ProposalRefused{forwarded->id, Refusal::no_leader});
  }
}

void Core::handle(const Message& message, const PreVoteRequest& request) {
  const bool granted =
      message.term > term() && !is_heard_from_leader() && log_.is_up_to_date(request.last_index, request.last_term);
  if (granted) {
    send_in_term(message.from, message.term, PreVoteReply{true});
  } else {
    send(message.from, PreVoteReply{false});
  }
}

void Core::handle(const Message& message, const PreVoteReply& reply) {
  // A granted one names the term that was asked about; one from an earlier attempt names another.
  if (role() != Role::pre_candidate || (reply.granted && message.term != term().next())) return;
  count_vote(message.from, reply.granted);
}

void Core::handle(const Message& message, const VoteRequest& request) {
  const bool is_bound = !leader().is_nobody() || (is_heard_from_leader() && !request.transfer);
  const bool has_not_voted = hard_state_.vote.is_nobody() && !is_bound;
  const bool may_vote = hard_state_.vote == message.from || has_not_voted;
  const bool granted = may_vote && log_.is_up_to_date(request.last_index, request.last_term);
  if (granted) {
    hard_state_changed_ = hard_state_changed_ || hard_state_.vote != message.from;
    hard_state_.vote = message.from;
    // A vote that was given is a reason to wait for its outcome (thesis 3.4).
    become_follower(term(), nobody);
    reset_election_timer();
  }
  send_promise(message.from, VoteReply{granted});
}

void Core::handle(const Message& message, const VoteReply& reply) {
  if (role() == Role::candidate) count_vote(message.from, reply.granted);
}

void Core::handle(const Message& message, const TimeoutNow&) {
  const auto* follower = std::get_if<Follower>(&role_);
  if (follower == nullptr || follower->leader != message.from || !membership().is_voter(self())) return;
  campaign(true);
}

/// A replica that was down or cut off when it was removed hears of it from nobody: leaders no longer speak to it.
void Core::ask_whether_member() {
  if (is_removed_ || cluster_.is_nil()) return;
  for (const Member& member : membership().members) {
    if (member.server != self()) send(member.server, MembershipQuestion{});
  }
}

/// Only what is committed, since the removal may be taken back before.
void Core::tell_if_removed(ServerId server) {
  const MembershipAt& known = memberships_.committed();
  if (!known.membership.members.empty() && known.membership.find(server) == nullptr)
    send(server, NotMember{known.index});
}

/// Certain, if it is later than all that this replica knows to be committed: it was a member there. If it has been
/// taken in again since, the leader speaks to it. Until then it asks for no votes, which could not count, and whoever
/// owns it is told.
void Core::handle(const Message&, const NotMember& told) {
  const MembershipAt& known = memberships_.committed();
  const bool is_news = told.committed > known.index && known.membership.find(self()) != nullptr;
  if (!is_news || is_removed_ || !leader().is_nobody()) return;
  become_follower(term(), nobody);
  is_removed_ = true;
  output_.removed = told.committed;
}

}  // namespace parley::raft
