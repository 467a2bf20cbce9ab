#include <catch2/catch.hpp>

#include "common/raft/progress.hpp"

using namespace parley;
using namespace parley::raft;

namespace {

constexpr std::size_t many = 1000;

/// Has accepted up to `match` and is sent what follows.
Progress replicating(std::uint64_t match) {
  Progress progress(Index{match + 1});
  progress.accepted(Index{match});
  return progress;
}

}  // namespace

TEST_CASE("a probe is sent once, and again only after a heartbeat was answered") {
  Progress progress(Index{5});
  CHECK(progress.may_send(many, many));
  progress.sent(Index{7}, 100);
  CHECK_FALSE(progress.may_send(many, many));
  CHECK(progress.next() == Index{5});
  CHECK_FALSE(progress.heartbeat_answered());
  CHECK(progress.may_send(many, many));
}

TEST_CASE("an answered probe opens the pipeline behind what was answered") {
  Progress progress(Index{5});
  progress.sent(Index{7}, 100);
  CHECK(progress.accepted(Index{7}));
  CHECK(progress.state() == Progress::State::replicate);
  CHECK(progress.match() == Index{7});
  CHECK(progress.next() == Index{8});
}

TEST_CASE("the pipeline is bounded in messages and in bytes") {
  Progress progress = replicating(4);
  progress.sent(Index{5}, 10);
  progress.sent(Index{6}, 10);
  CHECK_FALSE(progress.may_send(2, many));
  CHECK_FALSE(progress.may_send(many, 20));
  CHECK(progress.may_send(3, 21));
  CHECK(progress.accepted(Index{5}));
  CHECK(progress.may_send(2, 20));
  CHECK(progress.next() == Index{7});
}

TEST_CASE("a stale acknowledgement lowers nothing") {
  Progress progress = replicating(4);
  progress.sent(Index{9}, 10);
  CHECK(progress.accepted(Index{9}));
  CHECK_FALSE(progress.accepted(Index{6}));
  CHECK_FALSE(progress.accepted(Index{9}));
  CHECK(progress.match() == Index{9});
  CHECK(progress.next() == Index{10});
}

TEST_CASE("a stale rejection lowers nothing") {
  SECTION("while replicating, one at or below what was acknowledged") {
    Progress progress = replicating(4);
    CHECK_FALSE(progress.rejected(Index{4}, Index{1}));
    CHECK(progress.state() == Progress::State::replicate);
    CHECK(progress.next() == Index{5});
  }
  SECTION("while probing, one of another probe") {
    Progress progress(Index{9});
    progress.sent(Index{8}, 0);
    CHECK_FALSE(progress.rejected(Index{11}, Index{2}));
    CHECK(progress.next() == Index{9});
    CHECK(progress.rejected(Index{8}, Index{2}));
    CHECK_FALSE(progress.rejected(Index{8}, Index{1}));
    CHECK(progress.next() == Index{3});
  }
}

TEST_CASE("a rejection goes back at least one entry, and never below what was acknowledged") {
  Progress progress = replicating(4);
  progress.sent(Index{9}, 10);
  CHECK(progress.rejected(Index{9}, Index{9}));
  CHECK(progress.next() == Index{9});
  CHECK(progress.state() == Progress::State::probe);
  CHECK(progress.rejected(Index{8}, Index{0}));
  CHECK(progress.next() == Index{5});
  CHECK(progress.match() == Index{4});
}

TEST_CASE("what was sent to a peer that is lost is sent again from what it has") {
  Progress progress = replicating(4);
  progress.sent(Index{9}, 10);
  progress.lost();
  CHECK(progress.state() == Progress::State::probe);
  CHECK(progress.next() == Index{5});
  CHECK(progress.may_send(1, 1));
}

TEST_CASE("acknowledgements that stall over a heartbeat are noticed") {
  Progress progress = replicating(4);
  CHECK_FALSE(progress.heartbeat_answered());
  progress.sent(Index{5}, 10);
  progress.accepted(Index{5});
  progress.sent(Index{6}, 10);
  CHECK_FALSE(progress.heartbeat_answered());
  CHECK(progress.heartbeat_answered());
  progress.accepted(Index{6});
  CHECK_FALSE(progress.heartbeat_answered());
}
