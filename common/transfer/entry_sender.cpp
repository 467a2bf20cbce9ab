#include "common/transfer/entry_sender.hpp"

#include <algorithm>

#include "common/base/ensure.hpp"
#include "common/transfer/range_block.hpp"

namespace parley::transfer {

EntrySender::EntrySender(Index from, Index to, std::uint64_t window) : next_(from), to_(to), credit_(window) {
  ENSURE(from.value > 0);
  ENSURE(is_feed() || from <= to);
}

std::optional<EntrySender::Reading> EntrySender::wanted(Index last) const {
  if (is_done() || next_ > last || !has_credit()) return std::nullopt;
  const std::uint64_t bytes = std::min<std::uint64_t>(credit_.room(), limits::range_chunk_bytes);
  return Reading{next_, is_feed() ? last : std::min(to_, last), static_cast<std::size_t>(bytes)};
}

Result<EntryChunk> EntrySender::take(const EntryRun& run) {
  ENSURE(!is_done() && !run.entries.empty());
  if (run.entries.front().entry.index != next_ || (sent_ && run.before != *sent_)) {
    return fail(ErrorCode::corrupt, "the entries from " + std::to_string(next_.value) +
                                        " on, as they are read now, do not follow the one before");
  }
  EntryChunk chunk;
  chunk.first = next_;
  chunk.before = run.before;
  const std::uint64_t room = std::min<std::uint64_t>(credit_.room(), limits::range_chunk_bytes);
  Bytes block;
  std::size_t read_bytes = 0;
  for (const RangeEntry& item : run.entries) {
    if (item.entry.index != next_)
      return fail(ErrorCode::corrupt, "entry " + std::to_string(next_.value) + " is missing in what was read");
    read_bytes += entry_bytes(item.entry) + item.detail.size();
    if (is_done() || (chunk.count > 0 && (read_bytes > room || chunk.count == limits::range_chunk_entries))) break;
    append_range_entry(block, item);
    chunk.after = item.entry.digest;
    ++chunk.count;
    next_ = next_.next();
  }
  credit_.spend(block.size());
  sent_ = chunk.after;
  chunk.block = SharedBytes(std::move(block));
  chunk.is_last = is_done();
  chunk.checksum = chunk_checksum(chunk);
  return chunk;
}

}  // namespace parley::transfer
