#pragma once
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "common/base/entry.hpp"

namespace parley::raft {

/// Entries from `first` on, up to the next run, are of `term`.
struct TermRun {
  Index first;
  Term term;
  friend bool operator==(const TermRun&, const TermRun&) = default;
};

/// The entry before the first one that a log still has; index 0 for a log from the beginning.
struct LogStart {
  Index index;
  Term term;
  Digest digest;
  EntryTime time{};  ///< of that entry: cluster time goes on from it when the log behind it is empty
};

/// The core's view of the log: the term of every entry, and the newest entries themselves. The rest is on disk, and the
/// core asks for it by EntriesWanted. What is uncommitted is always here, so that a truncation needs no disk.
///
/// Invariants: indexes are dense; terms never fall; the cache ends at last().
class Log {
 public:
  Log() = default;
  /// `tail` holds the newest entries without a gap up to `last`: all that may still be truncated, and the one before
  /// those (for its digest) unless that is the start. `runs` covers (start, last].
  Log(const LogStart& start, std::vector<TermRun> runs, Index last, const Digest& last_digest, std::vector<Entry> tail);

  [[nodiscard]] Index first() const { return start_.index.next(); }
  [[nodiscard]] Index last() const { return last_; }
  [[nodiscard]] Term last_term() const { return runs_.empty() ? start_.term : runs_.back().term; }
  /// The chain up to last().
  [[nodiscard]] const Digest& last_digest() const { return last_digest_; }
  [[nodiscard]] const LogStart& start() const { return start_; }

  /// Nothing for an index that is not in (start, last], but for the start itself.
  [[nodiscard]] std::optional<Term> term_at(Index index) const;
  /// The highest index not above `bound` whose term is not above `term`; the start if there is none.
  [[nodiscard]] Index last_not_above(Index bound, Term term) const;
  /// Thesis 3.6.1: a log is as good as ours if its last term is higher, or equal with a last index that is not lower.
  [[nodiscard]] bool is_up_to_date(Index last_index, Term last_term) const;

  /// For a log that belonged to no cluster yet: where its chain begins.
  void begin_chain(const Digest& start_digest);
  /// Appends behind last(), whose index and term it must continue; its digest is computed here. The reference lives
  /// until the next call that changes the log.
  const Entry& append(Entry entry);
  /// Drops `from` and everything behind it. They must be in the cache.
  void truncate_from(Index from);

  /// The log on disk begins behind `start` now, an entry of this log. What is in memory stays.
  void trim_to(const LogStart& start);

  [[nodiscard]] bool is_cached(Index index) const { return index <= last_ && index > last_ - Count{cache_.size()}; }
  /// A cached entry; the reference lives until the next call that changes the log.
  [[nodiscard]] const Entry& cached(Index index) const;
  /// Copies of cached entries from `from` up to `to`, as many as fit `max_bytes`, but at least one. Payloads are
  /// shared.
  [[nodiscard]] std::vector<Entry> cached_range(Index from, Index to, std::size_t max_bytes) const;
  /// Drops the oldest entries from memory while they take more than `bytes`, but none above `up_to`.
  void evict(Index up_to, std::size_t bytes);
  [[nodiscard]] std::size_t cached_bytes() const { return cached_bytes_; }

 private:
  [[nodiscard]] std::size_t slot(Index index) const;

  LogStart start_;
  std::vector<TermRun> runs_;
  Index last_;
  Digest last_digest_;
  std::deque<Entry> cache_;
  std::size_t cached_bytes_ = 0;
};

}  // namespace parley::raft
