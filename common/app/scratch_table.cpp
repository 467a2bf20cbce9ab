#include "common/app/scratch_table.hpp"

namespace parley::app {

std::optional<BytesView> ScratchTable::get(BytesView key) const {
  const auto change = changes_.find(key);
  if (change == changes_.end()) return below_.get(key);
  if (!change->second) return std::nullopt;
  return *change->second;
}

void ScratchTable::put(BytesView key, BytesView value) {
  const auto change = changes_.find(key);
  if (change == changes_.end()) {
    changes_.emplace(key, value);
  } else {
    change->second = Bytes(value);
  }
}

void ScratchTable::erase(BytesView key) {
  const auto change = changes_.find(key);
  if (change == changes_.end()) {
    changes_.emplace(key, std::nullopt);
  } else {
    change->second.reset();
  }
}

void ScratchTable::scan(BytesView from, const Visitor& visitor) const {
  auto change = changes_.lower_bound(from);
  bool is_wanted = true;
  // Visits the changes before a key, and steps over the one of it.
  const auto visit_before = [&](std::optional<BytesView> key) {
    for (; is_wanted && change != changes_.end() && (!key || change->first < *key); ++change) {
      if (change->second) is_wanted = visitor(change->first, *change->second);
    }
  };
  below_.scan(from, [&](BytesView key, BytesView value) {
    visit_before(key);
    if (!is_wanted) return false;
    if (change == changes_.end() || change->first != key) return is_wanted = visitor(key, value);
    if (change->second) is_wanted = visitor(key, *change->second);
    ++change;
    return is_wanted;
  });
  visit_before(std::nullopt);
}

void ScratchTable::commit(Table& below) const {
  for (const auto& [key, value] : changes_) {
    if (value) {
      below.put(key, *value);
    } else {
      below.erase(key);
    }
  }
}

}  // namespace parley::app
