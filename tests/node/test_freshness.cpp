#include <catch2/catch.hpp>

#include "common/wire/client_message.hpp"
#include "node/freshness.hpp"

using namespace parley;
using namespace parley::node;

TEST_CASE("the age of what is applied is unknown until a leader has vouched for it") {
  Freshness freshness;
  CHECK_FALSE(freshness.age_us(Index{5}, 1'000));
  freshness.heard({Index{9}, 900});
  CHECK_FALSE(freshness.age_us(Index{8}, 1'000));
  CHECK(freshness.age_us(Index{9}, 1'000) == 100);
  CHECK(freshness.age_us(Index{9}, 5'000) == 4'100);
}

TEST_CASE("what is vouched for beyond what is applied makes nothing fresher before it is applied") {
  Freshness freshness;
  freshness.heard({Index{5}, 100});
  CHECK(freshness.age_us(Index{5}, 1'000) == 900);
  freshness.heard({Index{7}, 600});
  freshness.heard({Index{8}, 700});
  freshness.heard({Index{9}, 900});
  CHECK(freshness.age_us(Index{6}, 1'000) == 900);
  CHECK(freshness.age_us(Index{7}, 1'000) == 400);
  CHECK(freshness.age_us(Index{8}, 1'000) == 400);  // a word between the first and the last is not kept
  CHECK(freshness.age_us(Index{9}, 1'000) == 100);
}

TEST_CASE("an older word makes nothing older") {
  Freshness freshness;
  freshness.heard({Index{5}, 800});
  CHECK(freshness.age_us(Index{9}, 1'000) == 200);
  freshness.heard({Index{6}, 300});
  CHECK(freshness.age_us(Index{9}, 1'000) == 200);
}

TEST_CASE("an age is told in milliseconds, rounded up, and unknown as such") {
  CHECK(age_ms(0) == 1);
  CHECK(age_ms(999) == 1);
  CHECK(age_ms(1'000) == 2);
  CHECK(age_ms(std::nullopt) == wire::unknown_age);
}
