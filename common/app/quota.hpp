#pragma once
#include <cstdint>
#include <optional>

#include "common/app/meta.hpp"
#include "common/app/recorded_table.hpp"
#include "common/app/reply.hpp"
#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

/// What the rows of a cluster cost, and how much of it is allowed. Every row counts but those of the spaces meta,
/// session, effects and effect_detail, which have bounds of their own.
namespace parley::app {

/// Of a row whose key has so many bytes behind that of its space.
[[nodiscard]] constexpr std::uint64_t quota_cost(std::size_t key_bytes, std::size_t value_bytes) {
  return key_bytes + value_bytes + limits::quota_row_bytes;
}

/// True if rows of this space count; or if there is such a space.
[[nodiscard]] bool is_counted(char space);
[[nodiscard]] bool is_space(char space);

/// Whether the quota allows a change by which rows that cost `before` come to cost `after`, together: the used bytes
/// are then not above it, or not more than now.
[[nodiscard]] inline bool is_within_quota(const Meta& meta, std::uint64_t before, std::uint64_t after) {
  ENSURE_LE(before, meta.used_bytes);
  return after <= before || meta.used_bytes - before + after <= meta.in_force().quota_bytes;
}
/// The answer if it does not.
[[nodiscard]] Reply beyond_quota(const Meta& meta);
/// The same answer, or nothing if it does.
[[nodiscard]] inline std::optional<Reply> refused_by_quota(const Meta& meta, std::uint64_t before,
                                                           std::uint64_t after) {
  return is_within_quota(meta, before, after) ? std::nullopt : std::optional(beyond_quota(meta));
}

/// What the row costs that is there; 0 if none is.
[[nodiscard]] std::uint64_t cost_of(const Table& table, const RowKey& row);
/// Changes a row that counts, and the used bytes with it. Whether the quota allows it was asked before.
void put_counted(RecordedTable& table, Meta& meta, const RowKey& row, BytesView value);
/// No such row is no error.
void erase_counted(RecordedTable& table, Meta& meta, const RowKey& row);

}  // namespace parley::app
