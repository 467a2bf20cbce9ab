#include "common/raft/log.hpp"

#include <algorithm>

#include "common/base/chain.hpp"

namespace parley::raft {

Log::Log(const LogStart& start, std::vector<TermRun> runs, Index last, const Digest& last_digest,
         std::vector<Entry> tail)
    : start_(start), runs_(std::move(runs)), last_(last), last_digest_(last_digest) {
  ENSURE_LE(start_.index, last_);
  ENSURE((start_.index == last_) == runs_.empty());
  ENSURE((start_.index == last_) == tail.empty());
  if (!tail.empty()) ENSURE_EQ(tail.back().index, last_);
  for (Entry& entry : tail) {
    if (!cache_.empty()) ENSURE_EQ(entry.index, cache_.back().index.next());
    cached_bytes_ += entry_bytes(entry);
    cache_.push_back(std::move(entry));
  }
}

std::optional<Term> Log::term_at(Index index) const {
  if (index == start_.index) return start_.term;
  if (index < start_.index || index > last_) return std::nullopt;
  const auto after = std::ranges::upper_bound(runs_, index, {}, &TermRun::first);
  ENSURE(after != runs_.begin());
  return std::prev(after)->term;
}

Index Log::last_not_above(Index bound, Term term) const {
  Index index = std::min(bound, last_);
  if (index <= start_.index) return start_.index;
  auto run = std::ranges::upper_bound(runs_, index, {}, &TermRun::first);
  while (run != runs_.begin()) {
    --run;
    if (run->term <= term) return index;
    index = run->first.previous();
  }
  return start_.index;
}

bool Log::is_up_to_date(Index last_index, Term other_last_term) const {
  if (other_last_term != last_term()) return other_last_term > last_term();
  return last_index >= last_;
}

void Log::begin_chain(const Digest& start_digest) {
  ENSURE_EQ(last_, Index{});
  start_.digest = start_digest;
  last_digest_ = start_digest;
}

const Entry& Log::append(Entry entry) {
  ENSURE_EQ(entry.index, last_.next());
  ENSURE_LE(last_term(), entry.term);
  entry.digest = chain_next(last_digest_, entry);
  if (runs_.empty() || runs_.back().term != entry.term) runs_.push_back({entry.index, entry.term});
  last_ = entry.index;
  last_digest_ = entry.digest;
  cached_bytes_ += entry_bytes(entry);
  cache_.push_back(std::move(entry));
  return cache_.back();
}

void Log::truncate_from(Index from) {
  ENSURE_LT(start_.index, from);
  while (last_ >= from) {
    ENSURE(!cache_.empty());
    cached_bytes_ -= entry_bytes(cache_.back());
    cache_.pop_back();
    last_ = last_.previous();
    while (!runs_.empty() && runs_.back().first > last_) runs_.pop_back();
  }
  if (!cache_.empty()) {
    last_digest_ = cache_.back().digest;
  } else {
    // Only what follows the last committed entry is ever truncated, and that one stays cached or is the start itself.
    ENSURE_EQ(last_, start_.index);
    last_digest_ = start_.digest;
  }
}

void Log::trim_to(const LogStart& start) {
  ENSURE_LE(start_.index, start.index);
  ENSURE_EQ(term_at(start.index).value_or(Term{}), start.term);
  if (start.index == start_.index) return;
  start_ = start;
  const auto after = std::ranges::upper_bound(runs_, start.index.next(), {}, &TermRun::first);
  runs_.erase(runs_.begin(), after == runs_.begin() ? after : std::prev(after));
  if (start.index == last_) runs_.clear();
  if (!runs_.empty()) runs_.front().first = std::max(runs_.front().first, start.index.next());
  while (!cache_.empty() && cache_.front().index <= start.index) {
    cached_bytes_ -= entry_bytes(cache_.front());
    cache_.pop_front();
  }
}

std::size_t Log::slot(Index index) const {
  ENSURE(is_cached(index));
  return cache_.size() - 1 - static_cast<std::size_t>((last_ - index).value);
}

const Entry& Log::cached(Index index) const { return cache_[slot(index)]; }

std::vector<Entry> Log::cached_range(Index from, Index to, std::size_t max_bytes) const {
  std::vector<Entry> entries;
  if (from > to) return entries;
  std::size_t bytes = 0;
  const std::size_t end = slot(to) + 1;
  for (std::size_t at = slot(from); at < end; ++at) {
    bytes += entry_bytes(cache_[at]);
    if (bytes > max_bytes && !entries.empty()) break;
    entries.push_back(cache_[at]);
  }
  return entries;
}

void Log::evict(Index up_to, std::size_t bytes) {
  // One entry always stays, so that a truncation behind it finds its digest.
  while (cache_.size() > 1 && cached_bytes_ > bytes && cache_.front().index < up_to) {
    cached_bytes_ -= entry_bytes(cache_.front());
    cache_.pop_front();
  }
}

}  // namespace parley::raft
