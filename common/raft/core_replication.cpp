// Replication and commit: thesis 3.5, 3.6.2, pipelining 10.2.1, check-quorum 6.2.
#include <algorithm>
#include <utility>

#include "common/base/ensure.hpp"
#include "common/raft/core.hpp"
#include "common/raft/quorum.hpp"

namespace parley::raft {

// ---- the leader

void Core::on_leader_tick(Leader& leader) {
  for (auto& [server, progress] : leader.peers) progress.tick();
  leader.recent_rounds.tick();
  leader.loggers_due = true;
  if (++leader.heartbeat_elapsed >= options_.heartbeat_ticks) {
    leader.heartbeat_elapsed = 0;
    leader.heartbeat_due = true;
  }
  if (!leader.transfer_to.is_nobody() && ++leader.transfer_ticks >= options_.election_ticks) {
    // The transfer did not come about in time: serve clients again (thesis 3.10).
    leader.transfer_to = nobody;
  }
  if (!asked_.empty() && ++leader.unsynced_ticks > options_.election_ticks) return check_disk(leader);
  if (election_elapsed_ >= options_.election_ticks) {
    election_elapsed_ = 0;
    check_quorum(leader);
  }
}

/// Thesis 6.2: a leader that no majority hears steps down, so that its clients look elsewhere.
void Core::check_quorum(Leader& leader) {
  const bool is_heard = is_quorum(membership(), [&](ServerId server) {
    if (server == self()) return true;
    const auto peer = leader.peers.find(server);
    return peer != leader.peers.end() && peer->second.heard_in_period;
  });
  for (auto& [server, progress] : leader.peers) progress.heard_in_period = false;
  if (!is_heard) resign(Resigned::unheard);
}

/// Heartbeats need no disk, so the others would follow for ever a leader that commits nothing unless they are faster
/// than its disk. It lets go if they can do without it; its disk has to keep its next vote first, so that it is not
/// elected again before it is well.
void Core::check_disk(Leader& leader) {
  leader.unsynced_ticks = 0;
  const bool can_do_without = is_quorum(membership(), [&](ServerId server) {
    const auto peer = leader.peers.find(server);
    return peer != leader.peers.end() && peer->second.ticks_unheard < options_.election_ticks;
  });
  if (can_do_without) resign(Resigned::slow_disk);
}

void Core::resign(Resigned why) {
  become_follower(term(), nobody);
  resigned_ = why;
}

void Core::on(Propose& input) {
  if (as_leader() != nullptr) {
    if (const auto refusal = propose(input.commands)) output_.proposals_refused.push_back({input.id, *refusal});
  } else if (!leader().is_nobody()) {
    send(leader(), ForwardedProposal{input.id, std::move(input.commands)});
  } else {
    output_.proposals_refused.push_back({input.id, Refusal::no_leader});
  }
}

/// Never forwarded: who leads sees by itself that it is time.
void Core::on(const ProposeTime&) {
  const Leader* leader = as_leader();
  if (leader == nullptr || !leader->transfer_to.is_nobody() || !room_.for_proposals) return;
  if (leader->uncommitted_bytes + entry_header_bytes > options_.uncommitted_bytes) return;
  append_entry(EntryKind::time, {});
}

/// All of the commands or, with the reason, none.
std::optional<Refusal> Core::propose(std::vector<SharedBytes>& commands) {
  const Leader& leader = *as_leader();
  if (!leader.transfer_to.is_nobody()) return Refusal::busy;
  if (!room_.for_proposals) return Refusal::disk_full;
  std::size_t bytes = 0;
  for (const SharedBytes& command : commands) bytes += command.size() + entry_header_bytes;
  // A single proposal is taken whatever its size, or it would never be.
  const std::size_t before = leader.uncommitted_bytes;
  if (before != 0 && before + bytes > options_.uncommitted_bytes) return Refusal::busy;
  for (SharedBytes& command : commands) append_entry(EntryKind::command, std::move(command));
  return std::nullopt;
}

void Core::handle(const Message& message, ForwardedProposal& forwarded) {
  std::optional<Refusal> refusal = Refusal::no_leader;
  if (Leader* leader = as_leader()) {
    // Its clients wait until it has applied the command, so it is told of commits at once.
    if (const auto peer = leader->peers.find(message.from); peer != leader->peers.end())
      peer->second.wants_commits = true;
    refusal = propose(forwarded.commands);
  }
  if (refusal) send(message.from, ProposalRefused{forwarded.id, *refusal});
}

void Core::handle(const Message&, const ProposalRefused& refused) { output_.proposals_refused.push_back(refused); }

/// Who counts for a commit comes first, so that loggers add nothing to the time that one takes. Nobody waits for them:
/// they are sent what a tick has brought in one message, or as much as is worth one, so that they cost the voters, and
/// themselves, a message for many entries rather than for each batch.
void Core::send_appends(Leader& leader) {
  for (auto& [server, progress] : leader.peers) {
    if (!progress.committed_only) send_append(server, progress);
  }
  const bool are_due = std::exchange(leader.loggers_due, false);
  for (auto& [server, progress] : leader.peers) {
    if (!progress.committed_only) continue;
    const bool is_worth_it = commit_.next() >= progress.next() + Count{options_.logger_append_entries};
    if (are_due || is_worth_it || progress.state() == Progress::State::probe) send_append(server, progress);
  }
}

/// Sends what the peer lacks, as far as its window allows.
void Core::send_append(ServerId peer, Progress& progress) {
  const Index end = progress.committed_only ? commit_ : log_.last();
  // It says when it has room again; until then it is told of commits by heartbeats.
  if (progress.lacks_room()) return;
  while (progress.may_send(options_.inflight_appends, options_.inflight_bytes)) {
    const bool is_probe = progress.state() == Progress::State::probe;
    if (progress.next() > end) {
      if (is_probe) send_empty_append(peer, progress);
      return;
    }
    if (!log_.is_cached(progress.next())) {
      if (progress.reading) return;
      if (progress.next() <= log_.start().index) return want_image(peer, progress);
      progress.reading = true;
      // No further than the disk has confirmed: behind that it may still hold what a truncation has replaced.
      output_.entries_wanted.push_back({peer, term(), progress.next(), std::min(stable_, end), options_.append_bytes});
      return;
    }
    send_entries(peer, progress, log_.cached_range(progress.next(), end, options_.append_bytes));
    if (is_probe) return;
  }
}

void Core::send_entries(ServerId peer, Progress& progress, std::vector<Entry> entries) {
  const Index previous = entries.front().index.previous();
  const auto previous_term = log_.term_at(previous);
  ENSURE(previous_term.has_value());
  std::size_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry_bytes(entry);
  if (progress.state() == Progress::State::probe) progress.probed_after = as_leader()->round;
  progress.sent(entries.back().index, bytes);
  progress.commit_sent = std::max(progress.commit_sent, std::min(commit_, entries.back().index));
  send(peer, AppendRequest{previous, *previous_term, commit_, std::move(entries)});
}

/// Asks whether the logs agree before the next entry, or where the log begins.
void Core::send_empty_append(ServerId peer, Progress& progress) {
  const Index previous = std::max(progress.next().previous(), log_.start().index);
  const auto previous_term = log_.term_at(previous);
  ENSURE(previous_term.has_value());
  if (progress.state() == Progress::State::probe) {
    progress.probed_after = as_leader()->round;
    progress.sent(previous, 0);
  }
  send(peer, AppendRequest{previous, *previous_term, commit_, {}});
}

void Core::on(EntriesRead& input) {
  if (input.peer.is_nobody()) {
    reading_to_apply_ = false;
    if (!input.entries.empty() && input.entries.front().index == handed_over_.next())
      read_to_apply_ = std::move(input.entries);
    return;
  }
  Leader* leader = as_leader();
  if (leader == nullptr || input.term != term()) return;
  const auto peer = leader->peers.find(input.peer);
  if (peer == leader->peers.end()) return;
  Progress& progress = peer->second;
  progress.reading = false;
  // Trimmed in the meantime.
  if (input.entries.empty() && progress.next() <= log_.start().index) return want_image(input.peer, progress);
  // What was read may no longer be what is wanted: the peer may have answered in the meantime.
  if (input.entries.empty() || input.entries.front().index != progress.next()) return;
  if (!progress.may_send(options_.inflight_appends, options_.inflight_bytes)) return;
  send_entries(input.peer, progress, std::move(input.entries));
}

/// Who could not keep the last one, for want of room perhaps, is not sent the whole of it again and again.
void Core::want_image(ServerId peer, Progress& progress) {
  if (!progress.may_begin_image()) return;
  progress.begin_image();
  output_.images_wanted.push_back({peer, term()});
}

void Core::on(const ImageSent& input) {
  Leader* leader = as_leader();
  if (leader == nullptr) return;
  const auto peer = leader->peers.find(input.peer);
  if (peer == leader->peers.end() || peer->second.state() != Progress::State::image) return;
  if (input.index) {
    peer->second.end_image(*input.index);
  } else {
    peer->second.give_up_image(options_.election_ticks, options_.image_pause_ticks);
    peer->second.ask_from_end(log_.last());
  }
}

void Core::on(const Unreachable& input) {
  Leader* leader = as_leader();
  if (leader == nullptr) return;
  const auto peer = leader->peers.find(input.peer);
  if (peer == leader->peers.end()) return;
  // Its next life may have another clock, and room for an image.
  peer->second.stamp_us = 0;
  peer->second.forget_pauses();
  if (peer->second.state() != Progress::State::replicate) return;
  peer->second.lost();
  if (peer->second.next() <= log_.start().index) peer->second.ask_from_end(log_.last());
}

void Core::send_heartbeats(Leader& leader) {
  leader.heartbeat_due = false;
  leader.lease.sent(++leader.round, clock_.monotonic_us);
  leader.recent_rounds.sent(leader.round);
  for (auto& [server, progress] : leader.peers) {
    const Index known = std::min(commit_, progress.match());
    progress.commit_sent = std::max(progress.commit_sent, known);
    send(server, Heartbeat{known, leader.round, freshness_for(leader, progress)});
  }
}

/// Followers learn of a commit with the next append or heartbeat; one whose own clients wait for it is told at once.
void Core::tell_commits(Leader& leader) {
  for (auto& [server, progress] : leader.peers) {
    const Index known = std::min(commit_, progress.match());
    if (!progress.wants_commits || known <= progress.commit_sent) continue;
    progress.commit_sent = known;
    if (known == log_.last()) progress.wants_commits = false;
    send(server, Heartbeat{known, leader.round, {}});
  }
}

Index Core::match_of(const Leader& leader, ServerId server) const {
  if (server == self()) return stable_;
  const auto peer = leader.peers.find(server);
  return peer != leader.peers.end() ? peer->second.match() : Index{};
}

/// Thesis 3.6.2: by counting copies only entries of its own term are committed, and with them all before.
void Core::maybe_commit() {
  const Leader& leader = *as_leader();
  const Index agreed = quorum_match(membership(), [&](ServerId server) { return match_of(leader, server); });
  if (agreed > commit_ && log_.term_at(agreed) == term()) commit_to(agreed);
}

void Core::commit_to(Index index) {
  if (index <= commit_) return;
  ENSURE_LE(index, log_.last());
  if (Leader* leader = as_leader()) {
    for (Index at = commit_.next(); at <= index; at = at.next()) {
      leader->uncommitted_bytes -= std::min(leader->uncommitted_bytes, entry_bytes(log_.cached(at)));
    }
  }
  const bool covers_membership = commit_ < memberships_.current_index() && memberships_.current_index() <= index;
  commit_ = index;
  memberships_.committed(commit_);
  // A joint configuration may have been committed under an earlier leader that did not live to end it.
  const bool must_end_joint = membership().is_joint() && memberships_.current_index() <= commit_;
  if (as_leader() != nullptr && (covers_membership || must_end_joint)) on_membership_committed();
}

void Core::handle(const Message& message, const AppendAccepted& accepted) {
  Leader* leader = as_leader();
  if (leader == nullptr || accepted.match > log_.last()) return;
  const auto peer = leader->peers.find(message.from);
  if (peer == leader->peers.end()) return;
  Progress& progress = peer->second;
  progress.ticks_unheard = 0;
  progress.heard_in_period = true;
  const bool is_news = progress.accepted(accepted.match);
  // It has got on without the image: an earlier leader's has landed, or an append was late.
  if (progress.state() == Progress::State::image && progress.match() >= log_.start().index)
    progress.end_image(progress.match());
  progress.set_room(accepted.has_room);
  if (!is_news) return;
  maybe_commit();
  // A commit can end leadership: a leader that has removed itself.
  leader = as_leader();
  if (leader == nullptr) return;
  maybe_promote(*leader);
  continue_transfer(*leader);
}

void Core::handle(const Message& message, const AppendRejected& rejected) {
  Leader* leader = as_leader();
  if (leader == nullptr) return;
  const auto peer = leader->peers.find(message.from);
  if (peer == leader->peers.end()) return;
  peer->second.ticks_unheard = 0;
  peer->second.heard_in_period = true;
  // Thesis 3.5, the faster back-up: skip everything of terms that the follower cannot have there.
  const Index hint = log_.last_not_above(std::min(rejected.hint_index, log_.last()), rejected.hint_term);
  peer->second.rejected(rejected.previous_index, hint);
}

void Core::handle(const Message& message, const HeartbeatReply& reply) {
  Leader* leader = as_leader();
  if (leader == nullptr) return;
  const auto peer = leader->peers.find(message.from);
  if (peer == leader->peers.end()) return;
  Progress& progress = peer->second;
  progress.ticks_unheard = 0;
  progress.heard_in_period = true;
  progress.acked_round = std::max(progress.acked_round, std::min(reply.round, leader->round));
  if (reply.stamp_us > progress.stamp_us) {
    progress.stamp_us = reply.stamp_us;
    progress.stamp_heard_us = clock_.monotonic_us;
  }
  progress.set_room(reply.has_room);
  // Appends that nobody acknowledges may have been lost; an empty one finds out without sending them again. But what
  // answers a heartbeat from before a probe says nothing of the probe, which may be large.
  const bool is_overtaken = progress.state() == Progress::State::probe && reply.round <= progress.probed_after;
  if (!is_overtaken && progress.heartbeat_answered()) send_empty_append(message.from, progress);
  confirm_rounds(*leader);
  // A learner may have caught up while another change was under way; on an idle cluster nothing else would tell.
  maybe_promote(*leader);
}

// ---- the follower

namespace {

/// What no leader sends: entries that do not follow each other, of a term after its own, or a membership that is none.
bool is_well_formed(const Message& message, const AppendRequest& request) {
  Index index = request.previous_index;
  Term term = request.previous_term;
  for (const Entry& entry : request.entries) {
    if (entry.index != index.next() || entry.term < term || entry.term > message.term) return false;
    if (entry.kind == EntryKind::membership && !decode_membership(entry.payload.view())) return false;
    index = entry.index;
    term = entry.term;
  }
  return true;
}

}  // namespace

void Core::handle(const Message& message, AppendRequest& request) {
  // There is one leader a term; an append in our own term that is not ours would be another.
  ENSURE(as_leader() == nullptr);
  if (!is_well_formed(message, request) || cluster_.is_nil()) return;
  become_follower(message.term, message.from);
  election_elapsed_ = 0;
  ticks_since_leader_ = 0;

  if (request.previous_index < commit_) {
    // Overtaken. The leader's log has everything that is committed, so the logs agree up to there.
    const Count known = std::min(commit_ - request.previous_index, Count{request.entries.size()});
    request.entries.erase(request.entries.begin(), request.entries.begin() + static_cast<std::ptrdiff_t>(known.value));
    if (request.entries.empty()) return send_promise(message.from, AppendAccepted{commit_, room_.for_entries});
    request.previous_index = commit_;
    request.previous_term = *log_.term_at(commit_);
  }
  if (log_.term_at(request.previous_index) != request.previous_term) {
    const Index hint = log_.last_not_above(std::min(request.previous_index, log_.last()), request.previous_term);
    send(message.from, AppendRejected{request.previous_index, hint, log_.term_at(hint).value_or(Term{})});
    return;
  }
  if (!room_.for_entries) leave_out_new(request.entries);
  for (Entry& entry : request.entries) {
    const auto ours = log_.term_at(entry.index);
    if (ours == entry.term) continue;  // already here: never truncate what matches, a later append may stand behind it
    if (ours.has_value()) truncate_from(entry.index);
    const bool is_membership = entry.kind == EntryKind::membership;
    const Entry& appended = log_.append(std::move(entry));
    last_time_ = appended.time;
    if (!is_membership) continue;
    auto membership_now = decode_membership(appended.payload.view());
    ENSURE(membership_now.has_value());
    apply_membership(appended.index, std::move(*membership_now));
  }
  const Index verified = request.previous_index + Count{request.entries.size()};
  commit_to(std::min(request.commit, verified));
  send_promise(message.from, AppendAccepted{verified, room_.for_entries});
}

/// An append without its last entries is one that the leader might as well have sent.
void Core::leave_out_new(std::vector<Entry>& entries) const {
  const auto first_new =
      std::ranges::find_if(entries, [&](const Entry& entry) { return log_.term_at(entry.index) != entry.term; });
  entries.erase(first_new, entries.end());
}

void Core::handle(const Message& message, const Heartbeat& heartbeat) {
  ENSURE(as_leader() == nullptr);
  become_follower(message.term, message.from);
  election_elapsed_ = 0;
  ticks_since_leader_ = 0;
  // The leader names only what we have acknowledged; a log that lost it would be another incarnation.
  commit_to(std::min(heartbeat.commit, log_.last()));
  const Freshness& fresh = heartbeat.fresh;
  // A stamp from the future is one of the clock before this machine started anew.
  if (fresh.stamp_us > fresh.before_us && fresh.stamp_us <= clock_.monotonic_us)
    output_.fresh = FreshUpTo{fresh.commit, fresh.stamp_us - fresh.before_us};
  send(message.from, HeartbeatReply{heartbeat.round, clock_.monotonic_us, room_.for_entries});
}

}  // namespace parley::raft
