#include <parley/cluster.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "client/library/core.hpp"
#include "client/library/key_feed.hpp"
#include "client/transport_network.hpp"
#include "common/base/entropy.hpp"

namespace parley {
namespace {

using client::Client;
using client::library::call_bytes;
using client::library::Common;
using client::library::failure;
using client::library::finish;
using client::library::IoThread;

IoThread::Finish finish_write(Callback<Written> callback) {
  return finish<Written>(std::move(callback), client::library::written_of);
}

/// Running out of descriptors later could end the process within libzmq.
bool has_descriptors() {
  rlimit limit{};
  return getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limits::library_descriptors;
}

}  // namespace

Answer<client::ClientSettings> client::library::settings_of(const Options& options) {
  const auto wrong = [](std::string detail) { return std::unexpected(failure(Word::invalid, std::move(detail))); };
  ClientSettings settings;
  for (const std::string& server : options.servers) {
    auto address = Address::parse(server);
    if (!address) return wrong(address.error().what);
    if (address->port() == 0) return wrong(server + ": nobody can be at port 0");
    settings.servers.push_back(*std::move(address));
  }
  if (settings.servers.empty()) return wrong("no servers are given");
  settings.timeout_us = timeout_us_of(options.timeout);
  if (settings.timeout_us == 0) return wrong("the timeout must be at least a millisecond");
  return settings;
}

Answer<Cluster> Cluster::open(const Options& options) {
  auto settings = client::library::settings_of(options);
  if (!settings) return std::unexpected(std::move(settings.error()));
  if (!has_descriptors()) {
    return std::unexpected(failure(Word::invalid, "the process may open fewer than " +
                                                      std::to_string(limits::library_descriptors) +
                                                      " files: raise the limit (ulimit -n)"));
  }
  auto common = std::make_shared<Common>();
  common->settings = *settings;
  settings->seed = draw_u64();
  const auto network = [context = &common->context] { return std::make_unique<client::TransportNetwork>(*context); };
  auto io = IoThread::start(network, common->clock, *std::move(settings));
  if (!io) return std::unexpected(failure(Word::invalid, io.error().what));
  return Cluster(std::make_shared<detail::Core>(std::move(common), *std::move(io)));
}

Cluster::Cluster(std::shared_ptr<detail::Core> core) : core_(std::move(core)) {}
Cluster::Cluster(Cluster&& other) noexcept = default;
Cluster& Cluster::operator=(Cluster&& other) noexcept = default;
Cluster::~Cluster() = default;

// --- callback form

bool Cluster::get(std::string_view key, Callback<Value> callback, ReadOptions options) {
  return core_->io().begin(
      call_bytes + key.size(),
      [key = std::string(key), options](Client& client, client::Callback end) {
        client.submit(app::Get{key}, client::library::read_mode_of(options.mode), std::move(end),
                      client::library::timeout_us_of(options.timeout));
      },
      finish<Value>(std::move(callback), client::library::value_of));
}

bool Cluster::scan(const Range& range, Callback<Page> callback, ReadOptions options) {
  return core_->io().begin(
      call_bytes + range.prefix.size() + range.after.size(),
      [range, options](Client& client, client::Callback end) {
        client.submit(app::Scan{range.prefix, range.after, range.limit}, client::library::read_mode_of(options.mode),
                      std::move(end), client::library::timeout_us_of(options.timeout));
      },
      finish<Page>(std::move(callback), client::library::page_of));
}

bool Cluster::set(std::string_view key, std::string_view value, Callback<Written> callback, SetOptions options) {
  return core_->io().begin(
      call_bytes + key.size() + value.size(),
      [key = std::string(key), value = std::string(value), options](Client& client, client::Callback end) {
        client.submit(client::library::set_of(key, value, options.ttl, options.lease), std::move(end),
                      client::library::timeout_us_of(options.timeout));
      },
      finish_write(std::move(callback)));
}

bool Cluster::remove(std::string_view key, Callback<Written> callback, WriteOptions options) {
  return core_->io().begin(
      call_bytes + key.size(),
      [key = std::string(key), options](Client& client, client::Callback end) {
        client.submit(app::Delete{key}, std::move(end), client::library::timeout_us_of(options.timeout));
      },
      finish_write(std::move(callback)));
}

bool Cluster::compare_and_set(std::string_view key, std::string_view expected, std::string_view desired,
                              Callback<Written> callback, WriteOptions options) {
  return core_->io().begin(
      call_bytes + key.size() + expected.size() + desired.size(),
      [key = std::string(key), expected = std::string(expected), desired = std::string(desired), options](
          Client& client, client::Callback end) {
        client.submit(app::CompareAndSet{key, expected, desired}, std::move(end),
                      client::library::timeout_us_of(options.timeout));
      },
      finish_write(std::move(callback)));
}

// --- blocking form

Answer<Value> Cluster::get(std::string_view key, ReadOptions options) {
  return core_->wait<Value>(options.timeout, [&](Callback<Value> end) { return get(key, std::move(end), options); });
}

Answer<Page> Cluster::scan(const Range& range, ReadOptions options) {
  return core_->wait<Page>(options.timeout, [&](Callback<Page> end) { return scan(range, std::move(end), options); });
}

Answer<Written> Cluster::set(std::string_view key, std::string_view value, SetOptions options) {
  return core_->wait<Written>(options.timeout,
                              [&](Callback<Written> end) { return set(key, value, std::move(end), options); });
}

Answer<Written> Cluster::remove(std::string_view key, WriteOptions options) {
  return core_->wait<Written>(options.timeout,
                              [&](Callback<Written> end) { return remove(key, std::move(end), options); });
}

Answer<Written> Cluster::compare_and_set(std::string_view key, std::string_view expected, std::string_view desired,
                                         WriteOptions options) {
  return core_->wait<Written>(options.timeout, [&](Callback<Written> end) {
    return compare_and_set(key, expected, desired, std::move(end), options);
  });
}

bool Cluster::drain(std::chrono::milliseconds timeout) {
  return !core_->io().is_own_thread() && core_->io().drain(timeout);
}

// --- feeds and status

Answer<Feed> Cluster::watch(const FeedOptions& options) { return watch(options, FeedCallback()); }

Answer<Feed> Cluster::watch(const FeedOptions& options, FeedCallback callback) {
  return client::library::start_key_feed(core_->common(), options, std::move(callback));
}

Answer<ClusterStatus> Cluster::status(std::chrono::milliseconds timeout) {
  if (core_->io().is_own_thread()) {
    return std::unexpected(failure(Word::invalid, "a blocking call in a callback would hold up all others"));
  }
  Common& common = *core_->common();
  client::TransportNetwork network(common.context);
  client::ClientSettings settings = common.settings;
  settings.seed = draw_u64();
  if (const std::uint64_t given_us = client::library::timeout_us_of(timeout); given_us != 0) {
    settings.timeout_us = given_us;
  }
  Client client(network, common.clock, std::move(settings));
  auto status = client::ask_status(client);
  if (!status) return std::unexpected(failure(Word::timeout, "no node answers"));
  client::add_archives(client, *status, client::ask_archives_over(common.context, common.clock));
  return client::library::status_of(*status);
}

}  // namespace parley
