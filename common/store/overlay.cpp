#include "common/store/overlay.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <new>

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

namespace parley::store {
namespace {

/// Up to eight bytes as a number whose order is the order of the bytes.
std::uint64_t ordered(BytesView bytes) {
  std::uint64_t raw = 0;
  if (bytes.size() >= 8) {
    std::memcpy(&raw, bytes.data(), 8);
  } else if (!bytes.empty()) {
    std::memcpy(&raw, bytes.data(), bytes.size());
  }
  return std::byteswap(raw);
}

}  // namespace

Overlay::Place Overlay::probe(BytesView key) {
  return {ordered(key), key.size() > 8 ? ordered(key.substr(8)) : 0, nullptr};
}

bool Overlay::before(const Place& left, const Place& right, BytesView right_key) {
  if (left.high != right.high) return left.high < right.high;
  if (left.low != right.low) return left.low < right.low;
  return left.row->key() < right_key;
}

Overlay::Position Overlay::locate(BytesView key) const {
  if (chunks_.empty()) return {};
  const Place wanted = probe(key);
  const auto less = [key](const Place& place, const Place& probe) { return before(place, probe, key); };
  const auto chunk_above = std::lower_bound(firsts_.begin(), firsts_.end(), wanted, less);
  auto chunk = static_cast<std::size_t>(chunk_above - firsts_.begin());
  if (chunk < firsts_.size() && firsts_[chunk].row->key() == key) return {chunk, 0, true};
  if (chunk > 0) --chunk;
  const Chunk& within = *chunks_[chunk];
  const Place* const begin = within.places.data();
  const Place* const end = begin + within.size;
  const Place* const place = std::lower_bound(begin, end, wanted, less);
  return {chunk, static_cast<std::size_t>(place - begin), place != end && place->row->key() == key};
}

const Overlay::Row* Overlay::find(BytesView key) const {
  const Position at = locate(key);
  return at.found ? chunks_[at.chunk]->places[at.place].row : nullptr;
}

void Overlay::put(BytesView key, BytesView value) {
  ENSURE_LE(value.size(), std::numeric_limits<std::uint32_t>::max());
  Row& row = row_for(key);
  if (row.value_room < value.size()) {
    row.value_bytes = arena_.allocate(value.size());
    row.value_room = static_cast<std::uint32_t>(value.size());
    bytes_ += value.size();
  }
  // The value may be a view into this row itself.
  if (!value.empty()) std::memmove(row.value_bytes, value.data(), value.size());
  row.value_size = static_cast<std::uint32_t>(value.size());
  row.erased = false;
}

void Overlay::erase(BytesView key) {
  Row& row = row_for(key);
  row.value_size = 0;
  row.erased = true;
}

Overlay::Row& Overlay::row_for(BytesView key) {
  const Position at = locate(key);
  if (at.found) return *chunks_[at.chunk]->places[at.place].row;
  Place place = probe(key);
  place.row = make_row(key);
  insert(at, place);
  return *place.row;
}

Overlay::Row* Overlay::make_row(BytesView key) {
  ENSURE(!key.empty());
  ENSURE_LE(key.size(), std::numeric_limits<std::uint32_t>::max());
  char* const memory = arena_.allocate(sizeof(Row) + key.size());
  char* const key_bytes = memory + sizeof(Row);
  std::memcpy(key_bytes, key.data(), key.size());
  ++rows_;
  bytes_ += key.size() + limits::overlay_row_bytes;
  return new (memory) Row{key_bytes, nullptr, static_cast<std::uint32_t>(key.size()), 0, 0, false};
}

void Overlay::insert(Position at, Place place) {
  if (chunks_.empty()) {
    chunks_.push_back(std::make_unique<Chunk>());
    firsts_.push_back(place);
  }
  if (chunks_[at.chunk]->size == chunk_places) at = split(at);
  Chunk& chunk = *chunks_[at.chunk];
  Place* const target = chunk.places.data() + at.place;
  std::move_backward(target, chunk.places.data() + chunk.size, chunk.places.data() + chunk.size + 1);
  *target = place;
  ++chunk.size;
  if (at.place == 0) firsts_[at.chunk] = place;
}

/// Makes room in a full chunk. Rows that come in order leave full chunks behind; others leave two halves.
Overlay::Position Overlay::split(Position at) {
  Chunk& full = *chunks_[at.chunk];
  const bool in_order = at.chunk + 1 == chunks_.size() && at.place == chunk_places;
  const std::size_t stay = in_order ? chunk_places - 1 : chunk_places / 2;
  auto upper = std::make_unique<Chunk>();
  upper->size = chunk_places - stay;
  std::copy(full.places.begin() + static_cast<std::ptrdiff_t>(stay), full.places.end(), upper->places.begin());
  full.size = stay;
  const auto after = static_cast<std::ptrdiff_t>(at.chunk + 1);
  firsts_.insert(firsts_.begin() + after, upper->places[0]);
  chunks_.insert(chunks_.begin() + after, std::move(upper));
  if (at.place <= stay) return at;
  return {at.chunk + 1, at.place - stay, false};
}

Overlay::Cursor Overlay::seek(BytesView from) const {
  const Position at = locate(from);
  // A key greater than all in its chunk is followed by the first of the next.
  if (!chunks_.empty() && at.place == chunks_[at.chunk]->size) return {*this, at.chunk + 1, 0};
  return {*this, at.chunk, at.place};
}

}  // namespace parley::store
