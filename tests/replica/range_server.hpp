#pragma once
#include <catch2/catch.hpp>

#include <functional>
#include <memory>
#include <sstream>

#include "common/base/clock.hpp"
#include "common/mq/signaler.hpp"
#include "common/replica/range_actor.hpp"
#include "tests/replica/fake_range_source.hpp"

namespace parley::replica::testing {

inline constexpr std::uint64_t patience_us = 60'000'000;

/// An actor that serves sources in memory.
struct Server {
  explicit Server(ClusterId id = transfer::testing::cluster(1)) : store(id) {
    start(Address{});
    serve(store);
  }
  ~Server() { stop(); }

  /// Waits for the port if an earlier one has not quite gone.
  void start(const Address& address) {
    const std::uint64_t end = clock.now().monotonic_us + patience_us;
    mq::Signaler idle;
    while (!actor) {
      auto started = RangeActor::start(context, address, clock, obs::Logger("test", "t", obs::LogLevel::info, log));
      if (started) {
        actor = std::move(*started);
      } else {
        REQUIRE(clock.now().monotonic_us < end);
        idle.wait(1000);
      }
    }
    at = actor->address();
  }
  void stop() {
    if (actor) actor->stop();
    actor.reset();
  }
  void serve(FakeStore& what) {
    auto source = std::make_unique<FakeRangeSource>(what, [this](RangeOrder order) { actor->order(std::move(order)); });
    actor->order(OpenSource{what.id(), "log0", std::move(source), what.head()});
  }
  /// As after a crash: connections break, nobody says a word.
  void restart() {
    stop();
    start(at);
    serve(store);
  }
  void append(int entries, std::size_t bytes = 20) {
    store.append(entries, bytes);
    actor->advanced(store.id(), store.last());
  }
  void head_changed() { actor->order(HeadChanged{store.id(), store.head()}); }

  SystemClock clock;
  mq::Context context{{.io_threads = 1, .max_sockets = 4000}};
  FakeStore store;
  Address at;
  std::ostringstream log;  ///< to be read when the actor has stopped
  std::unique_ptr<RangeActor> actor;
};

}  // namespace parley::replica::testing
