#include "common/app/key_value.hpp"

#include <algorithm>

#include "common/app/validate.hpp"

namespace parley::app {
namespace {

/// Writes a row whose value is now `present`, if it is there.
Reply write_row(const RowKey& row, BytesView key, BytesView value, std::optional<BytesView> present,
                const Execution& execution) {
  Meta& meta = execution.meta;
  const std::uint64_t before = present ? quota_cost(key.size(), present->size()) : 0;
  const std::uint64_t after = quota_cost(key.size(), value.size());
  if (auto refused = refused_by_quota(meta, before, after)) return *std::move(refused);
  execution.changes.add(key, value, present);
  meta.used_bytes += after - before;
  if (!present) ++meta.keys;
  execution.table.put(row.view(), value);
  return {};
}

Reply not_found() { return {.word = ErrorWord::not_found, .detail = "no such key"}; }

Reply refused(Problem problem) { return {.word = problem.word, .detail = std::move(problem.text)}; }

}  // namespace

Reply execute(const Set& set, const Execution& execution) {
  const RowKey row(RowSpace::key_value, set.key);
  return write_row(row, set.key, set.value, execution.table.table().get(row.view()), execution);
}

Reply execute(const Delete& erase, const Execution& execution) {
  const RowKey row(RowSpace::key_value, erase.key);
  const auto present = execution.table.table().get(row.view());
  if (!present) return not_found();
  execution.changes.add(erase.key, std::nullopt, present);
  const std::uint64_t cost = quota_cost(erase.key.size(), present->size());
  ENSURE_LE(cost, execution.meta.used_bytes);
  execution.meta.used_bytes -= cost;
  --execution.meta.keys;
  execution.table.erase(row.view());
  return {};
}

Reply execute(const CompareAndSet& cas, const Execution& execution) {
  const RowKey row(RowSpace::key_value, cas.key);
  const auto present = execution.table.table().get(row.view());
  if (!present) return not_found();
  if (*present != cas.expected) {
    return {.word = ErrorWord::mismatch, .detail = "the value is another one", .body = ReplyValue{Bytes(*present)}};
  }
  return write_row(row, cas.key, cas.desired, present, execution);
}

Reply read(const Get& get, const Table& table) {
  if (auto problem = validate_key(get.key)) return refused(*std::move(problem));
  const auto value = table.get(RowKey(RowSpace::key_value, get.key).view());
  if (!value) return not_found();
  return {.body = ReplyValue{Bytes(*value)}};
}

Reply read(const Scan& scan, const Table& table) {
  for (const BytesView key : {scan.prefix, scan.after_key}) {
    if (key.empty()) continue;
    if (auto problem = validate_key(key)) return refused(*std::move(problem));
  }
  const std::size_t most = scan.limit == 0 ? limits::scan_rows : std::min<std::size_t>(scan.limit, limits::scan_rows);
  const RowKey prefix(RowSpace::key_value, scan.prefix);
  const RowKey from(RowSpace::key_value, std::max(scan.prefix, scan.after_key));
  ReplyRows page;
  std::size_t bytes = 0;
  table.scan(from.view(), [&](BytesView row, BytesView value) {
    if (!row.starts_with(prefix.view())) return false;
    const BytesView key = row.substr(1);
    if (!scan.after_key.empty() && key == scan.after_key) return true;
    const std::size_t row_bytes = key.size() + value.size();
    if (page.rows.size() == most || (!page.rows.empty() && bytes + row_bytes > limits::scan_bytes)) {
      page.more = true;
      return false;
    }
    bytes += row_bytes;
    page.rows.push_back({Bytes(key), Bytes(value)});
    return true;
  });
  return {.body = std::move(page)};
}

}  // namespace parley::app
