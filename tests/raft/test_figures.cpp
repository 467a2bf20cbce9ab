#include <catch2/catch.hpp>

#include <algorithm>

#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

// Figure 2 of the extended Raft paper (figure 3.1 of the thesis) rule by rule, and the five properties of its figure 3
// (3.2 of the thesis). The rules of AppendEntries for its receiver are in test_follower_log.cpp. Numbers of sections
// are those of the paper.

namespace {

std::vector<ServerId> receivers(const std::vector<Message>& messages, Kind kind) {
  std::vector<ServerId> found;
  for (const Message& message : messages) {
    if (message.body.index() == kind) found.push_back(message.to);
  }
  std::ranges::sort(found);
  return found;
}

std::vector<std::uint64_t> leaders(Cluster& cluster) {
  std::vector<std::uint64_t> found;
  for (const std::uint64_t id : cluster.ids()) {
    if (cluster.is_up(id) && cluster.core(id).role() == Role::leader) found.push_back(id);
  }
  return found;
}

}  // namespace

// ---- figure 2, state

TEST_CASE("figure 2, state (5): term and vote are on stable storage before a request is answered") {
  Cluster cluster;
  cluster.isolate(1);
  cluster.server(1).holds_disk = true;
  cluster.deliver(words(2, 1, 5, VoteRequest{Index{9}, Term{4}, false}));
  cluster.run();
  CHECK(said<VoteReply>(cluster.take_sent()).empty());
  cluster.finish_write(1);
  CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{true}});
  CHECK(cluster.server(1).disk.hard_state() == HardState{Term{5}, ServerId{2}});
}

TEST_CASE("figure 2, state (5): entries are on stable storage before they are acknowledged") {
  Cluster cluster;
  cluster.isolate(1);
  cluster.deliver(words(2, 1, 2, append(2, 1, 2)));
  cluster.run();
  (void)cluster.take_sent();
  cluster.server(1).holds_disk = true;
  cluster.deliver(words(2, 1, 2, append(2, 1, 2, {command(3, 2)})));
  cluster.run();
  CHECK(said<AppendAccepted>(cluster.take_sent()).empty());
  cluster.finish_write(1);
  CHECK(said<AppendAccepted>(cluster.take_sent()) == std::vector{AppendAccepted{Index{3}}});
}

TEST_CASE("figure 2, state (5): a leader begins with next behind its last entry and match at nothing") {
  Cluster cluster;
  cluster.hold<AppendRequest>(1, 0);
  cluster.elect(1);
  for (const std::uint64_t peer : {2u, 3u}) {
    CHECK(cluster.progress(1, peer).match() == Index{});
    // Its no-op is the last entry, and the first that it sends.
    CHECK(cluster.progress(1, peer).next() == cluster.core(1).log().last());
  }
}

// ---- figure 2, RequestVote

TEST_CASE("figure 2, vote, rule 1 (5.1): a request of an earlier term is refused") {
  Cluster cluster;
  cluster.isolate(1);
  cluster.deliver(words(2, 1, 5, append(2, 1, 2)));
  cluster.let_leader_be_forgotten(1);
  cluster.run();
  (void)cluster.take_sent();
  cluster.deliver(words(3, 1, 4, VoteRequest{Index{99}, Term{4}, false}));
  cluster.run();
  const auto sent = cluster.take_sent();
  CHECK(said<VoteReply>(sent) == std::vector{VoteReply{false}});
  CHECK(sent.front().term == Term{5});
  CHECK(cluster.core(1).hard_state().vote.is_nobody());
}

TEST_CASE("figure 2, vote, rule 2 (5.2, 5.4): who has not voted votes for a log that is at least as up to date") {
  Cluster cluster;
  cluster.isolate(1);
  cluster.deliver(words(2, 1, 5, VoteRequest{Index{1}, Term{1}, false}));
  cluster.run();
  CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{false}});
  CHECK(cluster.core(1).term() == Term{5});
  // The refusal left the vote of the term free.
  cluster.deliver(words(3, 1, 5, VoteRequest{Index{2}, Term{1}, false}));
  cluster.run();
  CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{true}});
  cluster.deliver(words(2, 1, 5, VoteRequest{Index{7}, Term{4}, false}));
  cluster.run();
  CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{false}});
}

