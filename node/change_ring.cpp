#include "node/change_ring.hpp"

#include <algorithm>

#include "common/base/ensure.hpp"
#include "common/base/feed_limits.hpp"

namespace parley::node {

void ChangeRing::begin_behind(Index index) {
  blocks_.clear();
  begin_ = last_ = index;
}

void ChangeRing::add(Index index, const EntryTime& time, std::span<const app::KeyChange> changes) {
  using Previous = app::ChangeRecord::Previous;
  ENSURE_EQ(index, last_.next());
  last_ = index;
  std::size_t previous_bytes = 0;
  for (const app::KeyChange& change : changes) {
    app::ChangeRecord record{index, time, change.key, change.value, Previous::none, {}};
    if (change.previous) {
      previous_bytes += change.previous->size();
      record.previous = previous_bytes <= limits::previous_bytes_per_entry ? Previous::value : Previous::omitted;
      if (record.previous == Previous::value) record.previous_value = *change.previous;
    }
    add(record);
  }
}

void ChangeRing::add(const app::ChangeRecord& change) {
  const bool is_first = blocks_.empty() || blocks_.back().places.back().index != change.index;
  // The changes of an entry stay in one block.
  if (blocks_.empty() || (is_first && blocks_.back().bytes.size() >= block_bytes_)) {
    if (blocks_.size() == blocks) {
      begin_ = blocks_.front().places.back().index;
      blocks_.pop_front();
    }
    blocks_.emplace_back();
    blocks_.back().bytes.reserve(block_bytes_);
  }
  Block& block = blocks_.back();
  if (is_first) block.places.push_back({change.index, block.bytes.size()});
  app::append_change(change, block.bytes);
}

void ChangeRing::visit(Index after, const std::function<bool(const app::ChangeRecord&)>& visitor) const {
  ENSURE_LE(begin_, after);
  auto block =
      std::ranges::lower_bound(blocks_, after.next(), {}, [](const Block& b) { return b.places.back().index; });
  if (block == blocks_.end()) return;
  const auto place = std::ranges::lower_bound(block->places, after.next(), {}, &Place::index);
  std::size_t offset = place->offset;
  for (; block != blocks_.end(); ++block) {
    BytesView left = BytesView(block->bytes).substr(offset);
    while (!left.empty()) {
      const auto change = app::take_change(left);
      ENSURE(change.has_value());
      if (!visitor(*change)) return;
    }
    offset = 0;
  }
}

}  // namespace parley::node
