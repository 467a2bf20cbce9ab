#pragma once
#include <memory>
#include <vector>

#include "common/app/table.hpp"
#include "common/base/result.hpp"
#include "common/store/backend.hpp"
#include "common/store/write_behind_table.hpp"

namespace parley::recovery {

/// A table over a backend whose key-value rows lie apart, by their keys, so that several threads can change them: each
/// shard belongs to one thread at a time. Shard 0 has all other rows; if it is the only one, it has all. As a whole it
/// is used by one thread, while no other is at work on a shard.
class ShardedTable final : public app::Table {
 public:
  /// `shards`: so many for keys, beside shard 0.
  [[nodiscard]] static Result<std::unique_ptr<ShardedTable>> open(store::Backend& backend, std::size_t shards);

  [[nodiscard]] std::optional<BytesView> get(BytesView key) const override { return of(key).get(key); }
  void put(BytesView key, BytesView value) override { of(key).put(key, value); }
  void erase(BytesView key) override { of(key).erase(key); }
  void scan(BytesView from, const Visitor& visitor) const override;

  [[nodiscard]] std::size_t shards() const { return tables_.size() - 1; }
  /// Of a key of a client: a number below shards(), of which there must be some.
  [[nodiscard]] std::size_t shard_of(BytesView client_key) const;
  [[nodiscard]] store::WriteBehindTable& shard(std::size_t number) { return *tables_.at(number + 1); }

  /// Of the rows of shard 0 and of all.
  [[nodiscard]] std::size_t own_bytes() const { return tables_.front()->active_bytes(); }
  [[nodiscard]] std::size_t active_bytes() const;
  /// As WriteBehindTable has them.
  [[nodiscard]] std::vector<std::shared_ptr<const store::Overlay>> freeze();
  [[nodiscard]] Status flushed();

 private:
  explicit ShardedTable(std::vector<std::unique_ptr<store::WriteBehindTable>> tables) : tables_(std::move(tables)) {}
  [[nodiscard]] store::WriteBehindTable& of(BytesView row_key) const;

  std::vector<std::unique_ptr<store::WriteBehindTable>> tables_;
};

}  // namespace parley::recovery
