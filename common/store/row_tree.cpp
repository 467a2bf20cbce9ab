#include "common/store/row_tree.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

#include "common/base/engine_limits.hpp"
#include "common/base/ensure.hpp"

namespace parley::store {

// ---- rows ----

StoredRow::StoredRow(BytesView key, BytesView value, std::uint32_t value_bytes, bool is_elsewhere)
    : key_size_(static_cast<std::uint32_t>(key.size())), value_size_(value_bytes), is_elsewhere_(is_elsewhere) {
  char* const bytes = reinterpret_cast<char*>(this + 1);
  std::memcpy(bytes, key.data(), key.size());
  if (!value.empty()) std::memcpy(bytes + key.size(), value.data(), value.size());
}

RowRef StoredRow::make(BytesView key, BytesView value, std::uint32_t value_bytes, bool is_elsewhere) {
  void* const memory = ::operator new(sizeof(StoredRow) + key.size() + value.size());
  return RowRef(new (memory) StoredRow(key, value, value_bytes, is_elsewhere));
}

RowRef StoredRow::make(BytesView key, BytesView value) {
  ENSURE(!key.empty());
  ENSURE_LE(key.size(), std::numeric_limits<std::uint32_t>::max());
  ENSURE_LE(value.size(), std::numeric_limits<std::uint32_t>::max());
  return make(key, value, static_cast<std::uint32_t>(value.size()), false);
}

RowRef StoredRow::make_elsewhere(BytesView key, std::uint32_t value_bytes) { return make(key, {}, value_bytes, true); }

void StoredRow::destroy(const StoredRow* row) {
  row->~StoredRow();
  ::operator delete(const_cast<StoredRow*>(row));
}

// ---- finding ----

const StoredRow* RowTree::find(BytesView key) const {
  if (!root_) return nullptr;
  const Node* node = root_.get();
  for (std::size_t height = height_; height > 0; --height) {
    const auto above =
        std::ranges::upper_bound(node->children, key, {}, [](const Child& at) { return at.first->key(); });
    if (above == node->children.begin()) return nullptr;
    node = std::prev(above)->node.get();
  }
  const auto at = std::ranges::lower_bound(node->rows, key, {}, [](const RowRef& row) { return row->key(); });
  return at != node->rows.end() && (*at)->key() == key ? at->get() : nullptr;
}

RowTree::Cursor RowTree::seek(BytesView from) const {
  Cursor cursor;
  if (!root_) return cursor;
  const Node* node = root_.get();
  for (std::size_t height = height_; height > 0; --height) {
    const auto above =
        std::ranges::upper_bound(node->children, from, {}, [](const Child& at) { return at.first->key(); });
    const auto below = above == node->children.begin() ? above : std::prev(above);
    cursor.path_.push_back({node, static_cast<std::size_t>(below - node->children.begin())});
    node = below->node.get();
  }
  const auto at = std::ranges::lower_bound(node->rows, from, {}, [](const RowRef& row) { return row->key(); });
  cursor.path_.push_back({node, static_cast<std::size_t>(at - node->rows.begin())});
  cursor.settle();
  return cursor;
}

void RowTree::Cursor::next() {
  ++path_.back().at;
  settle();
}

/// Behind the last row of a leaf comes the first of the next.
void RowTree::Cursor::settle() {
  const std::size_t depth = path_.size();
  while (!path_.empty() && path_.back().at == path_.back().node->items()) {
    path_.pop_back();
    if (!path_.empty()) ++path_.back().at;
  }
  while (!path_.empty() && path_.size() < depth) {
    const Step& above = path_.back();
    path_.push_back({above.node->children[above.at].node.get(), 0});
  }
}

// ---- changing ----

/// A change on its way through a tree: each node that it meets is made anew, as none, one or several.
class RowTree::Change {
 public:
  explicit Change(const Replaced& replaced) : replaced_(replaced) {}

  using Changes = std::span<const RowChange>;

  [[nodiscard]] std::vector<Child> apply(const Node* node, std::size_t height, Changes changes) const {
    return height == 0 ? apply_to_leaf(node, changes) : apply_to_branch(*node, height, changes);
  }

