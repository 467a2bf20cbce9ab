#include <catch2/catch.hpp>

#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

namespace {

constexpr std::uint64_t lease_us = 8'000;

/// Three servers whose clocks stand at `at_us` and move only by `advance`.
struct Fixture {
  explicit Fixture(std::uint64_t voters = 3)
      : cluster({.voters = voters, .adjust = [](Options& options) { options.lease_us = lease_us; }}) {
    advance(1'000);
    // Nobody votes until it has been up for as long as a lease of before might last.
    if (voters > 1) {
      for (const std::uint64_t id : cluster.ids()) {
        for (int i = 0; i < 9; ++i) cluster.step(id, Tick{});
      }
    }
    cluster.elect(1);
    cluster.run();
  }
  void advance(std::uint64_t by_us) {
    at_us += by_us;
    for (const std::uint64_t id : cluster.ids()) {
      if (cluster.is_up(id)) cluster.step(id, ClockInput{{at_us, 0}});
    }
  }
  /// A round of heartbeats and its answers.
  void beat() {
    cluster.tick(1, 2);
    cluster.run();
  }
  /// Whether a read by lease is answered at once.
  bool reads_at_once() {
    const auto before = cluster.server(1).reads_ready.size();
    cluster.step(1, ReadIndex{next_id++, true});
    const auto& ready = cluster.server(1).reads_ready;
    return ready.size() > before && ready.back().by_lease;
  }

  Cluster cluster;
  std::uint64_t at_us = 0;
  std::uint64_t next_id = 1'000;
};

}  // namespace

TEST_CASE("a read by lease is answered at once while the lease holds, and by a round when it does not") {
  Fixture f;
  f.beat();
  f.advance(lease_us - 1);
  CHECK(f.reads_at_once());
  f.advance(1);
  CHECK_FALSE(f.reads_at_once());
  f.cluster.run();
  REQUIRE_FALSE(f.cluster.server(1).reads_ready.empty());
  CHECK_FALSE(f.cluster.server(1).reads_ready.back().by_lease);
  // That round has confirmed that it leads.
  CHECK(f.reads_at_once());
}

TEST_CASE("a lease counts from when the round was sent, not from when it was answered") {
  Fixture f;
  f.advance(10 * lease_us);
  f.cluster.hold<HeartbeatReply>(0, 1);
  f.cluster.tick(1, 2);
  f.cluster.run();
  f.advance(lease_us - 1);
  f.cluster.heal();
  f.cluster.run();
  CHECK(f.reads_at_once());
  f.advance(1);
  CHECK_FALSE(f.reads_at_once());
}

TEST_CASE("without a majority that answers there is no lease") {
  Fixture f(5);
  f.advance(10 * lease_us);
  f.cluster.partition({1, 2}, {3, 4, 5});
  f.beat();
  CHECK_FALSE(f.reads_at_once());
}

TEST_CASE("a read that does not ask for the lease does not use it") {
  Fixture f;
  f.beat();
  const auto before = f.cluster.server(1).reads_ready.size();
  f.cluster.hold<HeartbeatReply>(0, 1);
  f.cluster.read(1);
  CHECK(f.cluster.server(1).reads_ready.size() == before);
}

TEST_CASE("a leader has no lease before an entry of its term is committed") {
  Fixture f;
  f.cluster.hold<AppendAccepted>(0, 2);
  f.cluster.elect(2);
  f.cluster.tick(2, 2);
  f.cluster.run();
  REQUIRE(f.cluster.core(2).role() == Role::leader);
  f.cluster.step(2, ReadIndex{1, true});
  CHECK(f.cluster.server(2).reads_ready.empty());
}

TEST_CASE("who has asked another to campaign has no lease in that term any more, however the transfer ends") {
  Fixture f;
  f.beat();
  CHECK(f.reads_at_once());
  f.cluster.drop<TimeoutNow>(1, 2);
  f.cluster.step(1, TransferLeadership{ServerId{2}});
  f.cluster.run();
  CHECK_FALSE(f.reads_at_once());
  for (int i = 0; i < 20; ++i) f.beat();
  REQUIRE(f.cluster.core(1).role() == Role::leader);
  CHECK_FALSE(f.reads_at_once());
}

TEST_CASE("a change of the membership ends the lease until the new majority has answered") {
  Fixture f;
  f.cluster.add_blank(4);
  f.beat();
  f.cluster.isolate(4);
  f.cluster.change(1, AddMember{f.cluster.member(4)});
  CHECK_FALSE(f.reads_at_once());
  f.beat();
  CHECK(f.reads_at_once());
}

TEST_CASE("a voter that restarted votes for nobody for an election timeout, since it may have confirmed a lease") {
  Fixture f;
  f.cluster.crash(3);
  f.cluster.restart(3);
  const Term term = f.cluster.core(1).term();
  const Index last = f.cluster.core(1).log().last();
  (void)f.cluster.take_sent();
  const VoteRequest request{last, term};
  f.cluster.deliver(words(2, 3, term.next().value, request));
  f.cluster.deliver(words(2, 3, term.next().value, PreVoteRequest{last, term}));
  CHECK(said<VoteReply>(f.cluster.take_sent()).empty());
  CHECK(f.cluster.core(3).term() == term);
  SECTION("then it does") {
    for (int i = 0; i < 10; ++i) f.cluster.step_only(3, Tick{});
    f.cluster.deliver(words(2, 3, term.next().value, request));
    f.cluster.run();
    CHECK(said<VoteReply>(f.cluster.take_sent()) == std::vector{VoteReply{true}});
  }
  SECTION("unless the leader wants the election") {
    f.cluster.deliver(words(2, 3, term.next().value, VoteRequest{last, term, true}));
    f.cluster.run();
    CHECK(said<VoteReply>(f.cluster.take_sent()) == std::vector{VoteReply{true}});
  }
}

TEST_CASE("a voter that answered a leader gives no vote for an election timeout, whatever terms it learns of") {
  Fixture f;
  f.beat();
  const Term term = f.cluster.core(1).term();
  const Index last = f.cluster.core(1).log().last();
  // A word of a later term makes it forget its leader, but not that it has answered it.
  f.cluster.deliver(words(2, 3, term.value + 3, HeartbeatReply{}));
  REQUIRE(f.cluster.core(3).term() == Term{term.value + 3});
  (void)f.cluster.take_sent();
  f.cluster.deliver(words(2, 3, term.value + 4, VoteRequest{last, term}));
  f.cluster.deliver(words(2, 3, term.value + 3, VoteRequest{last, term}));
  f.cluster.run();
  for (const VoteReply& reply : said<VoteReply>(f.cluster.take_sent())) CHECK_FALSE(reply.granted);
  CHECK(f.cluster.core(3).hard_state().vote.is_nobody());
}

TEST_CASE("what a follower has applied is as fresh as the last round that was answered, by its own clock") {
  Fixture f;
  std::optional<FreshUpTo> fresh;
  f.beat();
  f.advance(100);
  f.beat();
  // The heartbeat of this round speaks of the stamp of the one before.
  fresh = f.cluster.server(2).fresh;
  REQUIRE(fresh);
  CHECK(fresh->commit == f.cluster.core(1).commit());
  CHECK(fresh->as_of_us == f.at_us - 100);
  f.cluster.isolate(2);
  f.advance(5'000);
  f.beat();
  CHECK(f.cluster.server(2).fresh->as_of_us == fresh->as_of_us);
}

TEST_CASE("a stamp that is ahead of the own clock is of an earlier life of the machine, and says nothing") {
  Fixture f;
  const Freshness ahead{f.cluster.core(2).commit(), f.at_us + 1, 0};
  f.cluster.server(2).fresh.reset();
  f.cluster.deliver(words(1, 2, f.cluster.core(1).term().value, Heartbeat{{}, 1, ahead}));
  CHECK_FALSE(f.cluster.server(2).fresh);
  const Freshness now{f.cluster.core(2).commit(), f.at_us, 0};
  f.cluster.deliver(words(1, 2, f.cluster.core(1).term().value, Heartbeat{{}, 1, now}));
  CHECK(f.cluster.server(2).fresh);
}

TEST_CASE("a leader that nobody confirms vouches for less and less") {
  Fixture f(5);
  f.beat();
  const std::uint64_t confirmed_us = f.at_us;
  f.advance(1'000);
  // 2 still hears it and answers; the majority does not.
  f.cluster.partition({1, 2}, {3, 4, 5});
  f.beat();
  f.advance(1'000);
  f.beat();
  REQUIRE(f.cluster.core(1).role() == Role::leader);
  REQUIRE(f.cluster.server(2).fresh);
  CHECK(f.cluster.server(2).fresh->as_of_us <= confirmed_us);
  CHECK(f.cluster.server(1).fresh->as_of_us <= confirmed_us);
}

TEST_CASE("a leader whose disk confirms nothing for an election timeout lets go, if the others can do without it") {
  Cluster cluster;
  cluster.elect(1);
  cluster.server(1).holds_disk = true;
  cluster.propose(1, "x");
  cluster.run();
  SECTION("they can") {
    for (int i = 0; i < 9; ++i) cluster.tick_all();
    // Heartbeats need no disk.
    CHECK(cluster.core(1).role() == Role::leader);
    CHECK(cluster.core(2).leader() == ServerId{1});
    for (int i = 0; i < 3; ++i) cluster.tick_all();
    CHECK(cluster.core(1).role() != Role::leader);
    REQUIRE(cluster.server(1).roles.size() >= 2);
    bool has_said_why = false;
    for (const RoleChanged& change : cluster.server(1).roles)
      has_said_why = has_said_why || change.resigned == Resigned::slow_disk;
    CHECK(has_said_why);
    for (int i = 0; i < 60; ++i) cluster.tick_all();
    const bool is_replaced = cluster.core(2).role() == Role::leader || cluster.core(3).role() == Role::leader;
    CHECK(is_replaced);
  }
  SECTION("they cannot") {
    cluster.crash(3);
    for (int i = 0; i < 15; ++i) cluster.tick_all();
    CHECK(cluster.core(1).role() == Role::leader);
  }
  SECTION("the disk is slow, but goes on") {
    for (int i = 0; i < 5; ++i) {
      for (int ticks = 0; ticks < 8; ++ticks) cluster.tick_all();
      cluster.finish_write(1);
      cluster.propose(1, "y");
    }
    CHECK(cluster.core(1).role() == Role::leader);
  }
}
