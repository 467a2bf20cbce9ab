#pragma once
#include <deque>
#include <functional>
#include <vector>

#include "common/app/change_page.hpp"

namespace parley::node {

/// The last changes of keys, in memory, with what was there before: for who follows them. When it is full the oldest
/// go, a block at a time. One thread.
class ChangeRing {
 public:
  /// Keeps between `bytes` and an eighth less.
  explicit ChangeRing(std::size_t bytes) : block_bytes_(bytes / blocks) {}

  /// Knows nothing of the entries up to this one.
  void begin_behind(Index index);
  /// An entry was applied that is not told of by add(), or comes before those that will be.
  void advance(Index index) { last_ = index; }
  /// The next change: of the entry advance() was last called with.
  void add(const app::ChangeRecord& change);

  /// The first entry of which it knows all changes.
  [[nodiscard]] Index first() const { return begin_.next(); }
  [[nodiscard]] Index last() const { return last_; }
  /// Calls for each change behind an entry, in order, until that says false.
  void visit(Index after, const std::function<bool(const app::ChangeRecord&)>& visitor) const;

 private:
  static constexpr std::size_t blocks = 8;
  struct Place {
    Index index;
    std::size_t offset = 0;
  };
  struct Block {
    Bytes bytes;
    std::vector<Place> places;  ///< where the changes of an entry begin
  };

  std::size_t block_bytes_;
  std::deque<Block> blocks_;
  Index begin_;  ///< of this entry, and of those before it, nothing is known
  Index last_;
};

}  // namespace parley::node
