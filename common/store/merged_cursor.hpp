#pragma once
#include <memory>
#include <vector>

#include "common/store/row_cursor.hpp"

namespace parley::store {

/// Layers of rows seen as one: under each key the row of the newest layer that knows the key, and none where that is a
/// tombstone.
class MergedCursor final : public RowCursor {
 public:
  /// `layers`: newest first, each sought to the same key.
  explicit MergedCursor(std::vector<std::unique_ptr<RowCursor>> layers);

  [[nodiscard]] bool valid() const override { return current_ != nullptr; }
  [[nodiscard]] BytesView key() const override { return current_->key(); }
  [[nodiscard]] BytesView value() const override { return current_->value(); }
  /// Always false: tombstones are passed over.
  [[nodiscard]] bool erased() const override { return false; }
  void next() override;

 private:
  void pick();
  void pass();

  std::vector<std::unique_ptr<RowCursor>> layers_;
  RowCursor* current_ = nullptr;
};

}  // namespace parley::store
