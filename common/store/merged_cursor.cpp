#include "common/store/merged_cursor.hpp"

namespace parley::store {

MergedCursor::MergedCursor(std::vector<std::unique_ptr<RowCursor>> layers) : layers_(std::move(layers)) {
  pick();
  while (current_ != nullptr && current_->erased()) pass();
}

void MergedCursor::next() {
  do {
    pass();
  } while (current_ != nullptr && current_->erased());
}

/// Chooses the least key; among equal ones the newest layer's, since only a smaller key displaces it.
void MergedCursor::pick() {
  current_ = nullptr;
  for (const auto& layer : layers_) {
    if (layer->valid() && (current_ == nullptr || layer->key() < current_->key())) current_ = layer.get();
  }
}

/// Leaves the current key in every layer.
void MergedCursor::pass() {
  for (const auto& layer : layers_) {
    if (layer.get() != current_ && layer->valid() && layer->key() == current_->key()) layer->next();
  }
  current_->next();
  pick();
}

}  // namespace parley::store