// ---- figure 2, rules for servers

TEST_CASE("figure 2, all servers, 1 (5.3): what is committed is applied, in order, each entry once") {
  Cluster cluster;
  cluster.elect(1);
  for (const char* text : {"a", "b", "c"}) cluster.propose(1, text);
  cluster.run();
  cluster.tick_all(2);
  for (const std::uint64_t id : cluster.ids()) {
    Index expected{1};
    for (const Entry& entry : cluster.server(id).applied) {
      CHECK(entry.index == expected);
      expected = expected.next();
    }
    CHECK(expected == cluster.core(id).commit().next());
  }
}

TEST_CASE(
    "figure 2, all servers, 2 (5.1): a later term in any request or answer makes a follower of whoever hears it") {
  const std::vector<MessageBody> bodies = {AppendRequest{Index{2}, Term{1}, Index{2}, {}},
                                           AppendAccepted{Index{1}},
                                           AppendRejected{Index{1}, Index{1}, Term{1}},
                                           Heartbeat{},
                                           HeartbeatReply{},
                                           VoteReply{false},
                                           PreVoteReply{false}};
  for (const MessageBody& body : bodies) {
    DYNAMIC_SECTION(kind_name(body.index())) {
      Cluster cluster;
      cluster.elect(1);
      cluster.deliver(words(2, 1, 9, body));
      CHECK(cluster.core(1).role() == Role::follower);
      CHECK(cluster.core(1).term() == Term{9});
      CHECK(cluster.core(1).hard_state().vote.is_nobody());
    }
  }
}

TEST_CASE("figure 2, followers (5.2): one that hears neither a leader nor a candidate it votes for campaigns") {
  Cluster cluster;
  cluster.isolate(1);
  SECTION("it hears nobody") {
    cluster.tick(1, 19);
    CHECK_FALSE(said<PreVoteRequest>(cluster.take_sent()).empty());
  }
  SECTION("appends and heartbeats of the leader keep it quiet") {
    for (int i = 0; i < 20; ++i) {
      cluster.tick(1, 5);
      if (i % 2 == 0) {
        cluster.deliver(words(2, 1, 2, append(2, 1, 2)));
      } else {
        cluster.deliver(words(2, 1, 2, Heartbeat{}));
      }
    }
    CHECK(said<PreVoteRequest>(cluster.take_sent()).empty());
  }
  SECTION("so does a vote that it gave") {
    cluster.tick(1, 9);
    cluster.deliver(words(2, 1, 5, VoteRequest{Index{9}, Term{4}, false}));
    cluster.tick(1, 9);
    CHECK(said<PreVoteRequest>(cluster.take_sent()).empty());
  }
  SECTION("a vote that it refused does not") {
    for (int i = 0; i < 4; ++i) {
      cluster.tick(1, 5);
      cluster.deliver(words(2, 1, 5, VoteRequest{Index{1}, Term{1}, false}));
      cluster.run();
    }
    CHECK_FALSE(said<PreVoteRequest>(cluster.take_sent()).empty());
  }
}

TEST_CASE("figure 2, candidates (5.2): a new term, its own vote, a new timer, and a request to every other voter") {
  Cluster cluster({.voters = 5, .learners = 1});
  cluster.time_out(1);
  for (const std::uint64_t id : {2u, 3u}) cluster.deliver(words(id, 1, 2, PreVoteReply{true}));
  (void)cluster.take_sent();
  cluster.finish_writes(1);
  CHECK(cluster.core(1).hard_state() == HardState{Term{2}, ServerId{1}});
  CHECK(receivers(cluster.take_sent(), kind_of<VoteRequest>) ==
        std::vector{ServerId{2}, ServerId{3}, ServerId{4}, ServerId{5}});
  cluster.tick(1, 9);
  CHECK(cluster.core(1).role() == Role::candidate);
  // An election that leads nowhere is followed by another.
  cluster.isolate(1);
  cluster.tick(1, 10);
  CHECK(cluster.core(1).role() == Role::pre_candidate);
}

