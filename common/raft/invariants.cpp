#include "common/raft/invariants.hpp"

#include <algorithm>
#include <sstream>

#include "common/base/chain.hpp"

namespace parley::raft {
namespace {

/// Collects what is broken; each call of `must` is one invariant.
class Sentences {
 public:
  explicit Sentences(ServerId one, ServerId other = nobody) : one_(one), other_(other) {}

  template <class... Detail>
  void must(bool holds, std::string_view sentence, const Detail&... detail) {
    if (holds) return;
    std::ostringstream out;
    out << "server " << one_;
    if (!other_.is_nobody()) out << " and " << other_;
    out << ": " << sentence;
    ((out << ' ' << detail), ...);
    broken_.push_back(out.str());
  }
  [[nodiscard]] BrokenSentences take() { return std::move(broken_); }

 private:
  ServerId one_;
  ServerId other_;
  BrokenSentences broken_;
};

void add(BrokenSentences& all, BrokenSentences more) {
  if (more.empty()) return;
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

const Leader* leader_state(const Core& core) { return std::get_if<Leader>(&core.role_state()); }

void check_positions(const Core& core, Sentences& that) {
  that.must(core.log().start().index <= core.applied(), "what the log no longer has is applied.", core.applied());
  that.must(core.applied() <= core.handed_over(), "nothing is applied that was not handed over.", core.applied());
  that.must(core.handed_over() <= core.commit(), "nothing is handed over that is not committed.", core.handed_over());
  that.must(core.commit() <= core.log().last(), "what is committed is in the log.", core.commit());
  that.must(core.stable() <= core.log().last(), "what is stable is in the log.", core.stable());
  that.must(core.durable_term() <= core.term(), "the disk knows no later term than the core.", core.durable_term());
}

void check_log(const Core& core, Sentences& that) {
  const Log& log = core.log();
  that.must(log.last_term() <= core.term(), "no entry is of a term later than the server's own.", log.last_term());
  that.must(log.last() == log.start().index || log.is_cached(log.last()), "the newest entry is in memory.", log.last());
  for (Index index = core.commit().next(); index <= log.last(); index = index.next()) {
    that.must(log.is_cached(index), "what may be truncated is in memory.", index);
  }
  if (!log.is_cached(log.last())) return;
  const Entry& newest = log.cached(log.last());
  that.must(newest.digest == log.last_digest(), "the digest of the log is that of its newest entry.");
  that.must(log.term_at(log.last()) == newest.term, "the log knows the term of its newest entry.", newest.term);
  const auto before = digest_at(core, log.last().previous());
  that.must(!before || chain_next(*before, newest) == newest.digest, "every digest follows from the one before it.");
  if (!log.is_cached(log.last().previous())) return;
  const Entry& older = log.cached(log.last().previous());
  that.must(older.term <= newest.term, "terms never fall along the log.", newest.term);
  that.must(older.time.cluster_us <= newest.time.cluster_us, "cluster time never goes back.", newest.time.cluster_us);
}

void check_membership(const Core& core, Sentences& that) {
  const Log& log = core.log();
  that.must(core.membership_index() <= log.last(), "the membership in force stands in the log.",
            core.membership_index());
  if (log.is_cached(core.membership_index())) {
    const Entry& entry = log.cached(core.membership_index());
    that.must(entry.kind == EntryKind::membership, "the membership in force is that of a membership entry.");
    that.must(entry.payload.view() == encode_membership(core.membership()),
              "the membership in force is what its entry says.");
  }
  for (Index index = log.last(); index > core.membership_index() && log.is_cached(index); index = index.previous()) {
    that.must(log.cached(index).kind != EntryKind::membership, "the membership in force is the last one in the log.",
              index);
  }
  if (core.cluster().is_nil()) {
    that.must(log.last() == Index{}, "a replica without a cluster has no log.");
    that.must(core.role() == Role::follower, "a replica without a cluster only follows.");
  }
}

void check_leader(const Core& core, const Leader& leader, Sentences& that) {
  const Log& log = core.log();
  that.must(core.hard_state().vote == core.self(), "a leader has voted for itself.", core.hard_state().vote);
  const bool is_trimmed = leader.term_start <= log.start().index;
  that.must(is_trimmed || log.term_at(leader.term_start) == core.term(),
            "a leader's log has the entry that began its term.", leader.term_start);
  that.must(is_trimmed || leader.term_start == log.start().index.next() ||
                log.term_at(leader.term_start.previous()) < core.term(),
            "nothing of a leader's term stands before the entry that began it.", leader.term_start);
  that.must(leader.reads.size() <= core.options().pending_reads, "waiting reads are bounded.", leader.reads.size());
  std::size_t uncommitted = 0;
  for (Index index = core.commit().next(); index <= log.last() && log.is_cached(index); index = index.next()) {
    uncommitted += entry_bytes(log.cached(index));
  }
  that.must(uncommitted == leader.uncommitted_bytes, "a leader counts what is not committed.",
            leader.uncommitted_bytes);
  for (const Member& member : core.membership().members) {
    that.must(member.server == core.self() || leader.peers.contains(member.server),
              "a leader knows every member as a peer.", member.server);
  }
  for (const auto& [server, progress] : leader.peers) {
    that.must(server != core.self(), "a leader is no peer of its own.");
    that.must(core.membership().find(server) != nullptr, "a leader sends to members only.", server);
    that.must(progress.match() < progress.next(), "what a peer has lies before what it is sent next.", server);
    that.must(progress.next() <= log.last().next(), "a peer is not sent what does not exist.", server);
    that.must(progress.acked_round <= leader.round, "no round is confirmed that was not begun.", server);
  }
}

void check_role(const Core& core, Sentences& that) {
  if (const Leader* leader = leader_state(core)) {
    check_leader(core, *leader, that);
  } else if (core.role() == Role::candidate) {
    that.must(core.hard_state().vote == core.self(), "a candidate has voted for itself.", core.hard_state().vote);
  }
  if (core.role() == Role::candidate || core.role() == Role::pre_candidate) {
    that.must(core.membership().is_voter(core.self()) || core.membership_index() > core.commit(),
              "only voters campaign, and those whose removal may not be committed.");
  }
  that.must(core.leader() == core.self() || core.role() == Role::follower || core.leader().is_nobody(),
            "who campaigns follows nobody.", core.leader());
}

void check_leadership(const CoreMemory& before, const Core& after, Sentences& that) {
  const Leader* leader = leader_state(after);
  if (leader == nullptr || after.term() != before.hard_state.term) return;
  that.must(before.role == Role::leader || before.role == Role::candidate, "a leader was a candidate in its term.");
  if (before.role != Role::leader) return;
  that.must(before.last < after.log().start().index || after.log().term_at(before.last) == before.last_term,
            "a leader only appends to its log.", before.last);
  const auto digest = digest_at(after, before.last);
  that.must(!digest || *digest == before.last_digest, "a leader never changes an entry of its log.", before.last);
  that.must(before.round <= leader->round, "rounds are numbered upwards.", leader->round);
  for (const auto& [server, progress] : leader->peers) {
    const auto known = before.match.find(server);
    that.must(known == before.match.end() || known->second <= progress.match(),
              "what a peer has never shrinks in a term.", server);
  }
}

/// The highest index at which both logs have an entry of the same term; nothing if they share none that both still
/// know.
std::optional<Index> last_shared(const Core& one, const Core& other) {
  const Index lowest = std::max(one.log().start().index, other.log().start().index);
  Index index = std::min(one.log().last(), other.log().last());
  for (; index > lowest; index = index.previous()) {
    if (one.log().term_at(index) == other.log().term_at(index)) return index;
  }
  return std::nullopt;
}

bool may_be_equal(const std::optional<Digest>& one, const std::optional<Digest>& other) {
  return !one || !other || *one == *other;
}

BrokenSentences broken_in_pair(const Core& one, const Core& other) {
  Sentences that(one.self(), other.self());
  const bool both_lead = one.role() == Role::leader && other.role() == Role::leader;
  that.must(!both_lead || one.term() != other.term(), "election safety: a term has at most one leader.", one.term());

  // The digest covers everything before it, so one comparison at the highest shared entry proves the whole property.
  if (const auto shared = last_shared(one, other)) {
    that.must(may_be_equal(digest_at(one, *shared), digest_at(other, *shared)),
              "log matching: logs that share index and term of an entry are equal up to there.", *shared);
  }
  const Index committed = std::min(one.commit(), other.commit());
  if (committed >= one.log().start().index && committed >= other.log().start().index) {
    that.must(one.log().term_at(committed) == other.log().term_at(committed) &&
                  may_be_equal(digest_at(one, committed), digest_at(other, committed)),
              "state machine safety: what both know to be committed is the same.", committed);
  }
  return that.take();
}

/// Whatever `other` knows to be committed was committed in a term no later than `other`'s.
BrokenSentences broken_completeness(const Core& leader, const Core& other) {
  if (leader.role() != Role::leader || other.term() > leader.term()) return {};
  const Index committed = other.commit();
  if (committed < leader.log().start().index || committed < other.log().start().index) return {};
  Sentences that(leader.self(), other.self());
  that.must(leader.log().term_at(committed) == other.log().term_at(committed) &&
                may_be_equal(digest_at(leader, committed), digest_at(other, committed)),
            "leader completeness: a leader has everything that was committed before its term.", committed);
  return that.take();
}

}  // namespace

CoreMemory remember(const Core& core) {
  CoreMemory memory;
  memory.self = core.self();
  memory.hard_state = core.hard_state();
  memory.role = core.role();
  memory.last = core.log().last();
  memory.last_term = core.log().last_term();
  memory.last_digest = core.log().last_digest();
  memory.start = core.log().start().index;
  memory.commit = core.commit();
  memory.commit_digest = digest_at(core, core.commit());
  memory.handed_over = core.handed_over();
  memory.applied = core.applied();
  memory.stable = core.stable();
  memory.stable_term = core.log().term_at(core.stable()).value_or(Term{});
  memory.durable_term = core.durable_term();
  if (const Leader* leader = leader_state(core)) {
    memory.round = leader->round;
    for (const auto& [server, progress] : leader->peers) memory.match.emplace(server, progress.match());
  }
  return memory;
}

std::optional<Digest> digest_at(const Core& core, Index index) {
  const Log& log = core.log();
  if (core.cluster().is_nil()) return std::nullopt;  // its chain has not begun
  if (index == log.last()) return log.last_digest();
  if (log.is_cached(index)) return log.cached(index).digest;
  if (index == log.start().index) return log.start().digest;
  return std::nullopt;
}

BrokenSentences broken_in(const Core& core) {
  Sentences that(core.self());
  check_positions(core, that);
  check_log(core, that);
  check_membership(core, that);
  check_role(core, that);
  return that.take();
}

BrokenSentences broken_between(const CoreMemory& before, const Core& after) {
  Sentences that(after.self());
  that.must(before.self == after.self(), "a server keeps its identity.", before.self);
  that.must(before.hard_state.term <= after.term(), "the term never goes back.", before.hard_state.term);
  that.must(before.hard_state.term != after.term() || before.hard_state.vote.is_nobody() ||
                before.hard_state.vote == after.hard_state().vote,
            "a vote is given once in a term and never taken back.", before.hard_state.vote);
  that.must(before.commit <= after.commit(), "the commit index never falls.", before.commit);
  that.must(before.handed_over <= after.handed_over(), "what was handed over stays handed over.", before.handed_over);
  that.must(before.applied <= after.applied(), "what was applied stays applied.", before.applied);
  that.must(before.durable_term <= after.durable_term(), "what the disk has confirmed stays confirmed.",
            before.durable_term);
  that.must(before.start <= after.log().start().index, "what was trimmed does not come back.", before.start);
  const bool is_cut = after.log().last() < before.stable || after.log().term_at(before.stable) != before.stable_term;
  that.must(before.stable <= after.stable() || is_cut, "what is stable shrinks only by a truncation.", before.stable);
  that.must(may_be_equal(before.commit_digest, digest_at(after, before.commit)), "what is committed never changes.",
            before.commit);
  check_leadership(before, after, that);
  return that.take();
}

BrokenSentences broken_across(std::span<const Core* const> cores, const Core* changed) {
  BrokenSentences all;
  for (std::size_t one = 0; one < cores.size(); ++one) {
    for (std::size_t other = one + 1; other < cores.size(); ++other) {
      const bool is_asked = changed == nullptr || changed == cores[one] || changed == cores[other];
      if (!is_asked || cores[one]->cluster() != cores[other]->cluster()) continue;
      add(all, broken_in_pair(*cores[one], *cores[other]));
      add(all, broken_completeness(*cores[one], *cores[other]));
      add(all, broken_completeness(*cores[other], *cores[one]));
    }
  }
  return all;
}

BrokenSentences ClusterMemory::observe(const Core& core) {
  Sentences that(core.self());
  if (core.role() == Role::leader) {
    const ServerId first = leaders_.try_emplace(core.term(), core.self()).first->second;
    that.must(first == core.self(), "election safety: a term has at most one leader, ever; it had", first);
  }
  Index& compared = compared_.try_emplace(core.self(), Index{}).first->second;
  compared = std::min(compared, core.commit());  // a restart remembers less, and is compared anew
  for (Index index = compared.next(); index <= core.commit(); index = index.next()) {
    const auto digest = digest_at(core, index);
    if (!digest) continue;
    const Digest& first = committed_.try_emplace(index, *digest).first->second;
    that.must(first == *digest, "state machine safety: an index is committed with one entry, ever.", index);
  }
  compared = core.commit();
  if (core.role() == Role::leader && !committed_.empty()) {
    const auto& [index, digest] =
        *std::prev(committed_.upper_bound(std::max(core.log().last(), committed_.begin()->first)));
    const auto ours = digest_at(core, index);
    const bool is_newest_leader = leaders_.rbegin()->first == core.term();
    that.must(!is_newest_leader || core.log().last() >= committed(),
              "the newest leader has everything that was ever committed.");
    that.must(!is_newest_leader || !ours || *ours == digest, "the newest leader has what was committed, unchanged.",
              index);
  }
  return that.take();
}

BrokenSentences ClusterMemory::observe_sent(const Message& message) {
  Sentences that(message.from);
  const auto* reply = std::get_if<VoteReply>(&message.body);
  if ((reply != nullptr && reply->granted) || std::holds_alternative<VoteRequest>(message.body)) {
    // Who asks for votes has given its own.
    const ServerId candidate = reply != nullptr ? message.to : message.from;
    const ServerId first = votes_.try_emplace({message.from, message.term}, candidate).first->second;
    that.must(first == candidate, "a server votes once in a term, whatever happens to it; it had voted for", first);
  }
  if (std::holds_alternative<AppendRequest>(message.body)) {
    const ServerId first = appenders_.try_emplace(message.term, message.from).first->second;
    that.must(first == message.from, "one server sends appends in a term; it was", first);
  }
  return that.take();
}

Index ClusterMemory::committed() const { return committed_.empty() ? Index{} : committed_.rbegin()->first; }

}  // namespace parley::raft
