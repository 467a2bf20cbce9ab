#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

namespace parley::store {

/// A value that one thread replaces and any others take. Neither waits for the other: this is where the thread that
/// commits and those that read meet, as they do within LMDB's table of readers.
///
/// Each value lies in a slot, and `last_` says in which. A reader counts itself into that slot and looks again: if it
/// is still the last, the writer, who looks for readers only after it has named another slot, sees it there, and
/// leaves the slot alone until it has gone. (All of this is sequentially consistent: of the two, one sees the other.)
template <class T>
class Published {
 public:
  /// By one thread at a time.
  void publish(std::shared_ptr<const T> value) {
    const std::size_t before = last_.load();
    std::size_t next = before;
    // A reader stays in a slot for as long as copying a pointer takes.
    do next = (next + 1) % slots_.size();
    while (next == before || slots_[next].readers.load() != 0);
    slots_[next].value = std::move(value);
    last_.store(next);
    sweep();
  }
  /// By the same thread: empties slots that were replaced while somebody was in them.
  void sweep() {
    const std::size_t last = last_.load();
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (i != last && slots_[i].readers.load() == 0) slots_[i].value.reset();
    }
  }

  /// By any thread. Something must have been published.
  [[nodiscard]] std::shared_ptr<const T> take() const {
    while (true) {
      const Slot& slot = slots_[last_.load()];
      slot.readers.fetch_add(1);
      const bool is_last = &slot == &slots_[last_.load()];
      std::shared_ptr<const T> value = is_last ? slot.value : nullptr;
      slot.readers.fetch_sub(1);
      if (is_last) return value;
    }
  }

 private:
  struct Slot {
    std::shared_ptr<const T> value;
    mutable std::atomic<std::uint32_t> readers{0};
  };
  std::array<Slot, 16> slots_;
  std::atomic<std::size_t> last_{0};
};

}  // namespace parley::store
