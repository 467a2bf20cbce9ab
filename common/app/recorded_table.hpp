#pragma once
#include <optional>

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
  /// Values and replies longer than this enter the digest by their own BLAKE2b, so that no large copy is made, and so
  /// that a value which was replaced can be left out of an archive (reduced.hpp). Part of the format.
  static constexpr std::size_t inline_bytes = 64;

  /// `table` must outlive this.
  explicit RecordedTable(Table& table) : table_(&table) {}

  void begin(const Digest& previous, Index index);
  /// The values of this entry are placeholders for one with this digest.
  void begin_reduced(const Digest& previous, Index index, const Digest& value);
  /// Begins changes that are a part of an entry's: of one whose values have this digest, if there is one. part() has
  /// them, and the RecordedTable that records the entry takes them by append().
  void begin_part(const std::optional<Digest>& omitted_value);
  /// Lives until the next begin.
  [[nodiscard]] BytesView part() const { return record_; }
  void append(BytesView part) { record_ += part; }
  void put(BytesView key, BytesView value);
  void erase(BytesView key);
  [[nodiscard]] Digest finish(BytesView reply);

  [[nodiscard]] const Table& table() const { return *table_; }
  /// For rows that the digest does not cover: of the spaces meta and effects.
  [[nodiscard]] Table& unrecorded() { return *table_; }

 private:
  void record_sized(BytesView bytes);

  Table* table_;
  std::optional<Digest> omitted_value_;
  Bytes record_;
};

}  // namespace parley::app