TEST_CASE("figure 2, candidates (5.2): a majority makes a leader, an append of a leader a follower") {
  Cluster cluster({.voters = 5});
  cluster.time_out(1);
  for (const std::uint64_t id : {2u, 3u}) cluster.deliver(words(id, 1, 2, PreVoteReply{true}));
  cluster.finish_writes(1);
  REQUIRE(cluster.core(1).role() == Role::candidate);
  SECTION("two of five are too few, three are enough") {
    cluster.deliver(words(2, 1, 2, VoteReply{true}));
    CHECK(cluster.core(1).role() == Role::candidate);
    cluster.deliver(words(5, 1, 2, VoteReply{true}));
    CHECK(cluster.core(1).role() == Role::leader);
  }
  SECTION("an append of the same term") {
    cluster.deliver(words(4, 1, 2, append(2, 1, 2)));
    CHECK(cluster.core(1).role() == Role::follower);
    CHECK(cluster.core(1).leader() == ServerId{4});
  }
}

TEST_CASE("figure 2, leaders, 1 (5.2): it says so at once, and again while there is nothing else to say") {
  Cluster cluster;
  cluster.elect(1);
  CHECK(receivers(cluster.take_sent(), kind_of<Heartbeat>) == std::vector{ServerId{2}, ServerId{3}});
  for (int i = 0; i < 5; ++i) {
    cluster.tick(1, 2);
    CHECK(receivers(cluster.take_sent(), kind_of<Heartbeat>) == std::vector{ServerId{2}, ServerId{3}});
  }
}

TEST_CASE("figure 2, leaders, 2 (5.3): a command is appended to its own log, and applied when it is committed") {
  Cluster cluster;
  cluster.elect(1);
  const Index last = cluster.core(1).log().last();
  cluster.hold<AppendAccepted>(0, 1);
  cluster.propose(1, "x");
  cluster.run();
  CHECK(cluster.core(1).log().last() == last.next());
  CHECK(cluster.core(1).applied() == last);
  cluster.heal();
  cluster.run();
  CHECK(cluster.core(1).applied() == last.next());
}

TEST_CASE("figure 2, leaders, 3 (5.3): a follower is sent what it lacks; a yes moves it on, a no sends it back") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(3);
  for (const char* text : {"a", "b"}) cluster.propose(1, text);
  cluster.run();
  const Index last = cluster.core(1).log().last();
  CHECK(cluster.progress(1, 2).match() == last);
  CHECK(cluster.progress(1, 2).next() == last.next());
  CHECK(cluster.progress(1, 3).match() < last);
  cluster.heal();
  cluster.tick_all(4);
  CHECK(cluster.progress(1, 3).match() == last);
  CHECK(terms_of(cluster.core(3)) == terms_of(cluster.core(1)));
}

TEST_CASE("figure 2, leaders, 4 (5.3, 5.4): committed is what a majority has, if it is of the leader's own term") {
  // Figure 8: entries of an earlier term that stand on a majority are not committed for that.
  Cluster cluster;
  cluster.isolate(1);
  cluster.deliver(words(2, 1, 2, append(2, 1, 2, {command(3, 2)})));
  cluster.run();
  cluster.heal();
  cluster.hold<AppendAccepted>(0, 1);
  cluster.elect(1);
  REQUIRE(cluster.core(1).role() == Role::leader);
  const std::uint64_t term = cluster.core(1).term().value;
  const Index noop = cluster.core(1).log().last();
  REQUIRE(noop == Index{4});
  cluster.deliver(words(2, 1, term, AppendAccepted{Index{3}}));
  CHECK(cluster.core(1).commit() == Index{2});
  cluster.deliver(words(2, 1, term, AppendAccepted{Index{4}}));
  CHECK(cluster.core(1).commit() == Index{4});
}

// ---- figure 3, the properties. The invariants that the harness checks after every step say the same of every test.

TEST_CASE("figure 3, election safety (5.2): two candidates of one term cannot both win it") {
  Cluster cluster({.voters = 5});
  for (const std::uint64_t id : {1u, 5u}) {
    cluster.time_out(id);
    for (const std::uint64_t voter : {2u, 3u}) cluster.deliver(words(voter, id, 2, PreVoteReply{true}));
    cluster.finish_writes(id);
    REQUIRE(cluster.core(id).role() == Role::candidate);
  }
  REQUIRE(cluster.core(1).term() == cluster.core(5).term());
  cluster.run();
  CHECK(leaders(cluster).size() <= 1);
}

