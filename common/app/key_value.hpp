#pragma once
#include "common/app/command.hpp"
#include "common/app/meta.hpp"
#include "common/app/query.hpp"
#include "common/app/recorded_table.hpp"
#include "common/app/reply.hpp"

/// The key-value part of the application. Keys and sizes were judged before (validate.hpp).
namespace parley::app {

/// Each carries out one operation: changes the rows, and the counts of keys and used bytes in `meta`. A change that
/// would bring the used bytes above the quota is answered `quota` and changes nothing; one that frees bytes always
/// works.
[[nodiscard]] Reply execute(const Set& set, RecordedTable& table, Meta& meta);
[[nodiscard]] Reply execute(const Delete& erase, RecordedTable& table, Meta& meta);
[[nodiscard]] Reply execute(const CompareAndSet& cas, RecordedTable& table, Meta& meta);

[[nodiscard]] Reply read(const Get& get, const Table& table);
[[nodiscard]] Reply read(const Scan& scan, const Table& table);

/// What the quota counts for a row.
[[nodiscard]] constexpr std::uint64_t quota_cost(std::size_t key_bytes, std::size_t value_bytes) {
  return key_bytes + value_bytes + limits::quota_row_bytes;
}

}  // namespace parley::app