  /// So many children as few nodes above them.
  [[nodiscard]] static std::vector<Child> branches(std::vector<Child> children) {
    std::vector<Child> made;
    in_equal_parts(children.size(), [&](std::size_t begin, std::size_t end) {
      auto* const node = new Node();
      node->children.assign(std::make_move_iterator(children.begin() + static_cast<std::ptrdiff_t>(begin)),
                            std::make_move_iterator(children.begin() + static_cast<std::ptrdiff_t>(end)));
      made.push_back({NodeRef(node), node->children.front().first});
    });
    return made;
  }

 private:
  static constexpr std::size_t most = limits::tree_node_items;
  static constexpr std::size_t least = most / 4;

  template <class Take>
  static void in_equal_parts(std::size_t items, const Take& take) {
    const std::size_t parts = (items + most - 1) / most;
    for (std::size_t i = 0; i < parts; ++i) take(items * i / parts, items * (i + 1) / parts);
  }

  [[nodiscard]] static std::vector<Child> leaves(std::vector<RowRef> rows) {
    std::vector<Child> made;
    in_equal_parts(rows.size(), [&](std::size_t begin, std::size_t end) {
      auto* const node = new Node();
      node->rows.assign(std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(begin)),
                        std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(end)));
      made.push_back({NodeRef(node), node->rows.front().get()});
    });
    return made;
  }

  [[nodiscard]] std::vector<Child> apply_to_leaf(const Node* leaf, Changes changes) const {
    std::vector<RowRef> rows;
    const std::span<const RowRef> before = leaf == nullptr ? std::span<const RowRef>() : std::span(leaf->rows);
    rows.reserve(before.size() + changes.size());
    auto old = before.begin();
    for (const RowChange& change : changes) {
      while (old != before.end() && (*old)->key() < change.key) rows.push_back(*old++);
      if (old != before.end() && (*old)->key() == change.key) {
        if (*old != change.row) replaced_(**old);
        ++old;
      }
      if (change.row) rows.push_back(change.row);
    }
    rows.insert(rows.end(), old, before.end());
    return leaves(std::move(rows));
  }

  [[nodiscard]] std::vector<Child> apply_to_branch(const Node& branch, std::size_t height, Changes changes) const {
    std::vector<Child> children;
    children.reserve(branch.children.size());
    for (std::size_t i = 0; i < branch.children.size(); ++i) {
      // What lies before the first child belongs to that.
      auto end = changes.end();
      if (i + 1 < branch.children.size()) {
        const BytesView next = branch.children[i + 1].first->key();
        end = std::ranges::lower_bound(changes, next, {}, &RowChange::key);
      }
      const Changes of_child(changes.begin(), end);
      changes = Changes(end, changes.end());
      if (of_child.empty()) {
        join(children, branch.children[i], height - 1);
        continue;
      }
      for (Child& made : apply(branch.children[i].node.get(), height - 1, of_child))
        join(children, std::move(made), height - 1);
    }
    return branches(std::move(children));
  }

  /// Adds a node behind others of its height; one that is too small, or comes behind such a one, is joined with it.
  static void join(std::vector<Child>& children, Child next, std::size_t height) {
    if (children.empty() || (children.back().node->items() >= least && next.node->items() >= least))
      return children.push_back(std::move(next));
    const NodeRef last = children.back().node;
    children.pop_back();
    std::vector<Child> joined;
    if (height == 0) {
      std::vector<RowRef> rows = last->rows;
      rows.insert(rows.end(), next.node->rows.begin(), next.node->rows.end());
      joined = leaves(std::move(rows));
    } else {
      std::vector<Child> below = last->children;
      below.insert(below.end(), next.node->children.begin(), next.node->children.end());
      joined = branches(std::move(below));
    }
    std::ranges::move(joined, std::back_inserter(children));
  }

  const Replaced& replaced_;
};

RowTree RowTree::changed(std::span<const RowChange> changes, const Replaced& replaced) const {
  if (changes.empty()) return *this;
  std::vector<Child> top = Change(replaced).apply(root_.get(), height_, changes);
  RowTree after;
  after.height_ = height_;
  for (; top.size() > 1; ++after.height_) top = Change::branches(std::move(top));
  if (top.empty()) return {};
  after.root_ = top.front().node;
  while (after.height_ > 0 && after.root_->children.size() == 1) {
    after.root_ = NodeRef(after.root_->children.front().node);
    --after.height_;
  }
  return after;
}

}  // namespace parley::store
