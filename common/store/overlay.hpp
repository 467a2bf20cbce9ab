#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/store/arena.hpp"
#include "common/store/row_cursor.hpp"

namespace parley::store {

/// Rows that were changed and are not yet in the backend, in the byte order of their keys; an erased one is a
/// tombstone.
///
/// It is written by one thread, and read by any number once nobody writes it any more: nothing changes on a read.
///
/// Made for point access while it grows to about a hundred thousand rows. Rows are sorted in chunks of at most 128,
/// and the chunks by their first row. A place in a chunk carries the first sixteen bytes of its key as two numbers,
/// so that a search stays within a few cache lines and looks at a key itself only when these are equal. Short of a
/// hash table it is as fast, but ordered, and no choice of keys makes it slow.
class Overlay {
 public:
  /// What is known of one key.
  struct Row {
    const char* key_bytes;
    char* value_bytes;
    std::uint32_t key_size;
    std::uint32_t value_size;
    std::uint32_t value_room;
    bool erased;
    [[nodiscard]] BytesView key() const { return {key_bytes, key_size}; }
    /// Empty in a tombstone.
    [[nodiscard]] BytesView value() const { return {value_bytes, value_size}; }
  };

  Overlay() = default;
  Overlay(const Overlay&) = delete;
  Overlay& operator=(const Overlay&) = delete;

  void put(BytesView key, BytesView value);
  /// Leaves a tombstone, whether there was a row or not.
  void erase(BytesView key);

  /// Null if nothing is known of the key. The row's views live until the next change.
  [[nodiscard]] const Row* find(BytesView key) const;

  [[nodiscard]] std::size_t rows() const { return rows_; }
  [[nodiscard]] bool empty() const { return rows_ == 0; }
  /// Keys, values (also such as were replaced by longer ones) and limits::overlay_row_bytes a row. Never falls.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// Begins at the first row whose key is `from` or greater. Lives no longer than the overlay.
  class Cursor;
  [[nodiscard]] Cursor seek(BytesView from) const;

 private:
  static constexpr std::size_t chunk_places = 128;

  struct Place {
    std::uint64_t high;  ///< bytes 0 to 7 of the key, big-endian, zeros beyond its end
    std::uint64_t low;   ///< bytes 8 to 15
    Row* row;
  };
  struct Chunk {
    std::size_t size = 0;
    std::array<Place, chunk_places> places;
  };
  /// Where a key is, or would be inserted.
  struct Position {
    std::size_t chunk = 0;
    std::size_t place = 0;
    bool found = false;
  };

  static Place probe(BytesView key);
  static bool before(const Place& left, const Place& right, BytesView right_key);
  [[nodiscard]] Position locate(BytesView key) const;
  Row& row_for(BytesView key);
  Row* make_row(BytesView key);
  void insert(Position at, Place place);
  Position split(Position at);

  Arena arena_;
  std::vector<Place> firsts_;  ///< the first place of each chunk
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::size_t rows_ = 0;
  std::size_t bytes_ = 0;
};

class Overlay::Cursor final : public RowCursor {
 public:
  [[nodiscard]] bool valid() const override { return chunk_ < overlay_->chunks_.size(); }
  [[nodiscard]] BytesView key() const override { return row().key(); }
  [[nodiscard]] BytesView value() const override { return row().value(); }
  [[nodiscard]] bool erased() const override { return row().erased; }
  void next() override {
    if (++place_ < overlay_->chunks_[chunk_]->size) return;
    ++chunk_;
    place_ = 0;
  }

 private:
  friend class Overlay;
  Cursor(const Overlay& overlay, std::size_t chunk, std::size_t place)
      : overlay_(&overlay), chunk_(chunk), place_(place) {}
  [[nodiscard]] const Row& row() const { return *overlay_->chunks_[chunk_]->places[place_].row; }

  const Overlay* overlay_;
  std::size_t chunk_;
  std::size_t place_;
};

}  // namespace parley::store
