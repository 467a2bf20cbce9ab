#pragma once
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "common/base/bytes.hpp"

namespace parley::app {

/// A change of a key-value pair, for those who watch.
struct KeyChange {
  BytesView key;
  std::optional<BytesView> value;  ///< nothing if the key is there no more
  /// What its value was; nothing if it was not there, and always nothing unless ChangeList::want_previous().
  std::optional<BytesView> previous;
};

/// What an entry changes, in the order in which it does. Reused from entry to entry. One thread.
class ChangeList {
 public:
  /// From now on previous values are kept, which costs a copy of each.
  void want_previous(bool is_wanted) { wants_previous_ = is_wanted; }

  void clear();
  /// A change that the entry's command alone tells. To be called before the row is changed: `present` is its value, if
  /// it is there. Key and value must live as long as the change is looked at.
  void add(BytesView key, std::optional<BytesView> value, std::optional<BytesView> present) {
    changes_.push_back({key, value, wants_previous_ && present ? std::optional(keep(*present)) : std::nullopt});
  }
  /// Until the next call of clear().
  [[nodiscard]] std::span<const KeyChange> all() const { return changes_; }

 private:
  BytesView keep(BytesView bytes) { return kept_.emplace_back(bytes); }

  bool wants_previous_ = false;
  std::vector<KeyChange> changes_;
  std::deque<Bytes> kept_;
};

}  // namespace parley::app
