#include <catch2/catch.hpp>

#include "tests/sim/cluster.hpp"

namespace parley::sim {

TEST_CASE("a seed has one course of events") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Outcome once = run_seed(seed);
    const Outcome again = run_seed(seed);
    CHECK(once.trace_hash == again.trace_hash);
    CHECK(once.counters.events == again.counters.events);
    CHECK_FALSE(once.finding.has_value());
  }
}

TEST_CASE("another seed has another course of events") { CHECK(run_seed(4).trace_hash != run_seed(5).trace_hash); }

TEST_CASE("to narrate a run does not change it") {
  std::size_t lines = 0;
  const Outcome told = run_seed(6, [&](const std::string&) { ++lines; });
  CHECK(told.trace_hash == run_seed(6).trace_hash);
  CHECK(lines > 1000);
}

}  // namespace parley::sim
