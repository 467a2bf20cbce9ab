#include "node/pending_reads.hpp"

#include <iterator>
#include <utility>

#include "common/base/fairness_limits.hpp"

namespace parley::node {

std::optional<wire::ErrorReply> PendingReads::add(Read read) {
  if (!admission_.enter(read.asker, read.query.size())) return too_busy("too many requests are unanswered");
  (read.by_lease ? gathered_by_lease_ : gathered_).push_back(std::move(read));
  return std::nullopt;
}

std::optional<raft::ReadIndex> PendingReads::take_round() {
  const bool by_lease = gathered_.empty();
  std::vector<Read>& gathered = by_lease ? gathered_by_lease_ : gathered_;
  if (!leader_known_ || gathered.empty()) return std::nullopt;
  const std::uint64_t round = next_round_++;
  under_way_[round].reads = std::exchange(gathered, {});
  return raft::ReadIndex{round, by_lease};
}

void PendingReads::ask_again(std::vector<Read>& reads) {
  for (Read& read : reads) (read.by_lease ? gathered_by_lease_ : gathered_).push_back(std::move(read));
  reads.clear();
}

void PendingReads::leader_changed(bool is_known) {
  leader_known_ = is_known;
  for (auto& [round, under_way] : under_way_) ask_again(under_way.reads);
  under_way_.clear();
}

void PendingReads::ready(const raft::ReadReady& ready) {
  const auto at = under_way_.find(ready.id);
  if (at == under_way_.end()) return;
  confirmed_.emplace(ready.index, std::move(at->second.reads));
  under_way_.erase(at);
}

void PendingReads::refused(const raft::ReadRefused& refused, Answers& answers) {
  const auto at = under_way_.find(refused.id);
  if (at == under_way_.end()) return;
  if (refused.refusal == raft::Refusal::busy) {
    for (Read& read : at->second.reads) {
      admission_.leave(read.asker, read.query.size());
      answers.push_back({std::move(read.asker), too_busy("too many reads wait for confirmation")});
    }
  } else {
    // Asked again when a leader is known, or at the next expire().
    ask_again(at->second.reads);
    leader_known_ = false;
  }
  under_way_.erase(at);
}

std::vector<PendingReads::Read> PendingReads::take_servable(Index applied) {
  std::vector<Read> servable;
  while (!confirmed_.empty() && confirmed_.begin()->first <= applied) {
    for (Read& read : confirmed_.begin()->second) {
      const bool is_light = admission_.is_light(connection_key(read.asker));
      is_light ? servable.push_back(std::move(read)) : servable_.push_back(std::move(read));
    }
    confirmed_.erase(confirmed_.begin());
  }
  for (std::size_t taken = 0; taken < limits::reads_per_round && !servable_.empty(); ++taken) {
    servable.push_back(std::move(servable_.front()));
    servable_.pop_front();
  }
  for (const Read& read : servable) admission_.leave(read.asker, read.query.size());
  return servable;
}

void PendingReads::expire(std::vector<Read>& reads, std::uint64_t now_us, Answers& answers) {
  std::erase_if(reads, [&](const Read& read) {
    if (read.deadline_us > now_us) return false;
    admission_.leave(read.asker, read.query.size());
    answers.push_back({read.asker, wire::ErrorReply{ErrorWord::no_leader, "no leader confirmed the read in time", 0}});
    return true;
  });
}

void PendingReads::expire(std::uint64_t now_us, Answers& answers) {
  expire(gathered_, now_us, answers);
  expire(gathered_by_lease_, now_us, answers);
  for (auto at = under_way_.begin(); at != under_way_.end();) {
    expire(at->second.reads, now_us, answers);
    const bool is_lost = at->second.is_old;
    if (is_lost) ask_again(at->second.reads);
    at->second.is_old = true;
    at = is_lost || at->second.reads.empty() ? under_way_.erase(at) : std::next(at);
  }
  for (auto& [index, reads] : confirmed_) expire(reads, now_us, answers);
}

}  // namespace parley::node
