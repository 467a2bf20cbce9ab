#pragma once
#include <poll.h>

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <utility>

#include "client/library/core.hpp"
#include "tests/client/fake_cluster.hpp"

namespace parley::client {

/// A fake cluster as the I/O thread of a parley::Cluster uses it. Where nothing is due it waits for the next call, in
/// place of letting hours pass; a frozen one always does.
class QuietNetwork final : public Network {
 public:
  QuietNetwork(FakeCluster& cluster, bool is_frozen) : cluster_(cluster), is_frozen_(is_frozen) {}
  [[nodiscard]] Result<std::unique_ptr<Connection>> connect(const Address& server) override {
    return cluster_.connect(server);
  }
  bool wait(std::uint64_t timeout_us, int input) override {
    constexpr std::uint64_t hour_us = 3'600'000'000;
    if (timeout_us < hour_us && !is_frozen_) return cluster_.wait(timeout_us, input);
    pollfd readable{input, POLLIN, 0};
    return timeout_us > 0 && ::poll(&readable, 1, -1) == 1;
  }

 private:
  FakeCluster& cluster_;
  bool is_frozen_;
};

/// A parley::Cluster over a fake one, which belongs to its I/O thread from open() until close().
struct LibraryFixture {
  explicit LibraryFixture(std::size_t servers = 1) : fake(servers) {}

  Cluster& open() {
    auto common = std::make_shared<library::Common>();
    common->settings.servers = fake.addresses();
    ClientSettings settings = common->settings;
    settings.seed = 42;
    auto io = library::IoThread::start([this] { return std::make_unique<QuietNetwork>(fake, is_frozen); }, fake.clock,
                                       settings);
    REQUIRE(io.has_value());
    cluster.emplace(std::make_shared<detail::Core>(std::move(common), *std::move(io)));
    return *cluster;
  }
  void close() { cluster.reset(); }

  FakeCluster fake;
  bool is_frozen = false;  ///< time stands still
  std::optional<Cluster> cluster;
};

}  // namespace parley::client
