#include <catch2/catch.hpp>

#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

TEST_CASE("a vote leaves only when it is on the disk") {
  Cluster cluster;
  cluster.isolate(1);
  cluster.server(1).holds_disk = true;
  cluster.deliver(words(2, 1, 5, VoteRequest{Index{2}, Term{1}, false}));
  cluster.run();
  CHECK(cluster.take_sent().empty());
  cluster.finish_write(1);
  CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{true}});
}

TEST_CASE("a candidate asks for votes, and counts its own, only when its own is on the disk") {
  Cluster cluster;
  cluster.server(1).holds_disk = true;
  cluster.time_out(1);
  cluster.run();
  REQUIRE(cluster.core(1).role() == Role::candidate);
  CHECK(said<VoteRequest>(cluster.take_sent()).empty());
  const auto& candidate = std::get<Candidate>(cluster.core(1).role_state());
  CHECK(candidate.votes.empty());
  SECTION("then it is elected") {
    cluster.finish_write(1);
    cluster.run();
    CHECK(cluster.core(1).role() == Role::leader);
  }
  SECTION("one that crashes before has promised nothing") {
    cluster.crash(1);
    cluster.restart(1);
    CHECK(cluster.core(1).hard_state() == HardState{Term{1}, nobody});
  }
  SECTION("one that crashes after its disk had it, unreported, has voted") {
    cluster.crash(1, 1);
    cluster.restart(1);
    CHECK(cluster.core(1).hard_state() == HardState{Term{2}, ServerId{1}});
    CHECK(cluster.core(1).role() == Role::follower);
  }
}

TEST_CASE("a candidate's own vote in a term that is over does not count in the next") {
  Cluster cluster({.voters = 2});
  cluster.server(1).holds_disk = true;
  cluster.time_out(1);
  cluster.run();
  REQUIRE(cluster.core(1).term() == Term{2});
  cluster.isolate(1);
  // In term 5 nothing is known of it; it campaigns again in term 6 while the disk still works at term 2.
  cluster.deliver(words(2, 1, 5, HeartbeatReply{0}));
  cluster.tick(1, 40);
  cluster.deliver(words(2, 1, 6, PreVoteReply{true}));
  REQUIRE(cluster.core(1).role() == Role::candidate);
  REQUIRE(cluster.core(1).term() == Term{6});
  cluster.finish_write(1);
  CHECK(std::get<Candidate>(cluster.core(1).role_state()).votes.empty());
  cluster.finish_writes(1);
  CHECK(std::get<Candidate>(cluster.core(1).role_state()).votes.size() == 1);
}

TEST_CASE("the followers replicate while the leader's own disk works, and its own copy does not count") {
  Cluster cluster;
  cluster.elect(1);
  cluster.server(1).holds_disk = true;
  cluster.propose(1, "x");
  SECTION("a majority without the leader commits") {
    cluster.run();
    CHECK(cluster.core(1).stable() == Index{3});
    CHECK(cluster.core(1).commit() == Index{4});
    CHECK(cluster.server(1).applied.back().index == Index{4});
  }
  SECTION("the leader and one other do not, until its disk has it") {
    cluster.isolate(3);
    cluster.run();
    CHECK(cluster.progress(1, 2).match() == Index{4});
    CHECK(cluster.core(1).commit() == Index{3});
    cluster.finish_writes(1);
    CHECK(cluster.core(1).commit() == Index{4});
  }
}

TEST_CASE("an acknowledgement waits for every write before it, also for one that an earlier append began") {
  Cluster cluster;
  cluster.isolate(1);
  cluster.server(1).holds_disk = true;
  cluster.deliver(words(2, 1, 2, append(2, 1, 2, {command(3, 2)})));
  cluster.deliver(words(2, 1, 2, append(2, 1, 2, {command(3, 2)})));
  cluster.run();
  CHECK(said<AppendAccepted>(cluster.take_sent()).empty());
  cluster.finish_writes(1);
  CHECK(said<AppendAccepted>(cluster.take_sent()).size() == 2);
}

TEST_CASE("what answers in a term that is not yet durable waits for the disk") {
  Cluster cluster;
  cluster.isolate(1);
  cluster.server(1).holds_disk = true;
  cluster.deliver(words(2, 1, 4, Heartbeat{Index{2}, 1}));
  cluster.deliver(words(2, 1, 4, append(9, 4, 2)));
  CHECK(cluster.take_sent().empty());
  cluster.finish_writes(1);
  CHECK(cluster.take_sent().size() == 2);
  cluster.deliver(words(2, 1, 4, Heartbeat{Index{2}, 2}));
  CHECK(cluster.take_sent().size() == 1);
}

