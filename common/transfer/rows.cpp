#include "common/transfer/rows.hpp"

#include "common/base/byte_codec.hpp"
#include "common/base/hash.hpp"

namespace parley::transfer {

void append_row(Bytes& rows, BytesView key, BytesView value) { ByteWriter(rows).sized(key).sized(value); }

std::size_t row_bytes(BytesView key, BytesView value) { return 2 * sizeof(std::uint32_t) + key.size() + value.size(); }

bool visit_rows(BytesView rows, const std::function<void(BytesView key, BytesView value)>& visitor) {
  ByteReader in(rows);
  while (in.remaining() > 0) {
    const BytesView key = in.sized();
    const BytesView value = in.sized();
    if (!in.ok() || key.empty()) return false;
    visitor(key, value);
  }
  return true;
}

std::uint64_t chain_checksum(std::uint64_t before, BytesView rows) {
  Bytes both;
  ByteWriter(both).number(before).number(checksum64(rows));
  return checksum64(both);
}

}  // namespace parley::transfer
