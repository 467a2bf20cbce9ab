#include <catch2/catch.hpp>

#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

TEST_CASE("leadership is handed to a follower that is up to date, without waiting for a timeout") {
  Cluster cluster;
  cluster.elect(1);
  cluster.step(1, TransferLeadership{ServerId{3}});
  cluster.run();
  CHECK(cluster.core(3).role() == Role::leader);
  CHECK(cluster.core(1).role() == Role::follower);
  CHECK(cluster.core(3).term() == Term{3});
  CHECK(said<PreVoteRequest>(cluster.take_sent(), 3).empty());
  cluster.tick_all(2);
  CHECK(cluster.is_converged());
}

TEST_CASE("without a wish, leadership goes to the voter that has most") {
  Cluster cluster({.voters = 3});
  cluster.elect(1);
  cluster.isolate(2);
  cluster.propose(1, "x");
  cluster.run();
  cluster.heal();
  cluster.drop<AppendRequest>(1, 2);
  cluster.step(1, TransferLeadership{});
  cluster.run();
  CHECK(cluster.core(3).role() == Role::leader);
}

TEST_CASE("a target that is behind is brought up to date first, and proposals are refused meanwhile") {
  Cluster cluster;
  cluster.elect(1);
  cluster.drop<AppendRequest>(1, 3);
  cluster.propose(1, "x");
  cluster.run();
  cluster.step(1, TransferLeadership{ServerId{3}});
  cluster.propose(1, "y");
  cluster.propose(2, "z");
  cluster.run();
  CHECK(cluster.server(1).proposals_refused.front().refusal == Refusal::busy);
  CHECK(cluster.server(2).proposals_refused.front().refusal == Refusal::busy);
  CHECK(said<TimeoutNow>(cluster.take_sent()).empty());
  cluster.change(1, RemoveMember{node_name(ServerId{2})});
  CHECK(cluster.server(1).changes_done.front().refusal == Refusal::busy);
  cluster.heal();
  cluster.tick_all(6);
  CHECK(cluster.core(3).role() == Role::leader);
}

TEST_CASE("a transfer that does not come about is given up after an election timeout") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(3);
  cluster.step(1, TransferLeadership{ServerId{3}});
  cluster.tick_all(9);
  cluster.propose(1, "refused");
  CHECK(cluster.server(1).proposals_refused.size() == 1);
  cluster.tick_all(1);
  cluster.propose(1, "taken");
  cluster.run();
  CHECK(cluster.server(1).proposals_refused.size() == 1);
  CHECK(cluster.core(1).role() == Role::leader);
  CHECK(cluster.core(1).commit() == Index{4});
}

TEST_CASE("leadership is not handed to a learner, a logger, a stranger or itself") {
  Cluster cluster({.voters = 3, .loggers = 1});
  cluster.elect(1);
  cluster.add_blank(5);
  cluster.drop<AppendRequest>(1, 5);
  cluster.change(1, AddMember{cluster.member(5)});
  cluster.run();
  for (const std::uint64_t id : {1u, 4u, 5u, 77u}) {
    cluster.step(1, TransferLeadership{ServerId{id}});
    CHECK(cluster.leader_of(1).transfer_to == nobody);
  }
}

TEST_CASE("a word to campaign is heeded only from the leader of the present term, and only by a voter") {
  Cluster cluster({.voters = 3, .loggers = 1});
  cluster.elect(1);
  cluster.elect(2);
  (void)cluster.take_sent();
  cluster.deliver(words(1, 3, 2, TimeoutNow{}));
  CHECK(cluster.core(3).role() == Role::follower);
  cluster.deliver(words(1, 3, 3, TimeoutNow{}));
  CHECK(cluster.core(3).role() == Role::follower);
  cluster.deliver(words(2, 4, 3, TimeoutNow{}));
  CHECK(cluster.core(4).role() == Role::follower);
  cluster.deliver(words(2, 3, 3, TimeoutNow{}));
  CHECK(cluster.core(3).role() == Role::candidate);
}

TEST_CASE("a word to campaign of an earlier term is not heeded, also when its sender leads again") {
  Cluster cluster;
  cluster.elect(1);
  cluster.elect(2);
  cluster.elect(1);
  REQUIRE(cluster.core(3).leader() == ServerId{1});
  const Term term = cluster.core(3).term();
  for (std::uint64_t earlier = 1; earlier < term.value; ++earlier) {
    cluster.deliver(words(1, 3, earlier, TimeoutNow{}));
    CHECK(cluster.core(3).role() == Role::follower);
    CHECK(cluster.core(3).term() == term);
  }
}

TEST_CASE("a target that was removed meanwhile ends the transfer") {
  Cluster cluster;
  cluster.elect(1);
  cluster.change(1, RemoveMember{node_name(ServerId{3})});
  cluster.step(1, TransferLeadership{ServerId{3}});
  cluster.isolate(3);
  cluster.run();
  cluster.tick_all(12);
  CHECK(cluster.leader_of(1).transfer_to == nobody);
  cluster.propose(1, "x");
  cluster.run();
  CHECK(cluster.server(1).proposals_refused.empty());
}

TEST_CASE("a transfer whose word is lost leaves the leader in office") {
  Cluster cluster;
  cluster.elect(1);
  cluster.drop<TimeoutNow>(1, 0);
  cluster.step(1, TransferLeadership{ServerId{2}});
  cluster.run();
  cluster.heal();
  cluster.tick_all(11);
  CHECK(cluster.core(1).role() == Role::leader);
  cluster.propose(1, "x");
  cluster.run();
  CHECK(cluster.core(1).commit() == Index{4});
}
