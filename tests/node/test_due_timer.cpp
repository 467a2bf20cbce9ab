#include <catch2/catch.hpp>

#include "common/app/meta.hpp"
#include "node/due_timer.hpp"

using namespace parley;
using namespace parley::node;

TEST_CASE("an entry is asked for when what falls due does, by the time since the last entry") {
  DueTimer timer;
  timer.applied(5'000'000, 70'000'000);
  CHECK(timer.cluster_us(70'000'400) == 5'000'400);
  CHECK(timer.ask_us(5'250'000) == 70'250'000);
  timer.applied(5'100'000, 70'110'000);  // the guess is behind by as much as this one took
  CHECK(timer.ask_us(5'250'000) == 70'260'000);
  CHECK_FALSE(timer.ask_us(app::Meta::never));
  CHECK(timer.ask_us(app::Meta::never - 1) == app::Meta::never);
}

TEST_CASE("entries that follow each other closely need no more of them") {
  DueTimer timer;
  timer.applied(5'000'000, 70'000'000);
  CHECK(timer.ask_us(4'000'000) == 70'001'000);
  CHECK(timer.ask_us(5'000'010) == 70'001'000);
  timer.applied(5'000'500, 70'000'500);
  CHECK(timer.ask_us(4'000'000) == 70'001'500);
}

TEST_CASE("one entry is asked for at a time, and again when it does not come") {
  DueTimer timer;
  timer.applied(5'000'000, 70'000'000);
  REQUIRE(timer.ask_us(5'250'000) == 70'250'000);
  timer.asked(70'250'300);
  CHECK(timer.ask_us(5'250'000) == 70'350'300);
  CHECK(timer.ask_us(5'900'000) == 70'900'000);
  timer.applied(5'250'500, 70'252'000);
  CHECK(timer.ask_us(5'250'000) == 70'253'000);
}
