// Linearizable reads without the log: ReadIndex, thesis 6.4, and leases, 6.4.1.
#include <algorithm>

#include "common/raft/core.hpp"
#include "common/raft/quorum.hpp"

namespace parley::raft {

void Core::on(const ReadIndex& input) {
  if (Leader* leader = as_leader()) {
    const bool knows_commits = commit_ >= leader->term_start;
    if (input.lease && knows_commits && leader->lease.holds(clock_.monotonic_us, options_.lease_us)) {
      output_.reads_ready.push_back({input.id, commit_, true});
    } else if (leader->reads.size() >= options_.pending_reads) {
      output_.reads_refused.push_back({input.id, Refusal::busy});
    } else {
      leader->reads.add({self(), input.id});
    }
  } else if (!this->leader().is_nobody()) {
    send(this->leader(), ReadIndexRequest{input.id});
  } else {
    output_.reads_refused.push_back({input.id, Refusal::no_leader});
  }
}

void Core::handle(const Message& message, const ReadIndexRequest& request) {
  Leader* leader = as_leader();
  if (leader == nullptr || leader->reads.size() >= options_.pending_reads) {
    send(message.from, ReadIndexReply{request.id, false, {}});
    return;
  }
  if (const auto peer = leader->peers.find(message.from); peer != leader->peers.end())
    peer->second.wants_commits = true;
  leader->reads.add({message.from, request.id});
}

void Core::handle(const Message&, const ReadIndexReply& reply) {
  if (reply.ok) {
    output_.reads_ready.push_back({reply.id, reply.index, false});
  } else {
    output_.reads_refused.push_back({reply.id, Refusal::no_leader});
  }
}

/// A leader knows what is committed only once an entry of its own term is; until then reads wait. Then everything that
/// waits is bound to the commit index of this moment and to a round of heartbeats sent from now on.
void Core::begin_reads(Leader& leader) {
  if (!leader.reads.may_begin() || commit_ < leader.term_start) return;
  leader.reads.begin(leader.round + 1, commit_);
  leader.heartbeat_due = true;
}

bool Core::is_round_answered(const Leader& leader, std::uint64_t round) const {
  return is_quorum(membership(), [&](ServerId server) {
    if (server == self()) return true;
    const auto peer = leader.peers.find(server);
    return peer != leader.peers.end() && peer->second.acked_round >= round;
  });
}

void Core::confirm_rounds(Leader& leader) {
  const auto is_answered = [&](std::uint64_t round) { return is_round_answered(leader, round); };
  // Nobody led beside it when it sent the round, so what was committed then is no more than what it knows now.
  if (leader.lease.confirm(is_answered) && commit_ >= leader.term_start)
    output_.fresh = FreshUpTo{commit_, *leader.lease.confirmed_us()};
  if (!leader.reads.is_confirming() || !is_answered(leader.reads.round())) return;
  const Index index = leader.reads.index();
  for (const ReadQueue::Read& read : leader.reads.take_confirmed()) answer_read(read, index);
}

/// The peer's stamp was given before it was heard here; if the last round that confirmed leadership was sent before
/// that, the stamp is set back by as much.
Freshness Core::freshness_for(const Leader& leader, const Progress& progress) const {
  const auto confirmed_us = leader.lease.confirmed_us();
  if (!confirmed_us || commit_ < leader.term_start || progress.stamp_us == 0) return {};
  return {commit_, progress.stamp_us, progress.stamp_heard_us - std::min(progress.stamp_heard_us, *confirmed_us)};
}

void Core::answer_read(const ReadQueue::Read& read, std::optional<Index> index) {
  if (read.from != self()) {
    send(read.from, ReadIndexReply{read.id, index.has_value(), index.value_or(Index{})});
  } else if (index) {
    output_.reads_ready.push_back({read.id, *index, false});
  } else {
    output_.reads_refused.push_back({read.id, Refusal::no_leader});
  }
}

void Core::refuse_reads(Leader& leader) {
  for (const ReadQueue::Read& read : leader.reads.take_all()) answer_read(read, std::nullopt);
}

}  // namespace parley::raft
