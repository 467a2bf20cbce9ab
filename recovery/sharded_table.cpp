#include "recovery/sharded_table.hpp"

#include "common/base/hash.hpp"
#include "common/store/merged_cursor.hpp"

namespace parley::recovery {

Result<std::unique_ptr<ShardedTable>> ShardedTable::open(store::Backend& backend, std::size_t shards) {
  std::vector<std::unique_ptr<store::WriteBehindTable>> tables;
  for (std::size_t i = 0; i <= shards; ++i) {
    auto snapshot = backend.snapshot();
    if (!snapshot) return std::unexpected(snapshot.error());
    tables.push_back(std::make_unique<store::WriteBehindTable>(std::move(*snapshot)));
  }
  return std::unique_ptr<ShardedTable>(new ShardedTable(std::move(tables)));
}

std::size_t ShardedTable::shard_of(BytesView client_key) const { return checksum64(client_key) % shards(); }

store::WriteBehindTable& ShardedTable::of(BytesView row_key) const {
  const bool is_apart = shards() > 0 && row_key.starts_with(static_cast<char>(app::RowSpace::key_value));
  return *tables_[is_apart ? 1 + shard_of(row_key.substr(1)) : 0];
}

void ShardedTable::scan(BytesView from, const Visitor& visitor) const {
  // No key is in two shards, and they have one snapshot: it comes last, and once.
  std::vector<std::unique_ptr<store::RowCursor>> layers;
  std::unique_ptr<store::RowCursor> snapshot;
  for (const auto& table : tables_) {
    for (auto& layer : table->layers(from)) layers.push_back(std::move(layer));
    snapshot = std::move(layers.back());
    layers.pop_back();
  }
  layers.push_back(std::move(snapshot));
  for (store::MergedCursor row(std::move(layers)); row.valid(); row.next()) {
    if (!visitor(row.key(), row.value())) return;
  }
}

std::size_t ShardedTable::active_bytes() const {
  std::size_t bytes = 0;
  for (const auto& table : tables_) bytes += table->active_bytes();
  return bytes;
}

std::vector<std::shared_ptr<const store::Overlay>> ShardedTable::freeze() {
  std::vector<std::shared_ptr<const store::Overlay>> frozen;
  for (const auto& table : tables_) frozen.push_back(table->freeze());
  return frozen;
}

Status ShardedTable::flushed() {
  for (const auto& table : tables_) {
    const auto dropped = table->flushed();
    if (!dropped) return std::unexpected(dropped.error());
  }
  return {};
}

}  // namespace parley::recovery
