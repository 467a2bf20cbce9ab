#include <catch2/catch.hpp>

#include "common/base/limits.hpp"
#include "node/admission.hpp"
#include "tests/node/askers.hpp"

using namespace parley;
using namespace parley::node;

TEST_CASE("one connection may have only so many requests unanswered, and others are not hurt by it") {
  Admission admission;
  for (std::size_t i = 0; i < limits::requests_per_client; ++i) REQUIRE(admission.enter(asker(i), 10));
  CHECK_FALSE(admission.enter(asker(1), 10));
  CHECK(admission.enter(asker(1, "c2"), 10));
  admission.leave(asker(0), 10);
  CHECK(admission.enter(asker(1), 10));
}

TEST_CASE("the bytes of all unanswered requests are bounded") {
  Admission admission;
  const std::size_t half = limits::request_bytes_in_all / 2;
  REQUIRE(admission.enter(asker(1), half));
  REQUIRE(admission.enter(asker(2, "c2"), half));
  CHECK_FALSE(admission.enter(asker(3, "c3"), 1));
  admission.leave(asker(1), half);
  CHECK(admission.enter(asker(3, "c3"), 1));
  CHECK(admission.requests() == 2);
}

TEST_CASE("the same connection name on two ports is two connections") {
  Admission admission;
  for (std::size_t i = 0; i < limits::requests_per_client; ++i) REQUIRE(admission.enter(asker(i), 1));
  CHECK(admission.enter({1, "c1", 1}, 1));
}
