#include "tests/sim/raft_judge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <array>

#include "common/raft/quorum.hpp"

namespace parley::sim {
namespace {

/// A pre-vote names a term that nobody has entered, and promises nothing.
bool is_pre_vote(const raft::Message& message) {
  const auto* reply = std::get_if<raft::PreVoteReply>(&message.body);
  return std::holds_alternative<raft::PreVoteRequest>(message.body) || (reply != nullptr && reply->granted);
}

}  // namespace

RaftJudge::Signature RaftJudge::signature_of(const raft::Core& core) {
  Signature signature{
      core.hard_state(),  core.role(),    core.leader(), core.log().last_digest(), core.log().last(),  core.commit(),
      core.handed_over(), core.applied(), core.stable(), core.membership_index(),  core.durable_term()};
  if (const auto* leader = std::get_if<raft::Leader>(&core.role_state())) {
    signature.round = leader->round;
    for (const auto& [server, progress] : leader->peers) {
      signature.peers = signature.peers * 31 + progress.match().value * 7 + progress.next().value;
    }
  }
  return signature;
}

void RaftJudge::report(const raft::BrokenSentences& sentences) {
  for (const std::string& sentence : sentences) findings_.unsafe(sentence);
}

void RaftJudge::began(const raft::Core& core, DurableRecord found) {
  const DurableRecord& before = durable_[core.self()];
  const bool keeps_vote = found.hard_state.term > before.hard_state.term || before.hard_state.vote.is_nobody() ||
                          found.hard_state.vote == before.hard_state.vote;
  findings_.must(found.hard_state.term >= before.hard_state.term && keeps_vote, [&] {
    return fmt::format("server {} forgot what was synced: term {} and vote {}, now {} and {}.", core.self().value,
                       before.hard_state.term.value, before.hard_state.vote.value, found.hard_state.term.value,
                       found.hard_state.vote.value);
  });
  // What was synced may since have been replaced by what was written and not yet synced, but nothing committed may.
  const Index sure = last_committed_in(before);
  findings_.must(sure == Index{} || found.has(sure, before.digests[sure.value - 1]), [&] {
    return fmt::format("server {} lost entries that were synced and committed: it had {}, it has {}.",
                       core.self().value, sure.value, found.last().value);
  });
  const Index commit = core.commit();
  findings_.must(
      commit.value <= committed_.size() && (commit == Index{} || found.has(commit, committed_[commit.value - 1])), [&] {
        return fmt::format("server {} starts and takes {} for committed, but another entry was or none.",
                           core.self().value, commit.value);
      });
  durable_[core.self()] = std::move(found);
  lives_[core.self()] = Life{&core, signature_of(core), raft::remember(core), core.membership(), {}};
  report(raft::broken_in(core));
}

/// Equal digests mean equal logs up to there, so those that are equal come first.
Index RaftJudge::last_committed_in(const DurableRecord& record) const {
  Index index{std::min(record.digests.size(), committed_.size())};
  while (index > Index{} && record.digests[index.value - 1] != committed_[index.value - 1]) index = index.previous();
  return index;
}

void RaftJudge::note_committed(const raft::Core& core) {
  for (Index index{committed_.size() + 1}; index <= core.commit(); index = index.next()) {
    const auto digest = raft::digest_at(core, index);
    findings_.must(digest.has_value(),
                   [&] { return fmt::format("nobody knows entry {} when it is committed.", index.value); });
    committed_.push_back(digest.value_or(Digest{}));
  }
}

void RaftJudge::stepped(ServerId server) {
  Life& life = lives_.at(server);
  const raft::Core& core = *life.core;
  Signature signature = signature_of(core);
  if (signature == life.signature) return;
  life.signature = signature;
  report(raft::broken_in(core));
  report(raft::broken_between(life.memory, core));
  report(memory_.observe(core));
  for (const auto& [other, other_life] : lives_) {
    if (other != server) report(raft::broken_across(std::array{&core, other_life.core}));
  }
  if (core.role() == raft::Role::leader && led_.insert(core.term()).second) ++counters_.elections;
  note_committed(core);
  const raft::Member* member = core.membership().find(server);
  findings_.must(member == nullptr || member->wants_vote || core.log().last() <= committed(), [&] {
    return fmt::format("logger {} has entry {}, which nobody knows to be committed.", server.value,
                       core.log().last().value);
  });
  if (core.role() == raft::Role::leader && core.commit() > life.memory.commit) check_commit(life);
  life.memory = raft::remember(core);
  life.membership = core.membership();
}

/// A leader commits what a majority has on disk, by the configuration in force then: one that is in its log or was when
/// it was last looked at.
void RaftJudge::check_commit(const Life& life) {
  const raft::Core& core = *life.core;
  const bool has_led = life.memory.role == raft::Role::leader && life.memory.hard_state.term == core.term();
  findings_.must(!has_led || core.log().term_at(core.commit()) == core.term(), [&] {
    return fmt::format("leader {} of term {} committed {}, an entry of an earlier term, by counting.",
                       core.self().value, core.term().value, core.commit().value);
  });
  const auto digest = raft::digest_at(core, core.commit());
  if (!digest) return;
  bool is_agreed =
      is_on_quorum(life.membership, core.commit(), *digest) || is_on_quorum(core.membership(), core.commit(), *digest);
  for (Index index = life.memory.commit.next(); !is_agreed && index <= core.log().last(); index = index.next()) {
    if (!core.log().is_cached(index) || core.log().cached(index).kind != EntryKind::membership) continue;
    const auto membership = raft::decode_membership(core.log().cached(index).payload.view());
    is_agreed = membership && is_on_quorum(*membership, core.commit(), *digest);
  }
  findings_.must(is_agreed, [&] {
    return fmt::format("leader {} of term {} committed {}, which no majority has on disk.", core.self().value,
                       core.term().value, core.commit().value);
  });
}

bool RaftJudge::is_on_quorum(const raft::Membership& membership, Index index, const Digest& digest) const {
  return raft::is_quorum(membership, [&](ServerId server) {
    const auto record = durable_.find(server);
    return record != durable_.end() && record->second.has(index, digest);
  });
}

void RaftJudge::sent(const raft::Message& message) {
  report(memory_.observe_sent(message));
  if (is_pre_vote(message)) return;
  const DurableRecord& durable = durable_[message.from];
  const Term on_disk = durable.hard_state.term;
  findings_.must(on_disk >= message.term, [&] {
    return fmt::format("server {} speaks in term {}, but its disk knows {} only.", message.from.value,
                       message.term.value, on_disk.value);
  });
  if (const auto* told = std::get_if<raft::NotMember>(&message.body)) {
    // It may leave in the very round in which its sender has come to know it: then stepped() is still to look at that.
    findings_.must(told->committed <= std::max(committed(), lives_.at(message.from).core->commit()), [&] {
      return fmt::format("server {} says that {} is removed by {}, which is not committed.", message.from.value,
                         message.to.value, told->committed.value);
    });
  }
  // What was promised in a term that is over may since have been replaced.
  if (on_disk > message.term) return;
  if (const auto* accepted = std::get_if<raft::AppendAccepted>(&message.body)) {
    findings_.must(accepted->match <= durable.last(), [&] {
      return fmt::format("server {} acknowledges {}, but its disk has {} only.", message.from.value,
                         accepted->match.value, durable.last().value);
    });
  }
  const auto* vote = std::get_if<raft::VoteReply>(&message.body);
  const bool asks = std::holds_alternative<raft::VoteRequest>(message.body);
  if (!asks && (vote == nullptr || !vote->granted)) return;
  const ServerId candidate = asks ? message.from : message.to;
  findings_.must(durable.hard_state.vote == candidate, [&] {
    return fmt::format("server {} votes for {} in term {}, but that is not on its disk.", message.from.value,
                       candidate.value, message.term.value);
  });
}

void RaftJudge::asked(ServerId server, const raft::Persist& persist) {
  Asked asked{persist.sequence, persist.hard_state, {}, {}, {}};
  if (persist.restart) asked.restart = persist.restart->start;
  if (!persist.entries.empty()) asked.first = persist.entries.front().index;
  for (const Entry& entry : persist.entries) asked.digests.push_back(entry.digest);
  lives_.at(server).asked.push_back(std::move(asked));
}

void RaftJudge::synced(ServerId server, std::uint64_t sequence) {
  std::vector<Asked>& waiting = lives_.at(server).asked;
  const bool is_next = !waiting.empty() && waiting.front().sequence == sequence;
  findings_.must(is_next,
                 [&] { return fmt::format("the disk of {} confirms {} out of turn.", server.value, sequence); });
  if (!is_next) return;
  const Asked done = std::move(waiting.front());
  waiting.erase(waiting.begin());
  DurableRecord& record = durable_[server];
  if (done.restart) {
    record.digests = committed_up_to(done.restart->index);
    findings_.must(record.last() == done.restart->index && record.digests.back() == done.restart->digest, [&] {
      return fmt::format("the image of server {} is as of {}, which nobody committed so.", server.value,
                         done.restart->index.value);
    });
  }
  if (done.hard_state) record.hard_state = *done.hard_state;
  if (done.digests.empty()) return;
  if (done.first <= record.last()) {
    ++counters_.truncations;
    record.digests.resize(done.first.value - 1);
  }
  findings_.must(done.first == record.last().next(), [&] {
    return fmt::format("server {} writes entry {} behind {}.", server.value, done.first.value, record.last().value);
  });
  record.digests.insert(record.digests.end(), done.digests.begin(), done.digests.end());
}

void RaftJudge::hard_state_synced(ServerId server, std::uint64_t sequence) {
  ++counters_.votes_on_full_disks;
  for (Asked& asked : lives_.at(server).asked) {
    if (asked.sequence > sequence) break;
    if (asked.hard_state) durable_[server].hard_state = *std::exchange(asked.hard_state, std::nullopt);
  }
}

std::vector<Digest> RaftJudge::committed_up_to(Index index) const {
  return {committed_.begin(),
          committed_.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(index.value, committed_.size()))};
}

Index RaftJudge::durable(ServerId server) const {
  const auto record = durable_.find(server);
  return record == durable_.end() ? Index{} : record->second.last();
}

}  // namespace parley::sim
