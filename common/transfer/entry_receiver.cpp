#include "common/transfer/entry_receiver.hpp"

#include <string>

#include "common/base/chain.hpp"
#include "common/base/ensure.hpp"
#include "common/base/range_limits.hpp"
#include "common/transfer/range_block.hpp"

namespace parley::transfer {
namespace {

std::string text(Index index) { return std::to_string(index.value); }

std::unexpected<Error> corrupt(std::string what) { return fail(ErrorCode::corrupt, std::move(what)); }

Digest next_digest(const Digest& before, const RangeEntry& item) {
  return item.payload_hash ? chain_next(before, item.entry, *item.payload_hash) : chain_next(before, item.entry);
}

bool leads_to_its_end(const EntryChunk& chunk, const std::vector<RangeEntry>& entries) {
  Digest digest = chunk.before;
  for (const RangeEntry& item : entries) digest = next_digest(digest, item);
  return digest == chunk.after;
}

std::unexpected<Error> other_digest(Index index, const Digest& found, const Digest& stated) {
  return corrupt("entry " + text(index) + " has the digest " + found.text() + ", and " + stated.text() +
                 " was stated for it");
}

}  // namespace

EntryReceiver::EntryReceiver(Index from, Index to, std::optional<Digest> before)
    : next_(from), to_(to), digest_(std::move(before)) {
  ENSURE(from.value > 0);
}

Status EntryReceiver::expect(Index index, const Digest& digest) {
  if (index >= next_) {
    const auto known = expected_.try_emplace(index, digest).first;
    if (known->second != digest) return other_digest(index, digest, known->second);
    // The newest ones go: the nearest are of use first.
    if (expected_.size() > limits::range_expected) expected_.erase(std::prev(expected_.end()));
    return {};
  }
  if (index.next() == next_ && digest_ && *digest_ != digest) return other_digest(index, *digest_, digest);
  return {};
}

Result<std::vector<RangeEntry>> EntryReceiver::take(const EntryChunk& chunk) {
  disagreement_.reset();
  if (const Status frame = check_frame(chunk); !frame) return std::unexpected(frame.error());
  auto entries = read_range_block(chunk.block, chunk.count, chunk.first);
  if (!entries) {
    return corrupt("the entries from " + text(chunk.first) + " on do not follow their layout");
  }
  if (const Status followed = follow(chunk, *entries); !followed) return std::unexpected(followed.error());
  const Entry& last = entries->back().entry;
  next_ = last.index.next();
  digest_ = last.digest;
  term_ = last.term;
  expected_.erase(expected_.begin(), expected_.lower_bound(next_));
  return std::move(*entries);
}

/// What can be said of a chunk without looking at its entries.
Status EntryReceiver::check_frame(const EntryChunk& chunk) {
  if (is_complete()) return corrupt("more entries came than were asked for, beyond " + text(to_));
  if (chunk_checksum(chunk) != chunk.checksum)
    return corrupt("the entries from " + text(next_) + " on have a wrong checksum");
  if (chunk.first > next_) {
    return corrupt("entry " + text(next_) + " is missing: the next ones begin at " + text(chunk.first));
  }
  if (chunk.first < next_) {
    return corrupt("entry " + text(next_) + " is missing: " + text(chunk.first) + " comes again");
  }
  if (chunk.count == 0 || chunk.count > limits::range_chunk_entries)
    return corrupt("entry " + text(next_) + " comes in a chunk of " + std::to_string(chunk.count) + " entries");
  if (digest_ && chunk.before != *digest_) {
    const auto entries = read_range_block(chunk.block, chunk.count, chunk.first);
    if (entries && leads_to_its_end(chunk, *entries)) disagreement_ = {next_.previous(), chunk.before, *digest_};
    return corrupt("entry " + text(next_) + " belongs to another chain: the digest before it is " + digest_->text() +
                   ", not " + chunk.before.text());
  }
  // The indexes may be as large as they can be, and must not overflow here.
  const Count others{chunk.count - 1};
  const bool is_bounded = to_.value != 0;
  if (is_bounded && others > to_ - next_) return corrupt("more entries came than were asked for, beyond " + text(to_));
  const bool reaches_end = is_bounded && others == to_ - next_;
  if (chunk.is_last == reaches_end) return {};
  if (reaches_end) return corrupt("entry " + text(to_) + " was asked for as the last, and more were announced");
  return corrupt("the range was said to end before entry " + text(is_bounded ? to_ : next_));
}

/// Computes the chain, and compares it with all that was stated of it.
Status EntryReceiver::follow(const EntryChunk& chunk, std::vector<RangeEntry>& entries) {
  Digest digest = chunk.before;
  Term term = term_;
  auto expected = expected_.begin();
  for (RangeEntry& item : entries) {
    Entry& entry = item.entry;
    if (entry.term < term) return corrupt("entry " + text(entry.index) + " has a lower term than the one before it");
    term = entry.term;
    digest = next_digest(digest, item);
    entry.digest = digest;
    if (expected == expected_.end() || expected->first != entry.index) continue;
    if (expected->second != digest) {
      // Only if the source itself holds it for its chain; what has flipped on its side gives another digest, too.
      if (leads_to_its_end(chunk, entries)) disagreement_ = {entry.index, digest, expected->second};
      return other_digest(entry.index, digest, expected->second);
    }
    ++expected;
  }
  if (digest == chunk.after) return {};
  return corrupt("the entries from " + text(chunk.first) + " to " + text(entries.back().entry.index) +
                 " are not those of which the source has kept the digest " + chunk.after.text() + ": they give " +
                 digest.text());
}

}  // namespace parley::transfer
