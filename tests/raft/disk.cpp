#include "tests/raft/disk.hpp"

#include <algorithm>

#include "common/base/chain.hpp"
#include "common/base/ensure.hpp"

namespace parley::raft::harness {

void Disk::write(const Persist& persist) {
  if (persist.restart) {
    ENSURE_LT(commit_, persist.restart->start.index);
    start_ = persist.restart->start;
    start_membership_ = persist.restart->membership;
    entries_.clear();
    commit_ = start_.index;
  }
  if (persist.adopt) {
    ENSURE(cluster_.is_nil());
    cluster_ = *persist.adopt;
    start_.digest = chain_start(cluster_);
  }
  if (persist.hard_state) {
    ENSURE_LE(hard_state_.term, persist.hard_state->term);
    const bool is_same_term = hard_state_.term == persist.hard_state->term;
    ENSURE(!is_same_term || hard_state_.vote.is_nobody() || hard_state_.vote == persist.hard_state->vote);
    hard_state_ = *persist.hard_state;
  }
  if (!persist.entries.empty()) {
    const Index from = persist.entries.front().index;
    ENSURE_LT(start_.index, from);
    ENSURE_LE(from, last().next());
    ENSURE_LT(commit_, from);
    entries_.erase(entries_.lower_bound(from), entries_.end());
  }
  for (const Entry& entry : persist.entries) {
    ENSURE_EQ(entry.index, last().next());
    ENSURE_LE(entry.term, hard_state_.term);
    const Digest& before = entries_.empty() ? start_.digest : entries_.rbegin()->second.digest;
    ENSURE_EQ(entry.digest, chain_next(before, entry));
    entries_.emplace(entry.index, entry);
  }
  commit_ = std::max(commit_, persist.commit);
  ENSURE_LE(commit_, last());
}

Restored Disk::restore(Index applied) const {
  Restored restored;
  restored.cluster = cluster_;
  restored.hard_state = hard_state_;
  restored.start = start_;
  restored.last = last();
  restored.last_digest = entries_.empty() ? start_.digest : entries_.rbegin()->second.digest;
  restored.applied = std::max(applied, start_.index);
  restored.commit = std::max(commit_, restored.applied);
  if (start_membership_.index > Index{}) restored.memberships.push_back(start_membership_);
  for (const auto& [index, entry] : entries_) {
    if (restored.runs.empty() || restored.runs.back().term != entry.term) restored.runs.push_back({index, entry.term});
    if (index >= restored.commit) restored.tail.push_back(entry);
    if (entry.kind != EntryKind::membership) continue;
    auto membership = decode_membership(entry.payload.view());
    ENSURE(membership.has_value());
    restored.memberships.push_back({index, std::move(*membership)});
  }
  return restored;
}

std::vector<Entry> Disk::read(Index from, Index to, std::size_t max_bytes) const {
  std::vector<Entry> read;
  std::size_t bytes = 0;
  for (auto at = entries_.find(from); at != entries_.end() && at->first <= to; ++at) {
    bytes += entry_bytes(at->second);
    if (bytes > max_bytes && !read.empty()) break;
    read.push_back(at->second);
  }
  return read;
}

void Disk::trim(Index up_to) {
  ENSURE_LE(up_to, last());
  commit_ = std::max(commit_, up_to);
  while (!entries_.empty() && entries_.begin()->first <= up_to) {
    const Entry& entry = entries_.begin()->second;
    start_ = {entry.index, entry.term, entry.digest, entry.time};
    if (entry.kind == EntryKind::membership)
      start_membership_ = {entry.index, *decode_membership(entry.payload.view())};
    entries_.erase(entries_.begin());
  }
}

ImageReceived Disk::image_at(Index at) const {
  Disk copy = *this;
  copy.trim(at);
  return {copy.start_, copy.start_membership_};
}

}  // namespace parley::raft::harness
