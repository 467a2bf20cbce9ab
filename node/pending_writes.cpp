#include "node/pending_writes.hpp"

#include <utility>

#include "common/base/fairness_limits.hpp"

namespace parley::node {

std::optional<wire::ErrorReply> PendingWrites::add(Asker asker, const app::CommandId& id, SharedBytes command,
                                                   std::uint64_t deadline_us) {
  // Whoever joins counts what he waits for, whatever he sent under its number: that is what he leaves with.
  const auto known = pending_.find(id);
  const std::size_t bytes = known == pending_.end() ? command.size() : known->second.command.size();
  if (!admission_.enter(asker, bytes)) return too_busy("too many requests are unanswered");
  const auto [at, is_new] = pending_.try_emplace(id);
  Pending& pending = at->second;
  if (is_new) {
    pending.command = std::move(command);
    pending.lane = connection_key(asker);
    lanes_.push(pending.lane, id);
  }
  pending.waiters.push_back({std::move(asker), deadline_us});
  return std::nullopt;
}

std::size_t PendingWrites::most_on_their_way() const {
  return now_us_ < light_until_us_ ? limits::proposed_commands_beside_light : limits::proposed_commands;
}

void PendingWrites::set_counted(Pending& pending, bool is_counted) {
  if (std::exchange(pending.is_counted, is_counted) == is_counted) return;
  on_their_way_ += is_counted ? 1 : std::size_t(-1);
}

void PendingWrites::erase(Map::iterator at) {
  set_counted(at->second, false);
  pending_.erase(at);
}

std::optional<raft::Propose> PendingWrites::take_proposal() {
  if (!leader_known_) return std::nullopt;
  raft::Propose proposal;
  Proposed proposed{{}, now_us_};
  std::size_t bytes = 0;
  const auto may_go = [this](const std::string& lane) {
    return on_their_way_ < most_on_their_way() || admission_.is_light(lane);
  };
  while (const auto next = lanes_.next(may_go)) {
    const auto at = pending_.find(next->id);
    if (at != pending_.end() && at->second.is_queued) {
      Pending& pending = at->second;
      bytes += pending.command.size() + entry_header_bytes;
      if (bytes > limits::append_bytes && !proposal.commands.empty()) break;
      proposal.commands.push_back(pending.command);
      proposed.ids.push_back(next->id);
      pending.is_queued = pending.is_refused = false;
      set_counted(pending, !admission_.is_light(next->lane));
      ++pending.proposals;
    }
    lanes_.pop();
  }
  if (proposal.commands.empty()) return std::nullopt;
  proposal.id = next_proposal_++;
  proposed_.emplace(proposal.id, std::move(proposed));
  return proposal;
}

void PendingWrites::queue(const app::CommandId& id, Pending& pending) {
  set_counted(pending, false);
  if (pending.is_queued) return;
  pending.is_queued = true;
  lanes_.push(pending.lane, id);
}

void PendingWrites::leader_changed(bool is_known) {
  leader_known_ = is_known;
  proposed_.clear();
  for (auto& [id, pending] : pending_) queue(id, pending);
}

void PendingWrites::refused(const raft::ProposalRefused& refused, Answers& answers) {
  const auto proposal = proposed_.find(refused.id);
  if (proposal == proposed_.end()) return;
  for (const app::CommandId& id : proposal->second.ids) {
    const auto at = pending_.find(id);
    if (at == pending_.end()) continue;
    --at->second.proposals;
    if (refused.refusal == raft::Refusal::no_leader) {
      queue(id, at->second);
    } else if (at->second.proposals > 0) {
      // An earlier proposal may still be committed, or may be lost: nothing is certain, so its waiters go on waiting,
      // and it is proposed again when there may be room. It takes effect once.
      at->second.is_refused = true;
      set_counted(at->second, false);
    } else {
      const bool is_full = refused.refusal == raft::Refusal::disk_full;
      answer_all(at->second,
                 is_full ? wire::ErrorReply{ErrorWord::disk_full, "the disk of the leader is full", 0}
                         : too_busy("the leader has too much in flight"),
                 answers);
      erase(at);
    }
  }
  // Proposed again once there is a leader: leader_changed() comes with it.
  if (refused.refusal == raft::Refusal::no_leader) leader_known_ = false;
  proposed_.erase(proposal);
}

void PendingWrites::applied(const app::CommandId& id, const wire::AppReply& reply, bool is_expired, Answers& answers) {
  const auto at = pending_.find(id);
  if (at == pending_.end()) return;
  if (admission_.is_light(at->second.lane)) light_is_at_work();
  // The first may have been carried out by an entry that an image has brought, before the session was forgotten.
  if (is_expired && at->second.proposals > 1) {
    answer_all(at->second, wire::ErrorReply{ErrorWord::timeout, "its session has expired, perhaps behind it", 0},
               answers);
  } else {
    answer_all(at->second, reply, answers);
  }
  erase(at);
}

void PendingWrites::answer_all(const Pending& pending, const wire::ReplyBody& body, Answers& answers) {
  for (const Waiter& waiter : pending.waiters) {
    admission_.leave(waiter.asker, pending.command.size());
    answers.push_back({waiter.asker, body});
  }
}

void PendingWrites::expire(std::uint64_t now_us, Answers& answers) {
  for (auto at = pending_.begin(); at != pending_.end();) {
    Pending& pending = at->second;
    const bool never_left = pending.proposals == 0;
    std::erase_if(pending.waiters, [&](const Waiter& waiter) {
      if (waiter.deadline_us > now_us) return false;
      admission_.leave(waiter.asker, pending.command.size());
      answers.push_back({waiter.asker, never_left ? wire::ErrorReply{ErrorWord::no_leader, "no leader is known", 0}
                                                  : wire::ErrorReply{ErrorWord::timeout, "not applied in time", 0}});
      return true;
    });
    if (pending.is_refused) queue(at->first, pending);
    const auto behind = std::next(at);
    if (pending.waiters.empty()) erase(at);
    at = behind;
  }
  forget_old_proposals();
}

void PendingWrites::forget_old_proposals() {
  std::erase_if(proposed_, [this](const auto& proposal) {
    bool is_waited_for = false;
    for (const app::CommandId& id : proposal.second.ids) {
      const auto at = pending_.find(id);
      if (at == pending_.end()) continue;
      is_waited_for = true;
      if (proposal.second.at_us + limits::proposal_memory_us <= now_us_) set_counted(at->second, false);
    }
    return !is_waited_for;
  });
}

}  // namespace parley::node
