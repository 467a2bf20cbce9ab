#include "common/app/lives.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "common/app/due.hpp"
#include "common/app/quota.hpp"
#include "common/base/big_endian.hpp"
#include "common/base/byte_codec.hpp"
#include "common/base/ensure.hpp"

namespace parley::app {
namespace {

constexpr std::size_t id_bytes = sizeof(std::uint64_t);
constexpr std::size_t life_bytes = 8 + 8;
constexpr std::size_t lease_bytes = 8 + 8 + 4;

RowKey life_key(BytesView key) { return RowKey(RowSpace::life, key); }
RowKey lease_key(LeaseId id) { return RowKey(RowSpace::lease).add_number(id.value, id_bytes); }
RowKey keys_of(LeaseId id) { return RowKey(RowSpace::lease_key).add_number(id.value, id_bytes); }
RowKey member_key(LeaseId id, BytesView key) { return keys_of(id).add(key); }

/// What names a lease in a row that falls due.
class DueName {
 public:
  explicit DueName(LeaseId id) : row_(lease_key(id)) {}
  [[nodiscard]] BytesView view() const { return row_.view().substr(1); }

 private:
  RowKey row_;
};

Reply no_lease() { return {.word = ErrorWord::not_found, .detail = "no such lease"}; }

void put_life(const Execution& execution, BytesView key, const Life& life) {
  Bytes value;
  ByteWriter(value).number(life.at_us).number(life.lease.value);
  put_counted(execution.table, execution.meta, life_key(key), value);
}

void put_lease(const Execution& execution, LeaseId id, const Lease& lease) {
  Bytes value;
  ByteWriter(value).number(lease.ttl_us).number(lease.at_us).number(lease.keys);
  put_counted(execution.table, execution.meta, lease_key(id), value);
}

ReplyLease describe(LeaseId id, const Lease& lease, std::uint64_t now_us) {
  return {id, lease.ttl_us, lease.at_us - std::min(lease.at_us, now_us), lease.keys};
}

/// A key is no longer among those of its lease, or no longer due.
void untie(const Execution& execution, BytesView key, const Life& life) {
  if (life.lease.value == 0) return remove_due(execution.table, execution.meta, life.at_us, DueKind::key, key);
  erase_counted(execution.table, execution.meta, member_key(life.lease, key));
  auto lease = find_lease(execution.table.table(), life.lease);
  if (!lease) return;
  --lease->keys;
  put_lease(execution, life.lease, *lease);
}

void tie(const Execution& execution, BytesView key, const Life& life) {
  if (life.lease.value == 0) return add_due(execution.table, execution.meta, life.at_us, DueKind::key, key);
  put_counted(execution.table, execution.meta, member_key(life.lease, key), {});
  auto lease = find_lease(execution.table.table(), life.lease);
  ENSURE(lease.has_value());
  ++lease->keys;
  put_lease(execution, life.lease, *lease);
}

/// The key's row and that of its life are gone, not what else speaks of it.
void erase_key(BytesView key, const Execution& execution) {
  const RowKey row(RowSpace::key_value, key);
  if (const auto present = execution.table.table().get(row.view())) {
    execution.changes.add_ended(key, *present);
    erase_counted(execution.table, execution.meta, row);
    --execution.meta.keys;
  }
  if (cost_of(execution.table.table(), life_key(key)) == 0) return;
  erase_counted(execution.table, execution.meta, life_key(key));
  --execution.meta.keys_with_life;
}

/// In the order of their bytes.
std::vector<Bytes> list_keys(const Table& table, LeaseId id) {
  std::vector<Bytes> keys;
  const RowKey first = keys_of(id);
  table.scan(first.view(), [&](BytesView row, BytesView) {
    if (!row.starts_with(first.view())) return false;
    keys.emplace_back(row.substr(first.view().size()));
    return true;
  });
  return keys;
}

void erase_lease(LeaseId id, const Lease& lease, const Execution& execution) {
  for (const Bytes& key : list_keys(execution.table.table(), id)) {
    erase_key(key, execution);
    erase_counted(execution.table, execution.meta, member_key(id, key));
  }
  erase_counted(execution.table, execution.meta, lease_key(id));
  remove_due(execution.table, execution.meta, lease.at_us, DueKind::lease, DueName(id).view());
}

}  // namespace

std::optional<Life> find_life(const Table& table, BytesView key) {
  const auto row = table.get(life_key(key).view());
  if (!row) return std::nullopt;
  ByteReader in(*row);
  return Life{in.number<std::uint64_t>(), LeaseId{in.number<std::uint64_t>()}};
}

std::uint64_t cost_of_life(BytesView key, const std::optional<Life>& life) {
  if (!life) return 0;
  const std::uint64_t tie_cost = life->lease.value == 0 ? due_cost(key) : quota_cost(id_bytes + key.size(), 0);
  return quota_cost(key.size(), life_bytes) + tie_cost;
}

void change_life(const Execution& execution, BytesView key, const std::optional<Life>& before,
                 const std::optional<Life>& after) {
  if (before == after) return;
  if (before) untie(execution, key, *before);
  if (after) {
    put_life(execution, key, *after);
    tie(execution, key, *after);
  } else {
    erase_counted(execution.table, execution.meta, life_key(key));
  }
  execution.meta.keys_with_life += (after ? 1 : 0);
  execution.meta.keys_with_life -= (before ? 1 : 0);
}

std::optional<Lease> find_lease(const Table& table, LeaseId id) {
  const auto row = table.get(lease_key(id).view());
  if (!row) return std::nullopt;
  ByteReader in(*row);
  return Lease{in.number<std::uint64_t>(), in.number<std::uint64_t>(), in.number<std::uint32_t>()};
}

/// An entry's time may be any number; nothing ends at Meta::never.
std::uint64_t time_after(const Meta& meta, std::uint64_t ttl_us) {
  const std::uint64_t now_us = meta.time.cluster_us;
  return now_us + std::min(ttl_us, Meta::never - 1 - std::min(now_us, Meta::never - 1));
}

Reply execute(const LeaseGrant& grant, const Execution& execution) {
  const LeaseId id{execution.index.value};
  const Lease lease{grant.ttl_us, time_after(execution.meta, grant.ttl_us), 0};
  const std::uint64_t cost = quota_cost(id_bytes, lease_bytes) + due_cost(DueName(id).view());
  if (auto refused = refused_by_quota(execution.meta, 0, cost)) return *std::move(refused);
  put_lease(execution, id, lease);
  add_due(execution.table, execution.meta, lease.at_us, DueKind::lease, DueName(id).view());
  return {.body = describe(id, lease, execution.meta.time.cluster_us)};
}

Reply execute(const LeaseKeepAlive& keep, const Execution& execution) {
  auto lease = find_lease(execution.table.table(), keep.lease);
  if (!lease) return no_lease();
  const DueName name(keep.lease);
  remove_due(execution.table, execution.meta, lease->at_us, DueKind::lease, name.view());
  lease->at_us = time_after(execution.meta, lease->ttl_us);
  put_lease(execution, keep.lease, *lease);
  add_due(execution.table, execution.meta, lease->at_us, DueKind::lease, name.view());
  return {.body = describe(keep.lease, *lease, execution.meta.time.cluster_us)};
}

Reply execute(const LeaseRevoke& revoke, const Execution& execution) {
  const auto lease = find_lease(execution.table.table(), revoke.lease);
  if (!lease) return no_lease();
  erase_lease(revoke.lease, *lease, execution);
  return {};
}

Reply read(const LeaseInfo& info, const Table& table, const Meta& meta, std::uint64_t now_us) {
  const auto lease = find_lease(table, info.lease);
  if (!lease) return no_lease();
  return {.body = describe(info.lease, *lease, std::max(meta.time.cluster_us, now_us))};
}

void end_key(BytesView key, std::uint64_t at_us, const Execution& execution) {
  const auto life = find_life(execution.table.table(), execution.meta, key);
  if (life == Life{at_us, {}}) erase_key(key, execution);
  remove_due(execution.table, execution.meta, at_us, DueKind::key, key);
}

void end_lease(BytesView rest, std::uint64_t at_us, const Execution& execution) {
  const LeaseId id{big_endian(rest)};
  const auto lease = find_lease(execution.table.table(), id);
  if (lease && lease->at_us == at_us) return erase_lease(id, *lease, execution);
  remove_due(execution.table, execution.meta, at_us, DueKind::lease, rest);
}

std::size_t keys_that_end(BytesView rest, const Table& table) {
  const auto lease = find_lease(table, LeaseId{big_endian(rest)});
  return lease ? lease->keys : 0;
}

}  // namespace parley::app
