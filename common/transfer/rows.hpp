#pragma once
#include <functional>

#include "common/base/bytes.hpp"

namespace parley::transfer {

/// Rows as they stand in a chunk: each `u32 length | key | u32 length | value`, little-endian, without gap.
void append_row(Bytes& rows, BytesView key, BytesView value);
/// Bytes that a row takes.
[[nodiscard]] std::size_t row_bytes(BytesView key, BytesView value);
/// Visits all rows; false if the bytes are no rows, and then some may have been visited.
[[nodiscard]] bool visit_rows(BytesView rows, const std::function<void(BytesView key, BytesView value)>& visitor);

/// The checksum of a chunk, given that of the chunk before it (0 for the first).
[[nodiscard]] std::uint64_t chain_checksum(std::uint64_t before, BytesView rows);

}  // namespace parley::transfer
