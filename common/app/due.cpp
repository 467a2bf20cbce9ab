#include "common/app/due.hpp"

#include <algorithm>

#include "common/app/quota.hpp"
#include "common/base/big_endian.hpp"
#include "common/base/ensure.hpp"

namespace parley::app {
namespace {

constexpr std::size_t time_bytes = sizeof(std::uint64_t);
constexpr std::size_t header_bytes = 1 + time_bytes + 1;

RowKey due_key(std::uint64_t at_us, DueKind kind, BytesView rest) {
  return RowKey(RowSpace::due).add_number(at_us, time_bytes).add_number(static_cast<std::uint8_t>(kind), 1).add(rest);
}

}  // namespace

std::uint64_t due_cost(BytesView rest) { return quota_cost(header_bytes - 1 + rest.size(), 0); }

void add_due(RecordedTable& table, Meta& meta, std::uint64_t at_us, DueKind kind, BytesView rest) {
  table.put(due_key(at_us, kind, rest).view(), {});
  meta.used_bytes += due_cost(rest);
  meta.next_due_us = std::min(meta.next_due_us, at_us);
}

/// Meta::next_due_us stays, and may then be too early: what looks there finds out.
void remove_due(RecordedTable& table, Meta& meta, std::uint64_t at_us, DueKind kind, BytesView rest) {
  table.erase(due_key(at_us, kind, rest).view());
  ENSURE_LE(due_cost(rest), meta.used_bytes);
  meta.used_bytes -= due_cost(rest);
}

DueKind due_kind(BytesView row_key) {
  return row_key.size() < header_bytes ? DueKind{} : static_cast<DueKind>(row_key[header_bytes - 1]);
}

/// Nothing is due before Meta::next_due_us. To begin there, and not at the first row, steps over what a table still
/// knows of rows that were erased.
std::vector<Due> take_due(const Table& table, Meta& meta, std::size_t most) {
  std::vector<Due> found;
  const RowKey from = RowKey(RowSpace::due).add_number(meta.next_due_us, time_bytes);
  meta.next_due_us = Meta::never;
  table.scan(from.view(), [&](BytesView key, BytesView) {
    if (!key.starts_with(static_cast<char>(RowSpace::due)) || key.size() < header_bytes) return false;
    const std::uint64_t at_us = big_endian(key.substr(1, time_bytes));
    if (at_us > meta.time.cluster_us || found.size() == most) {
      meta.next_due_us = at_us;
      return false;
    }
    found.push_back({at_us, static_cast<DueKind>(key[header_bytes - 1]), Bytes(key.substr(header_bytes))});
    return true;
  });
  return found;
}

}  // namespace parley::app
