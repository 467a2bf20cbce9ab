#include "common/wal/log_state.hpp"

#include <algorithm>

#include "common/base/chain.hpp"

namespace parley::wal {
namespace {

template <class... Cases>
struct Match : Cases... {
  using Cases::operator()...;
};

}  // namespace

LogState LogState::at(const SegmentHeader& header) {
  LogState state;
  state.identity = header.identity;
  state.hard_state = header.hard_state;
  state.start = header.before;
  state.last = header.before;
  state.commit_hint = header.commit;
  state.declared_synced = header.synced;
  state.may_be_reduced = header.reduced;
  if (!header.membership.payload.empty()) state.memberships.push_back(header.membership);
  return state;
}

std::string_view LogState::objection(const Record& record) const {
  return std::visit(Match{
                        [](const BatchRecord&) -> std::string_view { return {}; },
                        [&](const IdentityRecord& joined) -> std::string_view {
                          if (!identity.cluster.is_nil() && identity.cluster != joined.cluster)
                            return "it belongs to another cluster";
                          return {};
                        },
                        [&](const raft::HardState& next) -> std::string_view {
                          if (next.term < hard_state.term) return "its term goes backward";
                          const bool voted = next.term == hard_state.term && !hard_state.vote.is_nobody();
                          if (voted && next.vote != hard_state.vote) return "it changes a vote that was given";
                          return {};
                        },
                        [&](const EntryRecord& entry) -> std::string_view {
                          if (entry.index > last.index.next()) return "it leaves a gap";
                          if (entry.index <= start.index) return "it replaces an entry from before the log's begin";
                          if (entry.term < term_at(entry.index.previous()))
                            return "its term is below that of the entry before";
                          if (entry.payload_hash && !may_be_reduced)
                            return "it is reduced, in a segment that was not rewritten";
                          return {};
                        },
                        [](const SealRecord&) -> std::string_view { return "another segment should follow there"; },
                    },
                    record);
}

void LogState::apply(const Record& record, std::uint64_t position) {
  std::visit(Match{
                 [&](const BatchRecord& batch) {
                   declared_synced = std::max(declared_synced, batch.synced);
                   commit_hint = std::max(commit_hint, batch.commit);
                 },
                 [&](const IdentityRecord& joined) {
                   identity.cluster = joined.cluster;
                   // The chain begins with the cluster, so one that has not begun begins again.
                   if (last.index == Index{0}) last.digest = start.digest = chain_start(joined.cluster);
                 },
                 [&](const raft::HardState& next) { hard_state = next; },
                 [&](const EntryRecord& entry) { append(entry, position); },
                 [](const SealRecord&) {},
             },
             record);
}

void LogState::append(const EntryRecord& entry, std::uint64_t position) {
  const bool replaces = entry.index <= last.index;
  if (replaces) truncate_from(entry.index);
  const bool far = !marks.empty() && (entry.index.value - marks.back().index.value >= limits::mark_entries ||
                                      position - marks.back().position >= limits::mark_bytes);
  if (replaces || mark_next || marks.empty() || far) marks.push_back({entry.index, position});
  mark_next = false;
  if (term_runs.empty() || term_runs.back().term != entry.term) term_runs.push_back({entry.index, entry.term});
  if (entry.kind == EntryKind::membership) memberships.push_back({entry.index, Bytes(entry.payload)});
  last = {entry.index, entry.term, entry.digest, entry.time};
}

void LogState::truncate_from(Index index) {
  while (!marks.empty() && marks.back().index >= index) marks.pop_back();
  while (!term_runs.empty() && term_runs.back().first >= index) term_runs.pop_back();
  while (!memberships.empty() && memberships.back().index >= index) memberships.pop_back();
}

void LogState::trim_to(const Start& new_start) {
  start = new_start;
  std::erase_if(marks, [&](const Mark& mark) { return mark.index <= start.index; });
  const auto run = std::ranges::upper_bound(term_runs, start.index.next(), {}, &TermRun::first);
  if (run != term_runs.begin()) term_runs.erase(term_runs.begin(), std::prev(run));
  if (start.index == last.index) term_runs.clear();
  if (!term_runs.empty()) term_runs.front().first = start.index.next();
  const auto membership = std::ranges::upper_bound(memberships, start.index, {}, &MembershipAt::index);
  if (membership != memberships.begin()) memberships.erase(memberships.begin(), std::prev(membership));
}

Term LogState::term_at(Index index) const {
  if (index == start.index) return start.term;
  ENSURE_LT(start.index, index);
  ENSURE_LE(index, last.index);
  return std::prev(std::ranges::upper_bound(term_runs, index, {}, &TermRun::first))->term;
}

const LogState::Mark& LogState::mark_before(Index index) const {
  ENSURE_LT(start.index, index);
  ENSURE_LE(index, last.index);
  const auto above = std::ranges::upper_bound(marks, index, {}, &Mark::index);
  ENSURE(above != marks.begin());
  return *std::prev(above);
}

MembershipAt LogState::membership_in_force() const { return memberships.empty() ? MembershipAt{} : memberships.back(); }

}  // namespace parley::wal
