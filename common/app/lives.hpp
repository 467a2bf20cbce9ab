#pragma once
#include <cstdint>
#include <optional>

#include "common/app/command.hpp"
#include "common/app/execution.hpp"
#include "common/app/query.hpp"
#include "common/app/reply.hpp"

/// How keys end: each by itself, or together with a lease. In rows of their own, so that whoever has no such key pays
/// nothing for them:
///
///     'l' key            u64 cluster_us at which it ends by itself, u64 lease: one of them 0
///     'L' u64 lease      u64 ttl_us, u64 cluster_us at which it ends, u32 keys
///     'K' u64 lease, key nothing: the key ends with the lease
///
/// and a row of due.hpp for each key that ends by itself, and for each lease. All of them count for the quota.
namespace parley::app {

struct Life {
  std::uint64_t at_us = 0;  ///< cluster time; 0: it has a lease
  LeaseId lease;
  friend bool operator==(const Life&, const Life&) = default;
};

struct Lease {
  std::uint64_t ttl_us = 0;
  std::uint64_t at_us = 0;
  std::uint32_t keys = 0;
};

/// The key's; nothing if it stays until it is deleted.
[[nodiscard]] std::optional<Life> find_life(const Table& table, BytesView key);
/// The same; looks nowhere if no key has one.
[[nodiscard]] inline std::optional<Life> find_life(const Table& table, const Meta& meta, BytesView key) {
  return meta.keys_with_life == 0 ? std::nullopt : find_life(table, key);
}
/// What it costs of the quota, beside its key's row.
[[nodiscard]] std::uint64_t cost_of_life(BytesView key, const std::optional<Life>& life);
/// Lets the key end in another way than before; nothing for one that stays. A lease must be there, and have room.
void change_life(const Execution& execution, BytesView key, const std::optional<Life>& before,
                 const std::optional<Life>& after);

[[nodiscard]] std::optional<Lease> find_lease(const Table& table, LeaseId id);

/// The time `ttl_us` from now.
[[nodiscard]] std::uint64_t time_after(const Meta& meta, std::uint64_t ttl_us);

[[nodiscard]] Reply execute(const LeaseGrant& grant, const Execution& execution);
[[nodiscard]] Reply execute(const LeaseKeepAlive& keep, const Execution& execution);
[[nodiscard]] Reply execute(const LeaseRevoke& revoke, const Execution& execution);

/// `now_us`: what cluster time is thought to be, if that is later than what `meta` has.
[[nodiscard]] Reply read(const LeaseInfo& info, const Table& table, const Meta& meta, std::uint64_t now_us);

/// A row of DueKind::key fell due at that time: the key ends, unless it has another life since.
void end_key(BytesView key, std::uint64_t at_us, const Execution& execution);
/// The same of DueKind::lease; `rest` is the row's.
void end_lease(BytesView rest, std::uint64_t at_us, const Execution& execution);
/// How many keys end with it.
[[nodiscard]] std::size_t keys_that_end(BytesView rest, const Table& table);

}  // namespace parley::app
