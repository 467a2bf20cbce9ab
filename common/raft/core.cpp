#include "common/raft/core.hpp"

#include <algorithm>
#include <utility>

#include "common/base/chain.hpp"
#include "common/base/ensure.hpp"

namespace parley::raft {

Core::Core(const Options& options, Restored restored)
    : options_(options),
      random_(options.seed),
      cluster_(restored.cluster),
      hard_state_(restored.hard_state),
      log_(restored.start, std::move(restored.runs), restored.last, restored.last_digest, std::move(restored.tail)),
      memberships_(std::move(restored.memberships)),
      commit_(restored.commit),
      handed_over_(restored.applied),
      applied_(restored.applied),
      stable_(restored.last),
      durable_term_(restored.hard_state.term),
      persist_from_(restored.last.next()) {
  ENSURE(!options_.self.is_nobody());
  ENSURE_LE(applied_, commit_);
  ENSURE_LE(commit_, log_.last());
  ENSURE_LE(log_.start().index, applied_);
  // All that may be truncated is in memory, and the entry before it for its digest.
  ENSURE(commit_ == log_.last() || log_.is_cached(commit_.next()));
  ENSURE(commit_ == log_.start().index || log_.is_cached(commit_));
  memberships_.committed(commit_);
  last_time_ = log_.last() > log_.start().index ? log_.cached(log_.last()).time : log_.start().time;
  if (log_.last() == Index{} && !cluster_.is_nil()) log_.begin_chain(chain_start(cluster_));
  reported_ = {role(), term(), nobody};
  output_.membership_changed = membership();
  reset_election_timer();
  // Who has entered no term has answered no leader.
  if (options_.lease_us == 0 || term() == Term{}) ticks_since_leader_ = options_.election_ticks;
  // Alone, there is nobody to wait for.
  if (membership().voters == std::vector{self()} && !membership().is_joint()) election_timeout_ = 1;
}

void Core::step(Input input) {
  std::visit([this](auto& alternative) { on(alternative); }, input);
}

ServerId Core::leader() const {
  if (as_leader() != nullptr) return self();
  const auto* follower = std::get_if<Follower>(&role_);
  return follower != nullptr ? follower->leader : nobody;
}

void Core::on(const Tick&) {
  ++election_elapsed_;
  ++ticks_since_leader_;
  if (Leader* leader = as_leader()) {
    on_leader_tick(*leader);
  } else {
    on_tick_without_leadership();
  }
}

void Core::on(Message& message) {
  if (message.to != self() || message.from == self() || message.from.is_nobody()) return;
  // Who belongs to no cluster hears nobody, not even a term: what it is told may be another cluster's.
  if (cluster_.is_nil()) return;
  if (is_disruptive(message)) return;
  const bool is_pre_vote = std::holds_alternative<PreVoteRequest>(message.body);
  if (is_pre_vote) tell_if_removed(message.from);
  if (std::holds_alternative<MembershipQuestion>(message.body)) return tell_if_removed(message.from);
  if (const auto* told = std::get_if<NotMember>(&message.body)) return handle(message, *told);
  const auto* pre_vote_reply = std::get_if<PreVoteReply>(&message.body);
  if (message.term < term()) return answer_lower_term(message);
  // A pre-vote names a term that nobody has entered; only its refusal tells of one that somebody has (thesis 9.6).
  const bool names_no_term = is_pre_vote || (pre_vote_reply != nullptr && pre_vote_reply->granted);
  if (message.term > term() && !names_no_term) become_follower(message.term, nobody);
  std::visit([&](auto& body) { handle(message, body); }, message.body);
}

void Core::on(Found& input) {
  // A founder that died while it wrote may find its cluster, and even the first entry, but no membership: it founds the
  // same again.
  const LogStart& start = log_.start();
  const bool has_state = start.index > Index{};
  if (!membership().members.empty() || log_.last() > (has_state ? start.index : Index{1})) return;
  if (!cluster_.is_nil() && cluster_ != input.cluster) return;
  ENSURE_EQ(input.self.server, self());
  if (cluster_.is_nil()) {
    cluster_ = input.cluster;
    adopted_ = input.cluster;
    if (!has_state) log_.begin_chain(chain_start(cluster_));
  }
  become_follower(std::max(term(), start.term.next()), nobody);
  // The mark of a founder: nobody else votes for itself before it has a membership. It is written before everything
  // else.
  ENSURE(hard_state_.vote.is_nobody() || hard_state_.vote == self());
  hard_state_.vote = self();
  hard_state_changed_ = true;
  if (log_.last() == Index{}) append_entry(EntryKind::settings, std::move(input.settings));
  Membership alone;
  alone.voters = {input.self.server};
  alone.members = {std::move(input.self)};
  append_entry(EntryKind::membership, SharedBytes(encode_membership(alone)));
  election_timeout_ = 1;
}

void Core::on(const Adopt& input) {
  if (!cluster_.is_nil() || log_.last() != Index{}) return;
  cluster_ = input.cluster;
  adopted_ = input.cluster;
  log_.begin_chain(chain_start(cluster_));
}

void Core::on(const Persisted& input) {
  // In order, each exactly once: the disk has one queue.
  ENSURE(!asked_.empty());
  ENSURE_EQ(asked_.front().sequence, input.sequence);
  const Asked done = asked_.front();
  asked_.erase(asked_.begin());
  stable_ = std::max(stable_, done.last);
  durable_term_ = std::max(durable_term_, done.term);
  // Its own vote and its own copy count only now, when they can no longer be forgotten.
  if (done.term == term() && role() == Role::candidate) count_vote(self(), true);
  if (Leader* leader = as_leader()) {
    leader->unsynced_ticks = 0;
    maybe_commit();
  }
}

/// A replica whose disk is full goes on voting: only what it says of entries waits for them.
void Core::on(const HardStatePersisted& input) {
  for (const Asked& asked : asked_) {
    if (asked.sequence > input.sequence) break;
    durable_term_ = std::max(durable_term_, asked.term);
    if (asked.term == term() && role() == Role::candidate) return count_vote(self(), true);
  }
}

void Core::on(const Applied& input) {
  ENSURE_LE(input.index, handed_over_);
  applied_ = std::max(applied_, input.index);
  auto pending = unapplied_.begin();
  while (pending != unapplied_.end() && pending->last <= applied_) unapplied_bytes_ -= (pending++)->bytes;
  unapplied_.erase(unapplied_.begin(), pending);
  log_.evict(std::min(applied_, stable_), options_.entry_cache_bytes);
}

void Core::on(const Trimmed& input) {
  if (input.start.index <= log_.start().index) return;
  ENSURE_LE(input.start.index, applied_);
  log_.trim_to(input.start);
}

/// Thesis 5.1: what the image covers is committed, so nothing that matters is lost with the log that it replaces. A log
/// that agrees with it is kept: what stands behind may have been acknowledged.
void Core::on(ImageReceived& input) {
  const LogStart& start = input.start;
  const bool is_of_use = start.index > commit_ && as_leader() == nullptr && !cluster_.is_nil();
  output_.image = ImageVerdict{start.index, is_of_use};
  if (!is_of_use) return;
  if (log_.term_at(start.index) == start.term) {
    commit_to(start.index);
  } else {
    log_ = Log(start, {}, start.index, start.digest, {});
    commit_ = start.index;
    memberships_ = MembershipHistory({input.membership});
    output_.membership_changed = membership();
    last_time_ = start.time;
    persist_from_ = start.index.next();
    stable_ = Index{};
    // What is still being written belongs to the log that was.
    for (Asked& asked : asked_) asked.last = Index{};
    restart_ = LogRestart{start, std::move(input.membership)};
  }
  handed_over_ = start.index;
  applied_ = start.index;
  unapplied_.clear();
  unapplied_bytes_ = 0;
  read_to_apply_.clear();
}

void Core::send_in_term(ServerId to, Term message_term, MessageBody body) {
  Message message{self(), to, message_term, std::move(body)};
  // Whatever speaks for a term that this replica could still forget waits for the disk.
  const bool is_durable = durable_term_ == term();
  (is_durable ? output_.send_now : output_.send_after_persist).push_back(std::move(message));
}

void Core::send_promise(ServerId to, MessageBody body) {
  output_.send_after_persist.push_back({self(), to, term(), std::move(body)});
}

/// Only a leader appends entries of its own; Found is the one exception, in a log that nobody else has.
void Core::append_entry(EntryKind kind, SharedBytes payload) {
  Entry entry;
  entry.index = log_.last().next();
  entry.term = term();
  entry.kind = kind;
  entry.time = {last_time_.cluster_us, clock_.wall_us};
  if (Leader* leader = as_leader()) {
    const std::uint64_t passed = clock_.monotonic_us - std::min(clock_.monotonic_us, leader->monotonic_base_us);
    entry.time.cluster_us = std::max(last_time_.cluster_us, leader->clock_base_us + passed);
    leader->uncommitted_bytes += entry_header_bytes + payload.size();
  }
  entry.payload = std::move(payload);
  const Entry& appended = log_.append(std::move(entry));
  last_time_ = appended.time;
  if (kind == EntryKind::membership) {
    auto membership_now = decode_membership(appended.payload.view());
    ENSURE(membership_now.has_value());
    apply_membership(appended.index, std::move(*membership_now));
  }
}

void Core::truncate_from(Index from) {
  // What is committed is never taken back (thesis 3.6.3, figure 3.2: leader completeness).
  ENSURE_LT(commit_, from);
  log_.truncate_from(from);
  stable_ = std::min(stable_, log_.last());
  persist_from_ = std::min(persist_from_, from);
  // A write that is still under way confirms no entry that has since been replaced.
  for (Asked& asked : asked_) asked.last = std::min(asked.last, log_.last());
  last_time_ = log_.last() > log_.start().index ? log_.cached(log_.last()).time : log_.start().time;
  if (memberships_.truncate_from(from)) output_.membership_changed = membership();
}

bool Core::has_output() const {
  const Output& out = output_;
  return !out.send_now.empty() || !out.send_after_persist.empty() || !out.reads_ready.empty() ||
         !out.reads_refused.empty() || !out.proposals_refused.empty() || !out.changes_done.empty() ||
         !out.entries_wanted.empty() || out.membership_changed || hard_state_changed_ || adopted_ || restart_ ||
         out.image || out.fresh || out.removed || !out.images_wanted.empty() || persist_from_ <= log_.last() ||
         handed_over_ < commit_ || as_leader() != nullptr || reported_.role != role() || reported_.term != term() ||
         reported_.leader != leader();
}

Output Core::take_output() {
  if (Leader* leader = as_leader()) {
    begin_reads(*leader);
    send_appends(*leader);
    tell_commits(*leader);
    if (leader->heartbeat_due) send_heartbeats(*leader);
    // A cluster of one confirms its own rounds.
    confirm_rounds(*leader);
  }
  collect_persist();
  collect_committed();
  collect_role();
  output_.commit = commit_;
  return std::exchange(output_, Output{});
}

void Core::collect_persist() {
  const bool has_entries = persist_from_ <= log_.last();
  if (!has_entries && !hard_state_changed_ && !adopted_ && !restart_) return;
  Persist persist;
  persist.sequence = next_sequence_++;
  persist.restart = std::exchange(restart_, std::nullopt);
  persist.adopt = std::exchange(adopted_, std::nullopt);
  if (std::exchange(hard_state_changed_, false)) persist.hard_state = hard_state_;
  if (has_entries) {
    persist.entries = log_.cached_range(persist_from_, log_.last(), SIZE_MAX);
    persist_from_ = log_.last().next();
  }
  persist.commit = commit_;
  asked_.push_back({persist.sequence, term(), log_.last()});
  output_.persist = std::move(persist);
}

/// Hands committed entries over in order, as many as apply has room for. Those that are no longer in memory, after a
/// restart, are read from the log first.
void Core::collect_committed() {
  if (!read_to_apply_.empty()) {
    output_.committed = std::exchange(read_to_apply_, {});
  } else if (handed_over_ < commit_ && !reading_to_apply_ && unapplied_bytes_ < options_.unapplied_bytes) {
    const Index from = handed_over_.next();
    const std::size_t room = options_.unapplied_bytes - unapplied_bytes_;
    if (log_.is_cached(from)) {
      output_.committed = log_.cached_range(from, commit_, room);
    } else {
      reading_to_apply_ = true;
      // No further than the disk has confirmed: behind that it may still hold what a truncation has replaced.
      const Index to = std::min(commit_, stable_);
      output_.entries_wanted.push_back({nobody, term(), from, to, std::min(room, options_.append_bytes)});
    }
  }
  if (output_.committed.empty()) return;
  ENSURE_EQ(output_.committed.front().index, handed_over_.next());
  ENSURE_LE(output_.committed.back().index, commit_);
  handed_over_ = output_.committed.back().index;
  std::size_t bytes = 0;
  for (const Entry& entry : output_.committed) bytes += entry_bytes(entry);
  unapplied_.push_back({handed_over_, bytes});
  unapplied_bytes_ += bytes;
}

void Core::collect_role() {
  const RoleChanged now{role(), term(), leader(), Resigned::no};
  if (now.role == reported_.role && now.term == reported_.term && now.leader == reported_.leader) return;
  reported_ = now;
  reported_.resigned = std::exchange(resigned_, Resigned::no);
  output_.role_changed = reported_;
}

}  // namespace parley::raft
