// Linearizable reads without the log: ReadIndex, thesis 6.4.
#include <algorithm>

#include "common/raft/core.hpp"
#include "common/raft/quorum.hpp"

namespace parley::raft {

void Core::on(const ReadIndex& input) {
  if (Leader* leader = as_leader()) {
    if (leader->reads.size() >= options_.pending_reads) {
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
    output_.reads_ready.push_back({reply.id, reply.index});
  } else {
    output_.reads_refused.push_back({reply.id, Refusal::no_leader});
  }
}

/// A leader knows what is committed only once an entry of its own term is; until then reads wait. Then everything that
/// waits is bound to the commit index of this moment and to a round of heartbeats sent from now on.
void Core::begin_reads(Leader& leader) {
  if (!leader.reads.may_begin() || commit_ < leader.term_start) return;
  leader.reads.begin(++leader.round, commit_);
  leader.heartbeat_due = true;
}

void Core::confirm_reads(Leader& leader) {
  if (!leader.reads.is_confirming()) return;
  const bool is_confirmed = is_quorum(membership(), [&](ServerId server) {
    if (server == self()) return true;
    const auto peer = leader.peers.find(server);
    return peer != leader.peers.end() && peer->second.acked_round >= leader.reads.round();
  });
  if (!is_confirmed) return;
  const Index index = leader.reads.index();
  for (const ReadQueue::Read& read : leader.reads.take_confirmed()) answer_read(read, index);
}

void Core::answer_read(const ReadQueue::Read& read, std::optional<Index> index) {
  if (read.from != self()) {
    send(read.from, ReadIndexReply{read.id, index.has_value(), index.value_or(Index{})});
  } else if (index) {
    output_.reads_ready.push_back({read.id, *index});
  } else {
    output_.reads_refused.push_back({read.id, Refusal::no_leader});
  }
}

void Core::refuse_reads(Leader& leader) {
  for (const ReadQueue::Read& read : leader.reads.take_all()) answer_read(read, std::nullopt);
}

}  // namespace parley::raft
