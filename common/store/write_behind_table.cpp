#include "common/store/write_behind_table.hpp"

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"
#include "common/store/merged_cursor.hpp"

namespace parley::store {

WriteBehindTable::WriteBehindTable(std::unique_ptr<Snapshot> snapshot)
    : active_(std::make_shared<Overlay>()), snapshot_(std::move(snapshot)) {
  ENSURE(snapshot_ != nullptr);
}

std::optional<BytesView> WriteBehindTable::get(BytesView key) const {
  const Overlay::Row* row = active_->find(key);
  if (row == nullptr && frozen_ != nullptr) row = frozen_->find(key);
  if (row == nullptr) return snapshot_->get(key);
  if (row->erased) return std::nullopt;
  return row->value();
}

void WriteBehindTable::put(BytesView key, BytesView value) { active_->put(key, value); }

void WriteBehindTable::erase(BytesView key) { active_->erase(key); }

std::vector<std::unique_ptr<RowCursor>> WriteBehindTable::layers(BytesView from) const {
  std::vector<std::unique_ptr<RowCursor>> layers;
  layers.push_back(std::make_unique<Overlay::Cursor>(active_->seek(from)));
  if (frozen_ != nullptr) layers.push_back(std::make_unique<Overlay::Cursor>(frozen_->seek(from)));
  layers.push_back(snapshot_->seek(from));
  return layers;
}

void WriteBehindTable::scan(BytesView from, const Visitor& visitor) const {
  for (MergedCursor row(layers(from)); row.valid(); row.next()) {
    if (!visitor(row.key(), row.value())) return;
  }
}

std::shared_ptr<const Overlay> WriteBehindTable::freeze() {
  ENSURE(frozen_ == nullptr);
  frozen_ = std::exchange(active_, std::make_shared<Overlay>());
  return frozen_;
}

Result<std::shared_ptr<const Overlay>> WriteBehindTable::flushed() {
  ENSURE(frozen_ != nullptr);
  // In this order: between the two a row is in both layers, never in none.
  if (Status renewed = snapshot_->renew(); !renewed) return std::unexpected(std::move(renewed.error()));
  return std::exchange(frozen_, nullptr);
}

bool WriteBehindTable::wants_freeze() const { return active_bytes() >= limits::overlay_bytes; }

}  // namespace parley::store
