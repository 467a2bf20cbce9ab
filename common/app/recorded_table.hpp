#pragma once
#include "common/app/table.hpp"
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"

namespace parley::app {

/// The digest of the state before the first entry: BLAKE2b of 32 zero bytes.
[[nodiscard]] Digest state_start();

/// A table through which apply makes its changes, so that none is missed by the digest of the state:
///
///     s(n) = BLAKE2b(s(n-1) | index | change ... | 0 | reply)
///     change = 1 key value, or 2 key for an erased row, in the order in which they were made
///
/// COMMANDS.md has the bytes. One entry is recorded between begin and finish.
class RecordedTable {
 public:
  /// Values and replies longer than this enter the digest by their own BLAKE2b, so that no large copy is made. Part of
  /// the format.
  static constexpr std::size_t inline_bytes = 256;

  /// `table` must outlive this.
  explicit RecordedTable(Table& table) : table_(&table) {}

  void begin(const Digest& previous, Index index);
  void put(BytesView key, BytesView value);
  void erase(BytesView key);
  [[nodiscard]] Digest finish(BytesView reply);

  [[nodiscard]] const Table& table() const { return *table_; }
  /// Rows that the digest does not cover: meta alone.
  void put_unrecorded(BytesView key, BytesView value) { table_->put(key, value); }

 private:
  void record_sized(BytesView bytes);

  Table* table_;
  Bytes record_;
};

}  // namespace parley::app
