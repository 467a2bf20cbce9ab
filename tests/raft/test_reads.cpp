#include <catch2/catch.hpp>

#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

namespace {

std::string answers(Cluster& cluster, std::uint64_t id) {
  std::string text;
  for (const ReadReady& read : cluster.server(id).reads_ready) {
    text += std::to_string(read.id) + "@" + std::to_string(read.index.value) + " ";
  }
  for (const ReadRefused& read : cluster.server(id).reads_refused) {
    text += std::to_string(read.id) + " " + std::string(refusal_name(read.refusal)) + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("a read waits for a round that a quorum answers") {
  Cluster cluster;
  cluster.elect(1);
  cluster.hold<HeartbeatReply>(0, 1);
  const auto id = cluster.read(1);
  cluster.run();
  CHECK(answers(cluster, 1).empty());
  cluster.deliver(cluster.take(2, 1).at(0));
  CHECK(answers(cluster, 1) == std::to_string(id) + "@3 ");
}

TEST_CASE("answers to an earlier round, or of an earlier term, confirm no read") {
  Cluster cluster;
  cluster.elect(1);
  cluster.hold<HeartbeatReply>(0, 1);
  cluster.read(1);
  cluster.run();
  const std::uint64_t round = cluster.leader_of(1).round;
  cluster.deliver(words(2, 1, 2, HeartbeatReply{round - 1}));
  cluster.deliver(words(3, 1, 1, HeartbeatReply{round}));
  CHECK(answers(cluster, 1).empty());
}

TEST_CASE("answers of those who do not vote confirm no read") {
  Cluster cluster({.voters = 3, .learners = 1, .loggers = 1});
  cluster.elect(1);
  cluster.partition({1, 4, 5}, {2, 3});
  cluster.read(1);
  cluster.run();
  CHECK(answers(cluster, 1).empty());
}

TEST_CASE("a leader alone confirms its own reads") {
  Cluster cluster({.voters = 1});
  cluster.tick_all();
  const auto id = cluster.read(1);
  CHECK(answers(cluster, 1) == std::to_string(id) + "@3 ");
}

TEST_CASE("a read waits until an entry of the leader's own term is committed") {
  Cluster cluster;
  cluster.hold<AppendAccepted>(0, 1);
  cluster.elect(1);
  const auto id = cluster.read(1);
  cluster.tick_all(2);
  CHECK(answers(cluster, 1).empty());
  cluster.heal();
  cluster.run();
  CHECK(answers(cluster, 1) == std::to_string(id) + "@3 ");
}

TEST_CASE("a read is bound to what was committed when its round began, and no earlier") {
  Cluster cluster;
  cluster.elect(1);
  cluster.propose(1, "a");
  cluster.run();
  const auto first = cluster.read(1);
  cluster.run();
  cluster.propose(1, "b");
  cluster.run();
  const auto second = cluster.read(1);
  cluster.run();
  CHECK(answers(cluster, 1) == std::to_string(first) + "@4 " + std::to_string(second) + "@5 ");
}

TEST_CASE("reads that arrive together share a round, and the next ones gather behind it") {
  Cluster cluster;
  cluster.elect(1);
  cluster.hold<HeartbeatReply>(0, 1);
  (void)cluster.take_sent();
  for (std::uint64_t id = 50; id < 60; ++id) cluster.step_only(1, ReadIndex{id});
  cluster.collect(1);
  for (std::uint64_t id = 60; id < 70; ++id) cluster.step(1, ReadIndex{id});
  CHECK(said<Heartbeat>(cluster.take_sent(), 1, 2).size() == 1);
  cluster.run();
  cluster.heal();
  cluster.run();
  CHECK(said<Heartbeat>(cluster.take_sent(), 1, 2).size() == 1);
  CHECK(cluster.server(1).reads_ready.size() == 20);
}

TEST_CASE("a round whose heartbeats are lost is confirmed by the next ones") {
  Cluster cluster;
  cluster.elect(1);
  cluster.drop<Heartbeat>(1, 0);
  const auto id = cluster.read(1);
  cluster.run();
  cluster.heal();
  CHECK(answers(cluster, 1).empty());
  cluster.tick_all(2);
  CHECK(answers(cluster, 1) == std::to_string(id) + "@3 ");
}

TEST_CASE("a leader that steps down refuses the reads that wait, its own and those of others") {
  Cluster cluster;
  cluster.elect(1);
  cluster.drop<Heartbeat>(1, 0);
  const auto own = cluster.read(1);
  const auto other = cluster.read(2);
  cluster.run();
  cluster.deliver(words(3, 1, 9, HeartbeatReply{0}));
  cluster.run();
  CHECK(answers(cluster, 1) == std::to_string(own) + " no leader ");
  CHECK(answers(cluster, 2) == std::to_string(other) + " no leader ");
}

TEST_CASE("a leader that was replaced without knowing it serves no read") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(1);
  cluster.elect(2);
  cluster.propose(2, "news");
  cluster.run();
  REQUIRE(cluster.core(1).role() == Role::leader);
  const auto id = cluster.read(1);
  cluster.tick(1, 30);
  CHECK(answers(cluster, 1) == std::to_string(id) + " no leader ");
}

TEST_CASE("a follower reads through the leader") {
  Cluster cluster;
  cluster.elect(1);
  cluster.propose(1, "a");
  cluster.run();
  const auto id = cluster.read(2);
  cluster.run();
  CHECK(answers(cluster, 2) == std::to_string(id) + "@4 ");
  CHECK(cluster.core(2).applied() == Index{4});
}

TEST_CASE("a follower without a leader refuses a read, and so does a server that leads no more") {
  Cluster cluster;
  const auto first = cluster.read(2);
  CHECK(answers(cluster, 2) == std::to_string(first) + " no leader ");
  cluster.elect(1);
  cluster.deliver(words(3, 1, 2, AppendAccepted{Index{3}}));
  (void)cluster.take_sent();
  cluster.deliver(words(1, 3, 2, ReadIndexRequest{8}));
  CHECK(said<ReadIndexReply>(cluster.take_sent(), 3, 1) == std::vector{ReadIndexReply{8, false, Index{}}});
}

TEST_CASE("waiting reads are bounded") {
  Cluster cluster({.adjust = [](Options& options) { options.pending_reads = 2; }});
  cluster.elect(1);
  cluster.hold<HeartbeatReply>(0, 1);
  cluster.step_only(1, ReadIndex{91});
  cluster.step_only(1, ReadIndex{92});
  cluster.step_only(1, ReadIndex{93});
  cluster.collect(1);
  CHECK(answers(cluster, 1) == "93 busy ");
  cluster.read(2);
  cluster.run();
  CHECK(cluster.server(2).reads_refused.size() == 1);
}

TEST_CASE("an answer carries the whole id of its request, so that an owner can tell one of another life") {
  Cluster cluster;
  cluster.elect(1);
  const std::uint64_t of_this_life = 0xfedcba9876543210;
  cluster.step(2, ReadIndex{of_this_life});
  cluster.run();
  CHECK(cluster.server(2).reads_ready.front().id == of_this_life);
}

TEST_CASE("in a joint configuration a read needs a majority of both halves") {
  Cluster cluster({.voters = 3, .learners = 1});
  cluster.elect(1);
  // Server 4 is promoted: voters 1 2 3 4, leaving half 1 2 3; the end of it is never acknowledged.
  cluster.tick_all(2);
  REQUIRE(cluster.core(1).membership().voters.size() == 4);
  cluster.change(1, RemoveMember{node_name(ServerId{2})});
  REQUIRE(cluster.core(1).membership().is_joint());
  cluster.hold<HeartbeatReply>(0, 1);
  cluster.hold<AppendAccepted>(0, 1);
  cluster.read(1);
  cluster.run();
  // The old half is 1 2 3 4 and the new one 1 3 4: 1 and 3 are a majority of the new half alone.
  const std::uint64_t round = cluster.leader_of(1).round;
  cluster.deliver(words(3, 1, 2, HeartbeatReply{round}));
  CHECK(cluster.server(1).reads_ready.empty());
  cluster.deliver(words(2, 1, 2, HeartbeatReply{round}));
  CHECK(cluster.server(1).reads_ready.size() == 1);
}
