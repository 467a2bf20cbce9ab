#pragma once
#include <cstdint>
#include <optional>

#include "common/base/result.hpp"
#include "common/transfer/credit.hpp"
#include "common/transfer/range.hpp"

namespace parley::transfer {

/// Sends the entries of one range, or all that come, in order and under credit. It says what is to be read and makes
/// chunks of it. No thread and no clock: who waits, and for how long, is its owner's to say.
class EntrySender {
 public:
  /// `from` is at least 1; `to` is included, and 0 stands for a range without end.
  EntrySender(Index from, Index to, std::uint64_t window);

  /// False for a credit that the receiver cannot have earned.
  [[nodiscard]] bool grant(std::uint64_t total) { return credit_.grant(total); }

  struct Reading {
    Index from;
    Index to;
    std::size_t max_bytes = 0;  ///< as entry_bytes counts; a first entry that is larger is wanted all the same
  };
  /// What to read now that the entries up to `last` are there; nothing if there is nothing new, no credit, or no more.
  [[nodiscard]] std::optional<Reading> wanted(Index last) const;
  /// True if it is not over, has sent all that is there, and so waits for more.
  [[nodiscard]] bool waits(Index last) const { return !is_done() && next_ > last; }
  [[nodiscard]] bool has_credit() const { return credit_.has_room(); }

  /// A chunk of as many of these entries as may go now; there must be one at least. `corrupt`, naming the index, if
  /// they are not the next ones, or do not follow what was sent before.
  [[nodiscard]] Result<EntryChunk> take(const EntryRun& run);

  /// The next entry to be sent.
  [[nodiscard]] Index next() const { return next_; }
  [[nodiscard]] bool is_feed() const { return to_.value == 0; }
  [[nodiscard]] bool is_done() const { return !is_feed() && next_ > to_; }

 private:
  Index next_;
  Index to_;
  CreditSpent credit_;
  std::optional<Digest> sent_;  ///< the chain behind what was sent
};

}  // namespace parley::transfer
