#pragma once
#include <map>
#include <optional>
#include <vector>

#include "common/base/result.hpp"
#include "common/transfer/range.hpp"

namespace parley::transfer {

/// Takes in the entries of one range, or all that come, and believes no source: each chunk must begin where the last
/// one ended, continue the chain that is computed here, and lead to the digest that it states itself and to whatever
/// was stated of an index before. It outlives the stream: after a loss, or an error, ask this source or another for
/// what follows next(). An error changes nothing here but
/// what disagreement() says. No thread and no clock.
class EntryReceiver {
 public:
  /// `to` is included, 0 for a range without end. `before`: the chain before `from`, as it is known from elsewhere
  /// (chain_start() for the first entry, an image, what was received earlier); otherwise what the first chunk says of
  /// it is taken for true, and only expect() can find that it is another chain.
  EntryReceiver(Index from, Index to, std::optional<Digest> before);

  /// What a head, an image or another source states of an index. It is compared when that entry comes; `corrupt` now,
  /// if it is the last one taken and differs. Of what came before that, nothing can be said any more.
  [[nodiscard]] Status expect(Index index, const Digest& digest);

  /// The entries of a chunk, verified, with their digests. `corrupt`, naming the index, if bits have flipped, entries
  /// are missing or too many, or the chain is another.
  [[nodiscard]] Result<std::vector<RangeEntry>> take(const EntryChunk& chunk);

  /// That what came is sound in itself, and leads to another digest than was known before.
  struct Disagreement {
    Index index;
    Digest found;   ///< what came says, or leads to
    Digest stated;  ///< computed from what came before, or told by expect()
  };
  /// Of the last take(), if it was for this that it failed: whoever knows who stated what can tell who is in doubt.
  [[nodiscard]] const std::optional<Disagreement>& disagreement() const { return disagreement_; }

  /// The entry that is wanted next.
  [[nodiscard]] Index next() const { return next_; }
  [[nodiscard]] Index to() const { return to_; }
  /// The chain before it, if it is known.
  [[nodiscard]] const std::optional<Digest>& digest() const { return digest_; }
  [[nodiscard]] bool is_complete() const { return to_.value != 0 && next_ > to_; }

 private:
  [[nodiscard]] Status check_frame(const EntryChunk& chunk);
  [[nodiscard]] Status follow(const EntryChunk& chunk, std::vector<RangeEntry>& entries);

  Index next_;
  Index to_;
  std::optional<Digest> digest_;
  Term term_;
  std::map<Index, Digest> expected_;  ///< from next_ on
  std::optional<Disagreement> disagreement_;
};

}  // namespace parley::transfer
