#include <catch2/catch.hpp>

#include "common/base/fairness_limits.hpp"
#include "node/pending_reads.hpp"
#include "tests/node/askers.hpp"

using namespace parley;
using namespace parley::node;

namespace {

struct Desk {
  Admission admission;
  PendingReads reads{admission, 500};
  Answers answers;
  explicit Desk(bool leader_known = true) { reads.leader_changed(leader_known); }
  void add(std::uint64_t request, std::uint64_t deadline_us = 1000) {
    REQUIRE_FALSE(reads.add({asker(request), SharedBytes(Bytes("get")), deadline_us}));
  }
};

}  // namespace

TEST_CASE("reads that arrive together share one round, and wait until its index is applied") {
  Desk desk;
  desk.add(1);
  desk.add(2);
  const auto round = desk.reads.take_round();
  REQUIRE(round);
  CHECK_FALSE(desk.reads.take_round());
  CHECK(desk.reads.take_servable(Index{100}).empty());
  desk.reads.ready({round->id, Index{10}});
  CHECK(desk.reads.take_servable(Index{9}).empty());
  CHECK(desk.reads.take_servable(Index{10}).size() == 2);
  CHECK(desk.admission.requests() == 0);
}

TEST_CASE("an answer to a round of another life or of an earlier leader serves nobody") {
  Desk desk;
  desk.add(1);
  const auto first = desk.reads.take_round();
  desk.reads.ready({first->id - 1, Index{1}});
  CHECK(desk.reads.take_servable(Index{100}).empty());
  desk.reads.leader_changed(true);
  desk.reads.ready({first->id, Index{1}});
  CHECK(desk.reads.take_servable(Index{100}).empty());
  const auto second = desk.reads.take_round();
  REQUIRE(second);
  CHECK(second->id != first->id);
}

TEST_CASE("a round whose answer was lost is asked for again under another number") {
  Desk desk;
  desk.add(1);
  const auto first = desk.reads.take_round();
  desk.reads.expire(1, desk.answers);
  CHECK_FALSE(desk.reads.take_round());
  desk.reads.expire(2, desk.answers);
  const auto second = desk.reads.take_round();
  REQUIRE(second);
  CHECK(second->id != first->id);
  CHECK(desk.answers.empty());
}

TEST_CASE("a read that nobody confirms is refused when its time is up, wherever it waits") {
  Desk desk(false);
  desk.add(1);
  desk.reads.set_leader_known(true);
  const auto round = desk.reads.take_round();
  desk.add(2);
  desk.reads.ready({round->id, Index{10}});
  desk.add(3);
  desk.reads.expire(1000, desk.answers);
  REQUIRE(desk.answers.size() == 3);
  for (const Answer& answer : desk.answers) CHECK(error_of(answer) == ErrorWord::no_leader);
  CHECK(desk.admission.requests() == 0);
  CHECK(desk.reads.take_servable(Index{100}).empty());
}

TEST_CASE("a refused round is asked for again when there is a leader, or answered busy") {
  Desk desk;
  desk.add(1);
  const auto round = desk.reads.take_round();
  SECTION("no leader") {
    desk.reads.refused({round->id, raft::Refusal::no_leader}, desk.answers);
    CHECK(desk.answers.empty());
    CHECK_FALSE(desk.reads.take_round());
    desk.reads.leader_changed(true);
    CHECK(desk.reads.take_round());
  }
  SECTION("busy") {
    desk.reads.refused({round->id, raft::Refusal::busy}, desk.answers);
    REQUIRE(desk.answers.size() == 1);
    CHECK(error_of(desk.answers[0]) == ErrorWord::busy);
  }
}

TEST_CASE("many reads of one connection are served in rounds, and those of others with the first") {
  Desk desk;
  const std::size_t many = limits::reads_per_round * 2 + 10;
  for (std::uint64_t request = 1; request <= many; ++request) desk.add(request);
  REQUIRE_FALSE(desk.reads.add({asker(1, "light"), SharedBytes(Bytes("get")), 1000}));
  desk.reads.ready({desk.reads.take_round()->id, Index{1}});
  auto served = desk.reads.take_servable(Index{1});
  CHECK(served.size() == limits::reads_per_round + 1);
  CHECK(served.front().asker == asker(1, "light"));
  CHECK(desk.reads.has_servable());
  CHECK(desk.reads.take_servable(Index{1}).size() == limits::reads_per_round);
  CHECK(desk.reads.take_servable(Index{1}).size() == 10);
  CHECK_FALSE(desk.reads.has_servable());
  CHECK(desk.admission.requests() == 0);
}
