#include <parley/parley.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <charconv>
#include <string>
#include <thread>
#include <vector>

#include "tests/client/port_server.hpp"

using namespace parley;
using namespace std::chrono_literals;

namespace {

Cluster open(const client::PortServer& server) {
  auto cluster = Cluster::open({.servers = {server.address().text()}, .timeout = 60s});
  REQUIRE(cluster.has_value());
  return *std::move(cluster);
}

int number_in(const std::string& text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// Runs `act(thread's number)` in so many threads at once; gives how many of them said true.
template <class Act>
int in_threads(int count, Act act) {
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&, i] { good += act(i) ? 1 : 0; });
  }
  return good;
}

}  // namespace

TEST_CASE("many threads share one client, each with what it asked for") {
  const client::PortServer server(Address{});
  Cluster cluster = open(server);
  constexpr int threads = 16;
  constexpr int rounds = 40;
  const int good = in_threads(threads, [&](int thread) {
    for (int round = 0; round < rounds; ++round) {
      const std::string key = "k" + std::to_string(thread);
      const std::string value = std::to_string(thread) + "/" + std::to_string(round);
      if (!cluster.set(key, value)) return false;
      const auto got = cluster.get(key);
      if (!got || got->bytes != value) return false;
    }
    return true;
  });
  CHECK(good == threads);
  CHECK(cluster.scan({.prefix = "k"})->rows.size() == threads);
}

TEST_CASE("threads that count one key up by compare-and-set lose and repeat nothing") {
  const client::PortServer server(Address{});
  Cluster cluster = open(server);
  REQUIRE(cluster.set("count", "0"));
  constexpr int threads = 8;
  constexpr int rounds = 25;
  const int good = in_threads(threads, [&](int) {
    for (int round = 0; round < rounds;) {
      const auto present = cluster.get("count");
      if (!present) return false;
      const std::string next = std::to_string(number_in(present->bytes) + 1);
      const auto written = cluster.compare_and_set("count", present->bytes, next);
      if (!written && written.error().word != Word::mismatch) return false;
      if (written) ++round;
    }
    return true;
  });
  CHECK(good == threads);
  CHECK(number_in(cluster.get("count")->bytes) == threads * rounds);
}

TEST_CASE("threads mix both forms, and a client that ends meanwhile with callbacks calls each once") {
  const client::PortServer server(Address{});
  constexpr int threads = 8;
  constexpr int rounds = 500;
  std::atomic<int> called = 0;
  std::atomic<int> taken = 0;
  {
    Cluster cluster = open(server);
    const int good = in_threads(threads, [&](int thread) {
      for (int round = 0; round < rounds; ++round) {
        const std::string key = std::to_string(thread) + "/" + std::to_string(round);
        if (cluster.set(key, "v", [&](const Answer<Written>&) { ++called; })) ++taken;
        if (round % 100 == 0 && !cluster.set(key + "/waited", "v")) return false;
      }
      return true;
    });
    CHECK(good == threads);
  }
  CHECK(taken == threads * rounds);
  CHECK(called == taken);
}

TEST_CASE("callbacks that go on by themselves end with the client") {
  const client::PortServer server(Address{});
  std::atomic<int> called = 0;
  std::function<void(Cluster&)> go_on = [&](Cluster& cluster) {
    (void)cluster.set("k", "v", [&](const Answer<Written>&) {
      ++called;
      called.notify_one();
      go_on(cluster);
    });
  };
  {
    Cluster cluster = open(server);
    go_on(cluster);
    for (int seen = called; seen < 50; seen = called) called.wait(seen);
    CHECK_FALSE(cluster.drain(20ms));
  }
  CHECK(called >= 50);
}

TEST_CASE("clients come and go in several threads at once") {
  const client::PortServer server(Address{});
  const int good = in_threads(4, [&](int thread) {
    for (int round = 0; round < 5; ++round) {
      auto cluster = Cluster::open({.servers = {server.address().text()}, .timeout = 60s});
      if (!cluster || !cluster->set("k" + std::to_string(thread), "v")) return false;
    }
    return true;
  });
  CHECK(good == 4);
}

TEST_CASE("a feed of servers that are no nodes ends, and can be given up at any time") {
  // Nobody listens there any more once the port was given back.
  const std::string gone = client::PortServer(Address{}).address().text();
  auto cluster = Cluster::open({.servers = {gone}, .timeout = 50ms});
  REQUIRE(cluster.has_value());
  auto feed = cluster->watch();
  REQUIRE(feed.has_value());
  const auto first = feed->next(60s);
  REQUIRE_FALSE(first.has_value());
  CHECK(first.error().word == Word::timeout);
  CHECK(feed->next(0s).error().message() == first.error().message());

  std::atomic<int> called = 0;
  auto told = cluster->watch({}, [&](const Answer<Change>& change) {
    called += change.has_value() ? 100 : 1;
    called.notify_one();
    return true;
  });
  REQUIRE(told.has_value());
  CHECK(told->next(0s).error().word == Word::invalid);
  called.wait(0);
  CHECK(called == 1);

  auto patient = Cluster::open({.servers = {gone}, .timeout = 1h});
  auto waiting = patient->watch();
  REQUIRE(waiting.has_value());
  CHECK(waiting->next(1ms).error().word == Word::timeout);
}
