#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "common/app/chat/chat_changes.hpp"
#include "common/base/bytes.hpp"

namespace parley::app {

/// A change of a key-value pair, for those who watch.
struct KeyChange {
  BytesView key;
  std::optional<BytesView> value;  ///< nothing if the key is there no more
  /// What its value was; nothing if it was not there, and always nothing unless ChangeList::want_previous().
  std::optional<BytesView> previous;
};

/// What an entry changes, in the order in which it does; and of that, in the bytes of effect_details.hpp, what its
/// command alone does not tell. Reused from entry to entry. One thread.
///
/// A change is to be added before the row is changed: `present` is its value, if it is there.
class ChangeList {
 public:
  /// From now on previous values are kept, which costs a copy of each.
  void want_previous(bool is_wanted) { wants_previous_ = is_wanted; }
  void clear() {
    changes_.clear();
    if (has_more_) clear_more();
  }

  /// A change that the command tells. Key and value lie in its bytes.
  void add(BytesView key, std::optional<BytesView> value, std::optional<BytesView> present) {
    if (item_) tell_item();
    push(key, value, present);
  }
  /// The key was given a value that the command does not tell.
  void add_made(BytesView key, BytesView value, std::optional<BytesView> present);
  /// The key was erased, though the command does not ask for it.
  void add_ended(BytesView key, BytesView present);

  /// What follows is done by this item of a transaction: those of `then` come before those of `otherwise`.
  void begin_item(std::uint16_t number) { item_ = number; }
  void end_items() { item_.reset(); }

  /// So far, for back_to().
  struct Mark {
    std::size_t changes;
    std::size_t detail_bytes;
  };
  [[nodiscard]] Mark mark() const { return {changes_.size(), detail_.size()}; }
  /// What followed is not done after all.
  void back_to(const Mark& mark);

  /// What was done to chats; to be added to by whoever does it.
  [[nodiscard]] chat::ChatChanges& chats() {
    has_more_ = true;
    return chats_;
  }
  [[nodiscard]] const chat::ChatChanges& chats() const { return chats_; }

  /// Both until the next call of clear().
  [[nodiscard]] std::span<const KeyChange> all() const { return changes_; }
  /// Empty if the command tells everything.
  [[nodiscard]] BytesView detail() const { return detail_; }

 private:
  void push(BytesView key, std::optional<BytesView> value, std::optional<BytesView> present) {
    changes_.push_back({key, value, wants_previous_ && present ? std::optional(keep(*present)) : std::nullopt});
  }
  BytesView keep(BytesView bytes) {
    has_more_ = true;
    return kept_.emplace_back(bytes);
  }
  void clear_more();
  void begin_detail();
  void tell_item();

  bool wants_previous_ = false;
  bool has_more_ = false;  ///< than changes_
  std::vector<KeyChange> changes_;
  chat::ChatChanges chats_;
  Bytes detail_;
  std::optional<std::uint16_t> item_;
  std::deque<Bytes> kept_;  ///< what changes refer to and nobody else keeps
};

}  // namespace parley::app
