// Calls of a Cluster on numbers, conditions, several keys at once, and leases.
#include <parley/cluster.hpp>

#include <utility>

#include "client/library/core.hpp"

namespace parley {
namespace {

using client::Client;
using client::library::call_bytes;
using client::library::finish;
using client::library::timeout_us_of;
using detail::Core;

/// `make` gives the write when it is submitted: what that borrows is in `make`.
template <class T, class Make, class Convert>
bool begin_write(Core& core, std::size_t bytes, WriteOptions options, Callback<T> callback, Make make,
                 Convert convert) {
  return core.io().begin(
      call_bytes + bytes,
      [make = std::move(make), options](Client& client, client::Callback end) {
        client.submit(make(), std::move(end), timeout_us_of(options.timeout));
      },
      finish<T>(std::move(callback), convert));
}

}  // namespace

// --- callback form

bool Cluster::remove_if(std::string_view key, std::string_view expected, Callback<Written> callback,
                        WriteOptions options) {
  return begin_write<Written>(
      *core_, key.size() + expected.size(), options, std::move(callback),
      [key = std::string(key), expected = std::string(expected)] {
        return client::Write(app::DeleteIf{key, expected});
      },
      client::library::written_of);
}

bool Cluster::increment(std::string_view key, std::int64_t by, Callback<Incremented> callback, WriteOptions options) {
  return begin_write<Incremented>(
      *core_, key.size(), options, std::move(callback),
      [key = std::string(key), by] {
        return client::Write(app::Increment{key, by});
      },
      client::library::incremented_of);
}

bool Cluster::transact(const Transaction& transaction, Callback<Transacted> callback, WriteOptions options) {
  Bytes parts = client::library::encode(transaction);
  const std::size_t bytes = parts.size();
  return begin_write<Transacted>(
      *core_, bytes, options, std::move(callback),
      [parts = std::move(parts)] { return client::Write(app::Transaction{parts}); }, client::library::transacted_of);
}

bool Cluster::grant_lease(std::chrono::milliseconds ttl, Callback<Lease> callback, WriteOptions options) {
  return begin_write<Lease>(
      *core_, 0, options, std::move(callback),
      [ttl] { return client::Write(app::LeaseGrant{client::library::life_us_of(ttl)}); }, client::library::lease_of);
}

bool Cluster::keep_lease_alive(LeaseId lease, Callback<Lease> callback, WriteOptions options) {
  return begin_write<Lease>(
      *core_, 0, options, std::move(callback),
      [lease] { return client::Write(app::LeaseKeepAlive{app::LeaseId{lease}}); }, client::library::lease_of);
}

bool Cluster::revoke_lease(LeaseId lease, Callback<Written> callback, WriteOptions options) {
  return begin_write<Written>(
      *core_, 0, options, std::move(callback), [lease] { return client::Write(app::LeaseRevoke{app::LeaseId{lease}}); },
      client::library::written_of);
}

bool Cluster::lease_info(LeaseId lease, Callback<Lease> callback, ReadOptions options) {
  return core_->io().begin(
      call_bytes,
      [lease, options](Client& client, client::Callback end) {
        client.submit(app::LeaseInfo{app::LeaseId{lease}}, client::library::read_mode_of(options.mode), std::move(end),
                      timeout_us_of(options.timeout));
      },
      finish<Lease>(std::move(callback), client::library::lease_of));
}

// --- blocking form

Answer<Written> Cluster::remove_if(std::string_view key, std::string_view expected, WriteOptions options) {
  return core_->wait<Written>(options.timeout,
                              [&](Callback<Written> end) { return remove_if(key, expected, std::move(end), options); });
}

Answer<Incremented> Cluster::increment(std::string_view key, std::int64_t by, WriteOptions options) {
  return core_->wait<Incremented>(
      options.timeout, [&](Callback<Incremented> end) { return increment(key, by, std::move(end), options); });
}

Answer<Transacted> Cluster::transact(const Transaction& transaction, WriteOptions options) {
  return core_->wait<Transacted>(
      options.timeout, [&](Callback<Transacted> end) { return transact(transaction, std::move(end), options); });
}

Answer<Lease> Cluster::grant_lease(std::chrono::milliseconds ttl, WriteOptions options) {
  return core_->wait<Lease>(options.timeout,
                            [&](Callback<Lease> end) { return grant_lease(ttl, std::move(end), options); });
}

Answer<Lease> Cluster::keep_lease_alive(LeaseId lease, WriteOptions options) {
  return core_->wait<Lease>(options.timeout,
                            [&](Callback<Lease> end) { return keep_lease_alive(lease, std::move(end), options); });
}

Answer<Written> Cluster::revoke_lease(LeaseId lease, WriteOptions options) {
  return core_->wait<Written>(options.timeout,
                              [&](Callback<Written> end) { return revoke_lease(lease, std::move(end), options); });
}

Answer<Lease> Cluster::lease_info(LeaseId lease, ReadOptions options) {
  return core_->wait<Lease>(options.timeout,
                            [&](Callback<Lease> end) { return lease_info(lease, std::move(end), options); });
}

}  // namespace parley
