#include "common/app/table.hpp"

#include <cstring>

#include "common/base/ensure.hpp"

namespace parley::app {

RowKey& RowKey::add(BytesView bytes) {
  ENSURE_LE(size_ + bytes.size(), bytes_.size());
  if (!bytes.empty()) std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
  return *this;
}

RowKey& RowKey::add_number(std::uint64_t value, std::size_t width) {
  for (std::size_t i = width; i-- > 0;) add_byte(static_cast<char>(static_cast<unsigned char>(value >> (8 * i))));
  return *this;
}

std::optional<BytesView> MemoryTable::get(BytesView key) const {
  const auto row = rows_.find(key);
  if (row == rows_.end()) return std::nullopt;
  return row->second;
}

void MemoryTable::put(BytesView key, BytesView value) {
  if (const auto row = rows_.find(key); row != rows_.end()) {
    row->second.assign(value);
  } else {
    rows_.emplace(key, value);
  }
}

void MemoryTable::erase(BytesView key) {
  if (const auto row = rows_.find(key); row != rows_.end()) rows_.erase(row);
}

void MemoryTable::scan(BytesView from, const Visitor& visitor) const {
  for (auto row = rows_.lower_bound(from); row != rows_.end(); ++row) {
    if (!visitor(row->first, row->second)) return;
  }
}

}  // namespace parley::app
