#include "common/app/key_value.hpp"

#include <algorithm>
#include <charconv>

#include "common/app/lives.hpp"
#include "common/app/validate.hpp"
#include "common/base/ensure.hpp"
#include "common/base/key_value_limits.hpp"

namespace parley::app {
namespace {

Reply not_found() { return {.word = ErrorWord::not_found, .detail = "no such key"}; }

Reply refused(Problem problem) { return {.word = problem.word, .detail = std::move(problem.text)}; }

Reply mismatch(BytesView present, const char* why) {
  return {.word = ErrorWord::mismatch, .detail = why, .body = ReplyValue{Bytes(present)}};
}

/// A key as it stands before it is changed. The value's view lives until then.
struct Before {
  Before(const Execution& execution, BytesView name)
      : key(name),
        row(RowSpace::key_value, name),
        value(execution.table.table().get(row.view())),
        life(find_life(execution.table.table(), execution.meta, name)) {}

  /// Of its row alone.
  [[nodiscard]] std::uint64_t cost() const { return value ? quota_cost(key.size(), value->size()) : 0; }

  BytesView key;
  RowKey row;
  std::optional<BytesView> value;
  std::optional<Life> life;
};

/// Whether the value stands in the command, for those who read the log.
enum class Value { told, made };

Reply write(const Before& before, BytesView value, const std::optional<Life>& life, const Execution& execution,
            Value how = Value::told) {
  Meta& meta = execution.meta;
  const std::uint64_t cost = quota_cost(before.key.size(), value.size());
  const bool is_about_life = before.life || life;  // of no key in most clusters: all that it costs is to be asked for
  const std::uint64_t life_before = is_about_life ? cost_of_life(before.key, before.life) : 0;
  const std::uint64_t life_after = is_about_life ? cost_of_life(before.key, life) : 0;
  if (!is_within_quota(meta, before.cost() + life_before, cost + life_after)) return beyond_quota(meta);
  if (how == Value::told) {
    execution.changes.add(before.key, value, before.value);
  } else {
    execution.changes.add_made(before.key, value, before.value);
  }
  meta.used_bytes += cost - before.cost();
  if (!before.value) ++meta.keys;
  execution.table.put(before.row.view(), value);
  if (is_about_life) change_life(execution, before.key, before.life, life);
  return {};
}

/// The key is there.
Reply erase(const Before& before, const Execution& execution) {
  execution.changes.add(before.key, std::nullopt, before.value);
  ENSURE_LE(before.cost(), execution.meta.used_bytes);
  execution.meta.used_bytes -= before.cost();
  --execution.meta.keys;
  execution.table.erase(before.row.view());
  change_life(execution, before.key, before.life, std::nullopt);
  return {};
}

/// The whole of it must be a number.
std::optional<std::int64_t> parse_number(BytesView text) {
  std::int64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Reply execute(const Set& set, const Execution& execution) {
  return write(Before(execution, set.key), set.value, std::nullopt, execution);
}

Reply execute(const SetExpiring& set, const Execution& execution) {
  const Before before(execution, set.key);
  if (set.lease.value == 0)
    return write(before, set.value, Life{time_after(execution.meta, set.ttl_us), {}}, execution);
  const auto lease = find_lease(execution.table.table(), set.lease);
  if (!lease) return {.word = ErrorWord::not_found, .detail = "no such lease"};
  const Life life{0, set.lease};
  if (before.life != life && lease->keys >= limits::lease_keys) {
    return {.word = ErrorWord::too_large,
            .detail = "the lease has " + std::to_string(limits::lease_keys) + " keys, which is as many as one may"};
  }
  return write(before, set.value, life, execution);
}

Reply execute(const Delete& erase_operation, const Execution& execution) {
  const Before before(execution, erase_operation.key);
  return before.value ? erase(before, execution) : not_found();
}

Reply execute(const DeleteIf& erase_operation, const Execution& execution) {
  const Before before(execution, erase_operation.key);
  if (!before.value) return not_found();
  if (*before.value != erase_operation.expected) return mismatch(*before.value, "the value is another one");
  return erase(before, execution);
}

Reply execute(const CompareAndSet& cas, const Execution& execution) {
  const Before before(execution, cas.key);
  if (!before.value) return not_found();
  if (*before.value != cas.expected) return mismatch(*before.value, "the value is another one");
  return write(before, cas.desired, std::nullopt, execution);
}

Reply execute(const Increment& increment, const Execution& execution) {
  const Before before(execution, increment.key);
  const auto number = before.value ? parse_number(*before.value) : 0;
  if (!number) return mismatch(*before.value, "the value is no decimal number of 64 bits");
  std::int64_t sum = 0;
  if (__builtin_add_overflow(*number, increment.by, &sum)) {
    return mismatch(before.value.value_or("0"), "the number would have more than 64 bits");
  }
  Bytes text = std::to_string(sum);
  if (auto problem = validate_value(text, execution.meta.in_force())) return refused(*std::move(problem));
  Reply reply = write(before, text, before.life, execution, Value::made);
  if (reply.word == ErrorWord::ok) reply.body = ReplyValue{std::move(text)};
  return reply;
}

Reply read(const Get& get, const Table& table) {
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
