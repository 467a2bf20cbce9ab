#pragma once
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include "common/base/chain.hpp"
#include "common/base/random.hpp"
#include "common/transfer/entry_receiver.hpp"
#include "common/transfer/entry_sender.hpp"
#include "common/transfer/range_block.hpp"

namespace parley::transfer::testing {

inline ClusterId cluster(std::uint8_t number) {
  ClusterId id;
  id.bytes.fill(number);
  return id;
}

/// A log in memory, as a source reads it: entries from `first` on, each with the digest that was kept for it.
class FakeLog {
 public:
  explicit FakeLog(ClusterId id = cluster(1)) : before_(chain_start(id)) {}

  void append(std::string payload, EntryKind kind = EntryKind::command, Term term = Term{1}) {
    RangeEntry item;
    item.entry.index = last().next();
    item.entry.term = term;
    item.entry.kind = kind;
    item.entry.time = {item.entry.index.value * 10, item.entry.index.value * 1000};
    item.entry.payload = SharedBytes(std::move(payload));
    item.entry.digest = chain_next(digest_at(last()), item.entry);
    entries_.push_back(std::move(item));
  }
  /// Entries of any size up to `most` bytes, and now and then a new term or one without a payload.
  void append_random(Random& random, int count, std::size_t most) {
    Term term{entries_.empty() ? 1 : entries_.back().entry.term.value};
    for (int i = 0; i < count; ++i) {
      if (random.one_in(20)) {
        term = term.next();
        append("", EntryKind::noop, term);
      } else {
        append(std::string(random.below(most + 1), static_cast<char>('a' + random.below(26))), EntryKind::command,
               term);
      }
    }
  }
  /// Drops the payload, as a compacted archive does.
  void reduce(Index index, std::string rest) {
    RangeEntry& item = at(index);
    item.payload_hash = blake2b(item.entry.payload.view());
    item.entry.payload = SharedBytes(std::move(rest));
  }
  void trim_before(Index first) {
    before_ = digest_at(first.previous());
    entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(first.value - first_.value));
    first_ = first;
  }

  [[nodiscard]] Index first() const { return first_; }
  [[nodiscard]] Index last() const { return Index{first_.value + entries_.size() - 1}; }
  [[nodiscard]] RangeEntry& at(Index index) { return entries_.at(index.value - first_.value); }
  [[nodiscard]] const RangeEntry& at(Index index) const { return entries_.at(index.value - first_.value); }
  [[nodiscard]] Digest digest_at(Index index) const {
    return index.next() == first_ ? before_ : at(index).entry.digest;
  }
  [[nodiscard]] LogPoint point(Index index) const {
    if (index.next() == first_) return {index, {}, {}, before_};
    const Entry& entry = at(index).entry;
    return {index, entry.term, entry.time, entry.digest};
  }
  /// As wal::Log::read: the entries [from, to], fewer beyond `max_bytes`, but one.
  [[nodiscard]] EntryRun read(Index from, Index to, std::size_t max_bytes) const {
    EntryRun run;
    if (from < first_ || from > last()) return run;
    run.before = digest_at(from.previous());
    std::size_t bytes = 0;
    for (Index index = from; index <= std::min(to, last()); index = index.next()) {
      bytes += entry_bytes(at(index).entry);
      if (!run.entries.empty() && bytes > max_bytes) break;
      run.entries.push_back(at(index));
    }
    return run;
  }

 private:
  Index first_{1};
  Digest before_;
  std::vector<RangeEntry> entries_;
};

/// The next chunk that this sender makes of this log, if it may.
inline std::optional<EntryChunk> next_chunk(EntrySender& sender, const FakeLog& log) {
  const auto wanted = sender.wanted(log.last());
  if (!wanted) return std::nullopt;
  auto chunk = sender.take(log.read(wanted->from, wanted->to, wanted->max_bytes));
  REQUIRE(chunk);
  return *chunk;
}

/// True if these are the entries of the log from `from` on.
inline bool are_of(const FakeLog& log, Index from, const std::vector<RangeEntry>& entries) {
  Index index = from;
  return std::ranges::all_of(entries, [&](const RangeEntry& item) {
    const bool is_same = item == log.at(index);
    index = index.next();
    return is_same;
  });
}

}  // namespace parley::transfer::testing
