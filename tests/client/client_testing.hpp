#pragma once
#include <catch2/catch.hpp>

#include <optional>
#include <string>

#include "client/client.hpp"
#include "tests/client/fake_cluster.hpp"

namespace parley::client {

/// A client of a fake cluster, and what became of what it was asked.
struct Fixture {
  explicit Fixture(std::size_t servers = 1) : Fixture(servers, servers) {}
  /// Knows only the first `configured` servers.
  Fixture(std::size_t servers, std::size_t configured)
      : cluster(servers), client(cluster, cluster.clock, settings(cluster, configured)) {}

  static ClientSettings settings(const FakeCluster& cluster, std::size_t configured) {
    ClientSettings settings;
    settings.servers = cluster.addresses();
    settings.servers.resize(configured);
    settings.seed = 42;
    return settings;
  }

  Callback keep(std::optional<Outcome>& place) {
    return [&place](Outcome&& outcome) {
      CHECK_FALSE(place.has_value());
      place = std::move(outcome);
    };
  }
  /// Lets time pass until the outcome is there.
  Outcome await(const std::optional<Outcome>& place) {
    for (int i = 0; i < 100'000 && !place; ++i) client.poll(1'000'000);
    REQUIRE(place.has_value());
    return *place;
  }
  Outcome run(const Write& write, std::uint64_t timeout_us = 0) {
    std::optional<Outcome> outcome;
    client.submit(write, keep(outcome), timeout_us);
    return await(outcome);
  }
  Outcome get(const std::string& key, wire::ReadMode mode = wire::ReadMode::linearizable) {
    std::optional<Outcome> outcome;
    client.submit(app::Get{key}, mode, keep(outcome));
    return await(outcome);
  }
  /// Lets this much time pass, whatever happens.
  void pass(std::uint64_t duration_us) {
    const std::uint64_t until = cluster.clock.now_us + duration_us;
    while (cluster.clock.now_us < until) client.poll(until - cluster.clock.now_us);
  }

  FakeCluster cluster;
  Client client;
};

inline Outcome set(Fixture& f, const std::string& key, const std::string& value, std::uint64_t timeout_us = 0) {
  return f.run(app::Set{key, value}, timeout_us);
}

}  // namespace parley::client