TEST_CASE("figure 3, leader append-only (5.3): a leader neither removes nor replaces what is in its log") {
  Cluster cluster;
  cluster.partition({1}, {2, 3});
  cluster.deliver(words(2, 1, 2, append(2, 1, 2, {command(3, 2), command(4, 2)})));
  cluster.run();
  cluster.heal();
  cluster.elect(1);
  const std::string before = terms_of(cluster.core(1));
  // Whatever is said to it: followers that have other entries, old answers, a heartbeat of nobody.
  const std::uint64_t term = cluster.core(1).term().value;
  cluster.deliver(words(2, 1, term, AppendRejected{Index{3}, Index{1}, Term{1}}));
  cluster.deliver(words(3, 1, term - 1, append(2, 1, 2, {command(3, 1)})));
  cluster.propose(1, "x");
  cluster.run();
  CHECK(terms_of(cluster.core(1)).starts_with(before));
}

TEST_CASE("figure 3, log matching (5.3): logs that agree in one entry agree in all before it") {
  Cluster cluster({.voters = 5});
  cluster.elect(1);
  // 1 and 2 go on without the others, who do not hear of it.
  cluster.partition({1, 2}, {3, 4, 5});
  for (const char* text : {"lost", "lost too"}) cluster.propose(1, text);
  cluster.run();
  cluster.elect(3);
  for (const char* text : {"kept", "kept too", "and more"}) cluster.propose(3, text);
  cluster.run();
  CHECK(terms_of(cluster.core(1)) != terms_of(cluster.core(3)));
  cluster.heal();
  for (int i = 0; i < 20; ++i) cluster.tick_all();
  CHECK(cluster.is_converged());
  for (const std::uint64_t id : cluster.ids()) {
    CHECK(terms_of(cluster.core(id)) == terms_of(cluster.core(3)));
    CHECK(cluster.core(id).log().last_digest() == cluster.core(3).log().last_digest());
  }
}

TEST_CASE("figure 3, leader completeness (5.4): who lacks a committed entry is not elected") {
  Cluster cluster({.voters = 5});
  cluster.elect(1);
  cluster.partition({1, 2, 3}, {4, 5});
  cluster.propose(1, "committed");
  cluster.run();
  const Index committed = cluster.core(1).commit();
  CHECK(committed == cluster.core(1).log().last());
  cluster.crash(1);
  cluster.heal();
  // 4 and 5 would be two; of the others each has the entry.
  for (const std::uint64_t id : {2u, 3u, 4u, 5u}) cluster.let_leader_be_forgotten(id);
  for (int i = 0; i < 3; ++i) {
    cluster.time_out(4);
    cluster.run();
    CHECK(cluster.core(4).role() != Role::leader);
  }
  cluster.elect(3);
  REQUIRE(cluster.core(3).role() == Role::leader);
  CHECK(cluster.core(3).log().term_at(committed) == Term{2});
}

TEST_CASE("figure 3, state machine safety (5.4.3): no two servers apply different entries at one index") {
  Cluster cluster({.voters = 5});
  cluster.elect(1);
  cluster.propose(1, "a");
  cluster.run();
  cluster.partition({1, 2}, {3, 4, 5});
  cluster.propose(1, "never committed");
  cluster.run();
  cluster.elect(4);
  cluster.propose(4, "b");
  cluster.run();
  cluster.heal();
  for (int i = 0; i < 20; ++i) cluster.tick_all();
  REQUIRE(cluster.is_converged());
  const auto& applied = cluster.server(4).applied;
  for (const std::uint64_t id : cluster.ids()) {
    REQUIRE(cluster.server(id).applied.size() == applied.size());
    for (std::size_t at = 0; at < applied.size(); ++at) {
      CHECK(cluster.server(id).applied[at].digest == applied[at].digest);
      CHECK(cluster.server(id).applied[at].payload.view() != "never committed");
    }
  }
}
