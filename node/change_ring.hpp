#pragma once
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "common/app/change_page.hpp"
#include "common/app/changes.hpp"

namespace parley::node {

/// The last changes of keys, in memory, with what was there before: for who follows them. When it is full the oldest
/// go, a block at a time. One thread.
class ChangeRing {
 public:
  /// Keeps between `bytes` and an eighth less.
  explicit ChangeRing(std::size_t bytes) : block_bytes_(bytes / blocks) {}

  /// Knows nothing of the entries up to this one.
  void begin_behind(Index index);
  /// The next entry was applied, and changed this. Earlier values that are long altogether are left out
  /// (limits::previous_bytes_per_entry).
  void add(Index index, const EntryTime& time, std::span<const app::KeyChange> changes);

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

  void add(const app::ChangeRecord& change);

  std::size_t block_bytes_;
  std::deque<Block> blocks_;
  Index begin_;  ///< of this entry, and of those before it, nothing is known
  Index last_;
};

}  // namespace parley::node
