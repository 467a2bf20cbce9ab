// Membership: joint consensus, thesis 4.3; catching up before voting, 4.2.1; leadership transfer, 3.10.
#include <algorithm>

#include "common/base/ensure.hpp"
#include "common/raft/core.hpp"
#include "common/raft/quorum.hpp"

namespace parley::raft {
namespace {

void insert_sorted(std::vector<ServerId>& servers, ServerId server) {
  const auto at = std::ranges::lower_bound(servers, server);
  if (at == servers.end() || *at != server) servers.insert(at, server);
}

void insert_sorted(std::vector<Member>& members, Member member) {
  const auto at = std::ranges::lower_bound(members, member.server, {}, &Member::server);
  members.insert(at, std::move(member));
}

/// The configuration after `target`'s outgoing half has gone: members that were only there have left.
Membership without_outgoing(const Membership& joint) {
  Membership final = joint;
  final.outgoing.clear();
  std::erase_if(final.members, [&](const Member& member) {
    return std::ranges::binary_search(joint.outgoing, member.server) &&
           !std::ranges::binary_search(joint.voters, member.server);
  });
  return final;
}

}  // namespace

void Core::on(ChangeMembership& input) {
  Leader* leader = as_leader();
  std::optional<Refusal> refusal = Refusal::no_leader;
  if (leader != nullptr && !room_.for_proposals) {
    refusal = Refusal::disk_full;
  } else if (leader != nullptr) {
    const Index before = memberships_.current_index();
    refusal = may_change_membership(*leader)
                  ? std::visit([this](const auto& wanted) { return change(wanted); }, input.change)
                  : std::optional(Refusal::busy);
    if (!refusal && memberships_.current_index() != before) {
      leader->change_id = input.id;
      // A cluster of one has nobody to wait for but its disk: the answer comes when the entry is committed, as always.
      return;
    }
  }
  output_.changes_done.push_back({input.id, refusal});
}

/// One change at a time, and only after an entry of this term is committed: otherwise two majorities may not overlap
/// (thesis 4.1 and its correction for single-server changes).
bool Core::may_change_membership(const Leader& leader) const {
  return commit_ >= leader.term_start && memberships_.current_index() <= commit_ && !membership().is_joint() &&
         leader.transfer_to.is_nobody();
}

/// No entry is appended when everything is already as wanted.
std::optional<Refusal> Core::change(const AddMember& wanted) {
  const Membership& current = membership();
  const Member& joiner = wanted.member;
  Membership target = current;
  if (const Member* known = current.find(joiner.server)) {
    if (known->name != joiner.name && current.find(joiner.name) != nullptr) return Refusal::exists;
    // Whether it votes is settled when it joins.
    Member renewed = joiner;
    renewed.wants_vote = known->wants_vote;
    if (*known == renewed) return std::nullopt;
    *std::ranges::find(target.members, joiner.server, &Member::server) = std::move(renewed);
    propose_membership(std::move(target));
    return std::nullopt;
  }
  if (const Member* namesake = current.find(joiner.name)) {
    // The same name with another incarnation replaces a member that is gone, never one that is alive.
    const auto peer = as_leader()->peers.find(namesake->server);
    const bool is_alive = peer == as_leader()->peers.end() || peer->second.ticks_unheard < options_.replace_ticks;
    if (is_alive) return Refusal::exists;
    const ServerId old = namesake->server;
    std::erase_if(target.members, [&](const Member& member) { return member.server == old; });
    std::erase(target.voters, old);
    if (target.voters.empty()) return Refusal::not_possible;
    if (!is_majority_heard(target) || !is_majority_heard(membership())) return Refusal::no_majority;
  }
  const auto same_kind = std::ranges::count_if(
      target.members, [&](const Member& member) { return member.wants_vote == joiner.wants_vote; });
  const std::size_t bound = joiner.wants_vote ? limits::voters + limits::non_voters : limits::non_voters;
  if (static_cast<std::size_t>(same_kind) >= bound || target.members.size() >= limits::voters + limits::non_voters) {
    return Refusal::too_many;
  }
  insert_sorted(target.members, joiner);
  propose_membership(std::move(target));
  return std::nullopt;
}

std::optional<Refusal> Core::change(const RemoveMember& wanted) {
  const Member* member = membership().find(wanted.name);
  if (member == nullptr) return Refusal::not_possible;
  Membership target = membership();
  const ServerId server = member->server;
  std::erase_if(target.members, [&](const Member& other) { return other.server == server; });
  std::erase(target.voters, server);
  if (target.voters.empty()) return Refusal::not_possible;
  if (!is_majority_heard(target) || !is_majority_heard(membership())) return Refusal::no_majority;
  propose_membership(std::move(target));
  return std::nullopt;
}

/// Whether this leader hears enough of its voters to decide anything with them: they have answered what it asked within
/// the last election timeout. Who has not yet answered it counts as not heard: a new leader knows of nobody.
bool Core::is_majority_heard(const Membership& of) const {
  return is_quorum(of, [&](ServerId server) {
    if (server == self()) return true;
    const auto peer = as_leader()->peers.find(server);
    if (peer == as_leader()->peers.end()) return false;
    return as_leader()->recent_rounds.has(peer->second.acked_round);
  });
}

/// Goes to `target` directly if nobody's vote changes, else through the joint configuration of both.
void Core::propose_membership(Membership target) {
  const Membership& current = membership();
  if (target.voters != current.voters) {
    target.outgoing = current.voters;
    for (const ServerId leaving : current.voters) {
      if (target.find(leaving) == nullptr) insert_sorted(target.members, *current.find(leaving));
    }
  }
  append_entry(EntryKind::membership, SharedBytes(encode_membership(target)));
}

/// A configuration is in force as soon as it stands in the log (thesis 4.1).
void Core::apply_membership(Index index, Membership membership_now) {
  memberships_.append(index, std::move(membership_now));
  output_.membership_changed = membership();
  if (Leader* leader = as_leader()) {
    leader->lease.forget();
    sync_progress(*leader);
  }
}

void Core::sync_progress(Leader& leader) {
  std::erase_if(leader.peers, [&](const auto& peer) { return membership().find(peer.first) == nullptr; });
  for (const Member& member : membership().members) {
    if (member.server == self()) continue;
    const auto [peer, is_new] = leader.peers.try_emplace(member.server, log_.last().next());
    peer->second.committed_only = !member.wants_vote;
    if (is_new) peer->second.round_target = log_.last();
    // A new one is given the benefit of the doubt for one period.
    if (is_new) peer->second.heard_in_period = true;
  }
}

void Core::on_membership_committed() {
  Leader& leader = *as_leader();
  if (membership().is_joint()) {
    // The second half of a change, begun by this leader or by one before it. It asks for no room: between its halves a
    // change needs two majorities for everything, and the others may have room to commit this.
    append_entry(EntryKind::membership, SharedBytes(encode_membership(without_outgoing(membership()))));
    return;
  }
  if (leader.change_id) output_.changes_done.push_back({*leader.change_id, std::nullopt});
  leader.change_id.reset();
  // Thesis 4.2.2: a leader that is not in the configuration steps down once that is committed. The others are told
  // first.
  if (!membership().is_voter(self())) {
    send_appends(leader);
    send_heartbeats(leader);
    become_follower(term(), nobody);
  }
}

/// Thesis 4.2.1: a learner catches up in rounds, each up to where the log ended when it began. One that needed less
/// than an election timeout for a round can vote without holding commits up.
void Core::maybe_promote(Leader& leader) {
  for (auto& [server, progress] : leader.peers) {
    const Member* member = membership().find(server);
    if (member == nullptr || !member->wants_vote || membership().is_voter(server)) continue;
    if (progress.match() < progress.round_target || progress.state() != Progress::State::replicate) continue;
    // Without room here it waits: its next heartbeat asks again.
    const bool is_caught_up = room_.for_proposals && progress.round_ticks < options_.election_ticks &&
                              progress.ticks_unheard < options_.election_ticks;
    if (is_caught_up && membership().voters.size() < limits::voters && may_change_membership(leader)) {
      Membership target = membership();
      insert_sorted(target.voters, server);
      propose_membership(std::move(target));
      return;  // one change at a time, and the peers may have changed
    }
    progress.round_target = log_.last();
    progress.round_ticks = 0;
  }
}

void Core::on(const TransferLeadership& input) {
  Leader* leader = as_leader();
  if (leader == nullptr || input.to == self()) return;
  ServerId target = input.to;
  for (const auto& [server, progress] : leader->peers) {
    if (!input.to.is_nobody() || progress.lacks_room() || !membership().is_voter(server)) continue;
    const auto best = leader->peers.find(target);
    if (best == leader->peers.end() || progress.match() > best->second.match()) target = server;
  }
  if (!std::ranges::binary_search(membership().voters, target)) return;
  leader->transfer_to = target;
  leader->transfer_ticks = 0;
  leader->timeout_now_sent = false;
  continue_transfer(*leader);
}

void Core::continue_transfer(Leader& leader) {
  if (leader.transfer_to.is_nobody() || leader.timeout_now_sent) return;
  const auto peer = leader.peers.find(leader.transfer_to);
  if (peer == leader.peers.end()) {
    leader.transfer_to = nobody;
  } else if (peer->second.match() == log_.last()) {
    leader.timeout_now_sent = true;
    // Before the request leaves: from now on it may be replaced at any moment, however late that arrives.
    leader.lease.give_up();
    send(leader.transfer_to, TimeoutNow{});
  }
}

}  // namespace parley::raft
