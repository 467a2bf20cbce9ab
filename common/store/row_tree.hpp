#pragma once
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/store/shared_ref.hpp"

namespace parley::store {

/// A row in memory, shared by all trees that have it. Its bytes lie behind it, in one piece.
class StoredRow final : public Counted {
 public:
  [[nodiscard]] static SharedRef<StoredRow> make(BytesView key, BytesView value);
  /// One whose value, of so many bytes, lies elsewhere: in its slot on the disk.
  [[nodiscard]] static SharedRef<StoredRow> make_elsewhere(BytesView key, std::uint32_t value_bytes);

  [[nodiscard]] BytesView key() const { return {bytes(), key_size_}; }
  [[nodiscard]] bool is_elsewhere() const { return is_elsewhere_; }
  [[nodiscard]] std::uint32_t value_bytes() const { return value_size_; }
  /// Empty if it lies elsewhere.
  [[nodiscard]] BytesView value() const { return {bytes() + key_size_, is_elsewhere_ ? 0 : value_size_}; }
  /// What it takes in memory.
  [[nodiscard]] std::size_t memory_bytes() const { return sizeof(StoredRow) + key_size_ + value().size(); }

  static void destroy(const StoredRow* row);

 private:
  StoredRow(BytesView key, BytesView value, std::uint32_t value_bytes, bool is_elsewhere);
  [[nodiscard]] static SharedRef<StoredRow> make(BytesView key, BytesView value, std::uint32_t value_bytes,
                                                 bool is_elsewhere);
  [[nodiscard]] const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }

  std::uint32_t key_size_;
  std::uint32_t value_size_;
  bool is_elsewhere_;
};
using RowRef = SharedRef<StoredRow>;

/// A key, and the row that is now under it; none if it is gone.
struct RowChange {
  BytesView key;
  RowRef row;
};

/// Rows in the byte order of their keys, as a tree that never changes: what changes it makes another one, which shares
/// all nodes but those on the way to what is different. So whoever has a tree has the rows of one moment, for as long
/// as they like, and no two threads ever wait for each other. Copying one costs nothing.
///
/// A B+tree: rows stand in leaves, all at the same depth; nodes have at most limits::tree_node_items of them, and a
/// quarter at least but for the root and what a merge leaves beside it.
class RowTree {
 public:
  RowTree() = default;

  /// Null if there is none.
  [[nodiscard]] const StoredRow* find(BytesView key) const;
  [[nodiscard]] bool empty() const { return !root_; }

  /// The tree after these changes, whose keys ascend. `replaced` is told of each row that is no longer in it.
  using Replaced = std::function<void(const StoredRow&)>;
  [[nodiscard]] RowTree changed(std::span<const RowChange> changes, const Replaced& replaced) const;

  class Cursor;
  /// Begins at the first row whose key is `from` or greater. Lives no longer than the tree.
  [[nodiscard]] Cursor seek(BytesView from) const;

 private:
  struct Node;
  using NodeRef = SharedRef<Node>;
  struct Child {
    NodeRef node;
    const StoredRow* first;  ///< the least row below it
  };
  /// One or the other, according to the height.
  struct Node final : Counted {
    std::vector<RowRef> rows;
    std::vector<Child> children;
    [[nodiscard]] std::size_t items() const { return rows.size() + children.size(); }
    static void destroy(const Node* node) { delete node; }
  };
  class Change;

  NodeRef root_;
  std::size_t height_ = 0;  ///< of the root; leaves have 0
};

class RowTree::Cursor {
 public:
  [[nodiscard]] bool valid() const { return !path_.empty(); }
  [[nodiscard]] const StoredRow& row() const { return *path_.back().node->rows[path_.back().at]; }
  void next();

 private:
  friend class RowTree;
  struct Step {
    const Node* node;
    std::size_t at;
  };
  void settle();

  std::vector<Step> path_;  ///< from the root to a leaf; empty at the end
};

}  // namespace parley::store
