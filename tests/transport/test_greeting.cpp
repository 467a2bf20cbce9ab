#include <catch2/catch.hpp>

#include <deque>
#include <optional>

#include "common/base/random.hpp"
#include "common/transport/greeting.hpp"

using namespace parley;
using namespace parley::transport;

namespace {

struct Hello {
  BootId boot;
  BootId answers;
};

/// Two sides and what is on its way between them, in steps of ten milliseconds.
struct World {
  struct Side {
    BootId boot;
    Greeting greeting;
    std::deque<Hello> inbox;
    bool is_connected = true;
    std::size_t said = 0;
    explicit Side(std::uint64_t number) : boot{number}, greeting(boot) {}
  };
  Side a{1};
  Side b{2};
  std::uint64_t now_us = 1'000'000;

  void speak(Side& from, Side& to, bool lose) {
    if (!from.greeting.is_due(now_us)) return;
    const Hello hello{from.boot, from.greeting.answers()};
    from.greeting.said(from.is_connected, now_us);
    if (!from.is_connected) return;
    ++from.said;
    if (!lose) to.inbox.push_back(hello);
  }
  void listen(Side& side) {
    while (!side.inbox.empty()) {
      const Hello hello = side.inbox.front();
      side.inbox.pop_front();
      side.greeting.heard(hello.boot, hello.answers, now_us);
    }
  }
  void step(bool lose_a = false, bool lose_b = false) {
    speak(a, b, lose_a);
    speak(b, a, lose_b);
    now_us += 10'000;
    listen(a);
    listen(b);
  }
  void steps(int count) {
    for (int i = 0; i < count; ++i) step();
  }
  bool is_open() const { return a.greeting.is_open() && b.greeting.is_open(); }
};

}  // namespace

TEST_CASE("two sides that hear each other are open after one exchange, and then nearly silent") {
  World world;
  world.steps(3);
  REQUIRE(world.is_open());
  CHECK(world.a.greeting.accepts(BootId{2}));
  CHECK_FALSE(world.a.greeting.accepts(BootId{3}));
  const auto said = world.a.said + world.b.said;
  CHECK(said == 4);
  world.steps(900);  // nine seconds
  CHECK(world.a.said + world.b.said == said);
  world.steps(300);
  CHECK(world.a.said + world.b.said <= said + 4);  // the refresh, and its answer at most
  CHECK(world.a.said + world.b.said > said);
}

TEST_CASE("a side that is not answered asks less and less often, but at least once a second") {
  World world;
  for (int i = 0; i < 100; ++i) world.step(true, true);
  CHECK(world.a.said >= 4);
  CHECK(world.a.said <= 6);  // 0, 100, 300, 700, 1500 ms ...
  const auto before = world.a.said;
  for (int i = 0; i < 1000; ++i) world.step(true, true);
  CHECK(world.a.said - before >= 9);
  CHECK(world.a.said - before <= 11);
  CHECK_FALSE(world.a.greeting.is_open());
}

TEST_CASE("a side without a connection asks again soon, and is not open before its own answer has left") {
  World world;
  world.a.is_connected = false;
  world.steps(100);
  CHECK_FALSE(world.a.greeting.is_open());
  CHECK_FALSE(world.b.greeting.is_open());
  world.a.is_connected = true;
  world.steps(15);
  CHECK(world.is_open());
}

TEST_CASE("a restart closes the link until both lives have answered each other") {
  World world;
  world.steps(3);
  REQUIRE(world.is_open());
  world.b = World::Side(7);
  const auto heard = world.a.greeting.heard(BootId{7}, BootId{}, world.now_us);
  CHECK(heard.restarted);
  CHECK_FALSE(world.a.greeting.is_open());
  CHECK_FALSE(world.a.greeting.accepts(BootId{2}));
  world.steps(4);
  CHECK(world.is_open());
  CHECK(world.a.greeting.accepts(BootId{7}));
  CHECK_FALSE(world.a.greeting.heard(BootId{7}, BootId{1}, world.now_us).restarted);
}

TEST_CASE("a peer that is silent since it restarted is asked when its messages come") {
  World world;
  world.steps(100);
  REQUIRE(world.is_open());
  CHECK_FALSE(world.a.greeting.is_due(world.now_us));
  CHECK_FALSE(world.a.greeting.accepts(BootId{9}));
  world.a.greeting.doubt(world.now_us);
  CHECK(world.a.greeting.is_due(world.now_us));
  world.a.greeting.said(true, world.now_us);
  world.a.greeting.doubt(world.now_us);
  CHECK_FALSE(world.a.greeting.is_due(world.now_us));  // not for every message
  CHECK(world.a.greeting.is_due(world.now_us + Greeting::first_interval_us));
}

TEST_CASE("a flood of greetings is not answered one by one") {
  Greeting greeting(BootId{1});
  int answers = 0;
  std::uint64_t now_us = 5'000'000;
  for (int i = 0; i < 100000; ++i, now_us += 10) {  // one second
    greeting.heard(BootId{2}, BootId{}, now_us);
    if (!greeting.is_due(now_us)) continue;
    ++answers;
    greeting.said(true, now_us);
  }
  CHECK(answers >= 2);
  CHECK(answers <= 110);
}

TEST_CASE("whatever is lost and whoever restarts, two sides end up open") {
  Random random(11);
  for (int round = 0; round < 300; ++round) {
    World world;
    std::uint64_t boots = 10;
    for (std::uint64_t step = random.below(300); step > 0; --step) {
      world.step(random.one_in(2), random.one_in(2));
      if (random.one_in(40)) world.a = World::Side(++boots);
      if (random.one_in(40)) world.b = World::Side(++boots);
      if (random.one_in(20)) world.a.is_connected = !world.a.is_connected;
      if (random.one_in(20)) world.b.is_connected = !world.b.is_connected;
      if (random.one_in(50)) world.a.greeting.begin_anew();
    }
    world.a.is_connected = world.b.is_connected = true;
    // The refresh is the slowest of what heals.
    world.steps(static_cast<int>((Greeting::refresh_us + 2 * Greeting::last_interval_us) / 10'000));
    INFO("round " << round);
    REQUIRE(world.is_open());
    REQUIRE(world.a.greeting.accepts(world.b.boot));
    REQUIRE(world.b.greeting.accepts(world.a.boot));
  }
}