TEST_CASE("a write under way confirms nothing that a truncation has since replaced") {
  Cluster cluster({.voters = 5});
  cluster.isolate(1);
  cluster.server(1).holds_disk = true;
  // Three entries of term 2 are on their way to the disk when the leader of term 3 replaces two of them.
  cluster.deliver(words(2, 1, 2, append(2, 1, 2, {command(3, 2), command(4, 2), command(5, 2)})));
  cluster.deliver(words(3, 1, 3, append(3, 2, 2, {command(4, 3), command(5, 3)})));
  cluster.finish_write(1);
  CHECK(cluster.core(1).stable() == Index{3});
  cluster.finish_write(1);
  CHECK(cluster.core(1).stable() == Index{5});
  CHECK(cluster.server(1).disk.entry(Index{5}).term == Term{3});
}

TEST_CASE("a write asked in the leader's own term confirms nothing that the leader has replaced since") {
  Cluster cluster({.voters = 5});
  cluster.isolate(1);
  cluster.deliver(words(2, 1, 2, append(2, 1, 2, {command(3, 2)})));
  cluster.run();
  cluster.server(1).holds_disk = true;
  cluster.deliver(words(2, 1, 2, append(3, 2, 2, {command(4, 2), command(5, 2)})));
  // The write that makes term 3 durable is asked while 4@2 and 5@2 are still in the log: its term alone would not tell.
  cluster.deliver(words(3, 1, 3, Heartbeat{Index{2}, 0}));
  cluster.deliver(words(3, 1, 3, append(3, 2, 2, {command(4, 3)})));
  REQUIRE(terms_of(cluster.core(1), 3) == "3@2 4@3");
  REQUIRE(cluster.server(1).writes.size() == 3);
  cluster.finish_write(1);
  CHECK(cluster.core(1).stable() == Index{3});
  cluster.finish_write(1);
  CHECK(cluster.core(1).durable_term() == Term{3});
  CHECK(cluster.core(1).stable() == Index{3});
  cluster.finish_write(1);
  CHECK(cluster.core(1).stable() == Index{4});
}

TEST_CASE("several inputs make one write") {
  Cluster cluster;
  cluster.elect(1);
  for (int i = 0; i < 5; ++i) cluster.step_only(1, Propose{100u + static_cast<std::uint64_t>(i), {SharedBytes("x")}});
  (void)cluster.take_sent();
  cluster.collect(1);
  REQUIRE(cluster.server(1).writes.size() == 1);
  CHECK(cluster.server(1).writes.front().persist->entries.size() == 5);
  CHECK(said<AppendRequest>(cluster.take_sent(), 1, 2).size() == 1);
}

TEST_CASE("appends of two leaders in one batch are as good as one after the other") {
  Cluster cluster({.voters = 5});
  cluster.isolate(1);
  cluster.step_only(1, words(2, 1, 2, append(2, 1, 2, {command(3, 2), command(4, 2)})));
  cluster.step_only(1, words(3, 1, 3, append(2, 1, 2, {command(3, 3)})));
  cluster.collect(1);
  CHECK(cluster.take_sent().empty());
  cluster.finish_writes(1);
  CHECK(terms_of(cluster.core(1), 3) == "3@3");
  CHECK(cluster.server(1).disk.last() == Index{3});
  CHECK(cluster.core(1).stable() == Index{3});
}

TEST_CASE("a crash loses what was not written, and keeps what was written and not yet reported") {
  Cluster cluster;
  cluster.isolate(1);
  cluster.server(1).holds_disk = true;
  cluster.deliver(words(2, 1, 2, append(2, 1, 2, {command(3, 2)})));
  cluster.deliver(words(2, 1, 2, append(3, 2, 2, {command(4, 2)})));
  for (const std::size_t written : {0u, 1u, 2u}) {
    DYNAMIC_SECTION(written << " writes done") {
      cluster.crash(1, written);
      cluster.restart(1);
      CHECK(cluster.core(1).log().last() == Index{2 + written});
      CHECK(cluster.core(1).stable() == Index{2 + written});
    }
  }
}
