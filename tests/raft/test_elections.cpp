#include <catch2/catch.hpp>

#include <set>

#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

TEST_CASE("a voter that is alone elects itself at once") {
  Cluster cluster({.voters = 1});
  cluster.tick_all();
  CHECK(cluster.core(1).role() == Role::leader);
  CHECK(cluster.core(1).term() == Term{2});
  CHECK(cluster.core(1).commit() == Index{3});
}

TEST_CASE("the first of three or five to time out is elected by the others") {
  for (const std::uint64_t voters : {2u, 3u, 5u}) {
    DYNAMIC_SECTION(voters << " voters") {
      Cluster cluster({.voters = voters});
      cluster.time_out(1);
      cluster.run();
      CHECK(cluster.core(1).role() == Role::leader);
      cluster.tick_all(2);
      for (std::uint64_t id = 2; id <= voters; ++id) {
        CHECK(cluster.core(id).role() == Role::follower);
        CHECK(cluster.core(id).leader() == ServerId{1});
        CHECK(cluster.core(id).hard_state() == HardState{Term{2}, ServerId{1}});
      }
      CHECK(cluster.is_converged());
    }
  }
}

TEST_CASE("an election that is split gives no leader, and the next one does") {
  Cluster cluster({.voters = 4});
  cluster.hold<VoteRequest>(0, 0);
  // Both are told yes by pre-votes, and then ask for votes in the same term.
  cluster.time_out(1);
  cluster.time_out(2);
  cluster.run();
  REQUIRE(cluster.core(1).role() == Role::candidate);
  REQUIRE(cluster.core(2).role() == Role::candidate);
  for (const Message& request : cluster.take(1, 3)) cluster.deliver(request);
  for (const Message& request : cluster.take(2, 4)) cluster.deliver(request);
  cluster.heal();
  cluster.run();
  CHECK(cluster.core(1).term() == Term{2});
  CHECK(cluster.core(1).role() != Role::leader);
  CHECK(cluster.core(2).role() != Role::leader);
  cluster.tick_all(60);
  std::uint64_t leaders = 0;
  for (const auto id : cluster.ids()) leaders += cluster.core(id).role() == Role::leader ? 1 : 0;
  CHECK(leaders == 1);
}

TEST_CASE("election timeouts lie between one and two times the option, and differ") {
  std::set<std::uint64_t> timeouts;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Cluster cluster({.voters = 2, .adjust = [seed](Options& options) { options.seed = seed; }});
    std::uint64_t ticks = 0;
    while (said<PreVoteRequest>(cluster.take_sent()).empty()) cluster.tick(1), ++ticks;
    timeouts.insert(ticks);
  }
  CHECK(*timeouts.begin() == 10);
  CHECK(*timeouts.rbegin() == 19);
  CHECK(timeouts.size() == 10);
}

TEST_CASE("every attempt draws a new timeout") {
  Cluster cluster({.voters = 2});
  cluster.isolate(1);
  std::set<std::uint64_t> timeouts;
  std::uint64_t ticks = 0;
  for (int i = 0; i < 2000; ++i) {
    cluster.tick(1);
    ++ticks;
    if (!said<PreVoteRequest>(cluster.take_sent()).empty()) timeouts.insert(std::exchange(ticks, 0));
  }
  CHECK(timeouts.size() == 10);
}

TEST_CASE("a server votes once in a term, also across a restart") {
  Cluster cluster({.voters = 3});
  cluster.isolate(1);
  cluster.deliver(words(2, 1, 5, VoteRequest{Index{9}, Term{4}, false}));
  cluster.run();
  CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{true}});
  SECTION("another candidate is refused") {
    cluster.deliver(words(3, 1, 5, VoteRequest{Index{9}, Term{4}, false}));
    cluster.run();
    CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{false}});
  }
  SECTION("the same one is told again") {
    cluster.deliver(words(2, 1, 5, VoteRequest{Index{9}, Term{4}, false}));
    cluster.run();
    CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{true}});
  }
  SECTION("another candidate is refused after a restart") {
    cluster.crash(1);
    cluster.restart(1);
    cluster.deliver(words(3, 1, 5, VoteRequest{Index{9}, Term{4}, false}));
    cluster.run();
    CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{false}});
    CHECK(cluster.core(1).hard_state() == HardState{Term{5}, ServerId{2}});
  }
}

TEST_CASE("a vote is given only to a log that is as good, by term first and then by index") {
  // The voter's log ends with 4@3.
  struct Row {
    std::uint64_t last_index, last_term;
    bool granted;
  };
  for (const Row& row : std::vector<Row>{{4, 3, true}, {5, 3, true}, {1, 4, true}, {3, 3, false}, {99, 2, false}}) {
    DYNAMIC_SECTION("last entry " << row.last_index << '@' << row.last_term) {
      Cluster cluster({.voters = 3});
      cluster.isolate(1);
      cluster.deliver(words(2, 1, 3, append(2, 1, 2, {command(3, 2), command(4, 3)})));
      cluster.run();
      cluster.let_leader_be_forgotten(1);
      (void)cluster.take_sent();
      cluster.deliver(words(3, 1, 9, PreVoteRequest{Index{row.last_index}, Term{row.last_term}}));
      cluster.deliver(words(3, 1, 9, VoteRequest{Index{row.last_index}, Term{row.last_term}, false}));
      cluster.run();
      const auto sent = cluster.take_sent();
      CHECK(said<PreVoteReply>(sent) == std::vector{PreVoteReply{row.granted}});
      CHECK(said<VoteReply>(sent) == std::vector{VoteReply{row.granted}});
    }
  }
}

TEST_CASE("a candidate counts only votes of voters, once each, and of its own term") {
  Cluster cluster({.voters = 5, .learners = 1, .loggers = 1});
  cluster.hold<VoteRequest>(1, 0);
  cluster.time_out(1);
  cluster.run();
  REQUIRE(cluster.core(1).role() == Role::candidate);
  const std::uint64_t term = cluster.core(1).term().value;
  SECTION("not those of learners and loggers") {
    cluster.deliver(words(6, 1, term, VoteReply{true}));
    cluster.deliver(words(7, 1, term, VoteReply{true}));
    cluster.deliver(words(99, 1, term, VoteReply{true}));
    cluster.deliver(words(2, 1, term, VoteReply{true}));
    CHECK(cluster.core(1).role() == Role::candidate);
  }
  SECTION("not one twice") {
    for (int i = 0; i < 5; ++i) cluster.deliver(words(2, 1, term, VoteReply{true}));
    CHECK(cluster.core(1).role() == Role::candidate);
  }
  SECTION("not those of an earlier term") {
    cluster.deliver(words(2, 1, term - 1, VoteReply{true}));
    cluster.deliver(words(3, 1, term - 1, VoteReply{true}));
    CHECK(cluster.core(1).role() == Role::candidate);
  }
  SECTION("not answers to a pre-vote") {
    cluster.deliver(words(2, 1, term, PreVoteReply{true}));
    cluster.deliver(words(3, 1, term, PreVoteReply{true}));
    CHECK(cluster.core(1).role() == Role::candidate);
  }
  SECTION("with two others it wins") {
    cluster.deliver(words(2, 1, term, VoteReply{true}));
    cluster.deliver(words(3, 1, term, VoteReply{true}));
    CHECK(cluster.core(1).role() == Role::leader);
  }
  SECTION("three refusals end it") {
    for (const std::uint64_t id : {2u, 3u, 4u}) cluster.deliver(words(id, 1, term, VoteReply{false}));
    CHECK(cluster.core(1).role() == Role::follower);
    CHECK(cluster.core(1).term() == Term{term});
  }
  SECTION("a leader of its term ends it") {
    cluster.deliver(words(2, 1, term, append(2, 1, 2)));
    CHECK(cluster.core(1).role() == Role::follower);
    CHECK(cluster.core(1).leader() == ServerId{2});
    CHECK(cluster.core(1).hard_state().vote == ServerId{1});
  }
}

TEST_CASE("neither candidate nor leader votes for another in its own term") {
  Cluster cluster({.voters = 3});
  cluster.isolate(1);
  cluster.time_out(1);
  cluster.deliver(words(2, 1, 2, PreVoteReply{true}));
  cluster.run();
  REQUIRE(cluster.core(1).role() == Role::candidate);
  (void)cluster.take_sent();
  cluster.deliver(words(3, 1, 2, VoteRequest{Index{99}, Term{1}, false}));
  cluster.run();
  CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{false}});
  cluster.deliver(words(2, 1, 2, VoteReply{true}));
  REQUIRE(cluster.core(1).role() == Role::leader);
  cluster.deliver(words(3, 1, 2, VoteRequest{Index{99}, Term{1}, true}));
  cluster.run();
  CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{false}});
  CHECK(cluster.core(1).hard_state().vote == ServerId{1});
}

TEST_CASE("who knows the leader of a term gives no vote in it, even if it has given none") {
  Cluster cluster;
  cluster.isolate(1);
  cluster.deliver(words(2, 1, 5, Heartbeat{Index{2}, 0}));
  cluster.deliver(words(3, 1, 5, VoteRequest{Index{9}, Term{4}, false}));
  cluster.run();
  CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{false}});
  CHECK(cluster.core(1).hard_state() == HardState{Term{5}, nobody});
}

TEST_CASE("a pre-vote changes nobody's term and nobody's vote") {
  Cluster cluster({.voters = 3});
  cluster.hold<PreVoteReply>(0, 0);
  cluster.time_out(1);
  cluster.run();
  CHECK(cluster.core(1).role() == Role::pre_candidate);
  for (const auto id : cluster.ids()) CHECK(cluster.core(id).hard_state() == HardState{Term{1}, nobody});
  CHECK(said<PreVoteReply>(cluster.take_sent()) == std::vector{PreVoteReply{true}, PreVoteReply{true}});
}

TEST_CASE("a pre-vote is granted to several candidates, since it promises nothing") {
  Cluster cluster({.voters = 3});
  cluster.isolate(1);
  cluster.deliver(words(2, 1, 5, PreVoteRequest{Index{2}, Term{1}}));
  cluster.deliver(words(3, 1, 5, PreVoteRequest{Index{2}, Term{1}}));
  CHECK(said<PreVoteReply>(cluster.take_sent()) == std::vector{PreVoteReply{true}, PreVoteReply{true}});
  CHECK(cluster.core(1).hard_state() == HardState{Term{1}, nobody});
}

TEST_CASE("an answer to an earlier pre-vote is not taken for one to the present") {
  Cluster cluster({.voters = 3});
  cluster.isolate(1);
  cluster.time_out(1);
  cluster.deliver(words(2, 1, 7, PreVoteReply{true}));
  CHECK(cluster.core(1).role() == Role::pre_candidate);
  CHECK(cluster.core(1).term() == Term{1});
  cluster.deliver(words(2, 1, 2, PreVoteReply{true}));
  CHECK(cluster.core(1).role() == Role::candidate);
}

TEST_CASE("a refused pre-vote tells of a later term") {
  Cluster cluster({.voters = 3});
  cluster.isolate(1);
  cluster.time_out(1);
  cluster.deliver(words(2, 1, 7, PreVoteReply{false}));
  CHECK(cluster.core(1).role() == Role::follower);
  CHECK(cluster.core(1).hard_state() == HardState{Term{7}, nobody});
}

TEST_CASE("a server that was cut off does not depose the leader when it comes back") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(3);
  for (int i = 0; i < 10; ++i) cluster.tick_all(10);
  CHECK(cluster.core(3).role() == Role::pre_candidate);
  CHECK(cluster.core(3).term() == Term{2});
  cluster.heal();
  cluster.time_out(3);
  cluster.run();
  cluster.tick_all(3);
  CHECK(cluster.core(1).role() == Role::leader);
  CHECK(cluster.core(1).term() == Term{2});
  CHECK(cluster.core(3).leader() == ServerId{1});
}

TEST_CASE("a server with a higher term that nobody elects is taken back by the others") {
  Cluster cluster;
  cluster.elect(1);
  // It wins the pre-vote, and is cut off before its votes arrive.
  cluster.let_leader_be_forgotten(2);
  cluster.drop<VoteRequest>(3, 0);
  cluster.time_out(3);
  cluster.run();
  REQUIRE(cluster.core(3).role() == Role::candidate);
  REQUIRE(cluster.core(3).term() == Term{3});
  cluster.heal();
  cluster.tick_all(60);
  std::uint64_t leaders = 0;
  for (const auto id : cluster.ids()) leaders += cluster.core(id).role() == Role::leader ? 1 : 0;
  CHECK(leaders == 1);
  CHECK(cluster.is_converged());
}

TEST_CASE("a candidate that is not elected falls back to the pre-vote and does not raise the term again") {
  Cluster cluster({.voters = 3});
  cluster.drop<VoteRequest>(1, 0);
  cluster.time_out(1);
  cluster.run();
  REQUIRE(cluster.core(1).role() == Role::candidate);
  const Term term = cluster.core(1).term();
  cluster.isolate(1);
  cluster.tick(1, 200);
  CHECK(cluster.core(1).role() == Role::pre_candidate);
  CHECK(cluster.core(1).term() == term);
}

TEST_CASE("who hears from a leader takes no part in another election") {
  Cluster cluster;
  cluster.elect(1);
  (void)cluster.take_sent();
  SECTION("a pre-vote is refused") {
    cluster.deliver(words(3, 2, 3, PreVoteRequest{Index{99}, Term{2}}));
    CHECK(said<PreVoteReply>(cluster.take_sent()) == std::vector{PreVoteReply{false}});
  }
  SECTION("a vote is not even answered, and its term not learned") {
    cluster.deliver(words(3, 2, 9, VoteRequest{Index{99}, Term{2}, false}));
    cluster.deliver(words(3, 1, 9, VoteRequest{Index{99}, Term{2}, false}));
    cluster.run();
    CHECK(said<VoteReply>(cluster.take_sent()).empty());
    CHECK(cluster.core(2).term() == Term{2});
    CHECK(cluster.core(1).role() == Role::leader);
  }
  SECTION("an election that the leader wants is another matter") {
    cluster.deliver(words(3, 2, 3, VoteRequest{Index{99}, Term{2}, true}));
    cluster.run();
    CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{true}});
  }
  SECTION("until an election timeout has passed") {
    cluster.let_leader_be_forgotten(2);
    (void)cluster.take_sent();
    cluster.deliver(words(3, 2, 9, VoteRequest{Index{99}, Term{2}, false}));
    cluster.run();
    CHECK(said<VoteReply>(cluster.take_sent()) == std::vector{VoteReply{true}});
  }
}

TEST_CASE("a leader that no majority hears steps down, and one that a majority hears does not") {
  Cluster cluster({.voters = 5});
  cluster.elect(1);
  cluster.partition({1, 2}, {3, 4, 5});
  SECTION("two of five are not enough") {
    for (int i = 0; i < 20; ++i) cluster.tick(1), cluster.run();
    CHECK(cluster.core(1).role() == Role::follower);
    CHECK(cluster.core(1).term() == Term{2});
    CHECK(cluster.core(1).leader() == nobody);
  }
  SECTION("three are") {
    cluster.heal();
    cluster.partition({1, 2, 3}, {4, 5});
    for (int i = 0; i < 50; ++i) cluster.tick(1), cluster.run();
    CHECK(cluster.core(1).role() == Role::leader);
  }
}

TEST_CASE("those who do not vote do not keep a leader in office") {
  Cluster cluster({.voters = 3, .loggers = 2});
  cluster.elect(1);
  cluster.partition({1, 4, 5}, {2, 3});
  for (int i = 0; i < 20; ++i) cluster.tick(1), cluster.run();
  CHECK(cluster.core(1).role() == Role::follower);
}

TEST_CASE("a learner and a logger never campaign, and are asked for no vote") {
  Cluster cluster({.voters = 2, .learners = 1, .loggers = 1});
  cluster.tick(3, 100);
  cluster.tick(4, 100);
  for (const Message& message : cluster.take_sent()) CHECK(std::holds_alternative<MembershipQuestion>(message.body));
  CHECK(cluster.core(3).term() == Term{1});
  cluster.time_out(1);
  cluster.run();
  for (const Message& message : cluster.take_sent()) {
    const bool asks =
        std::holds_alternative<VoteRequest>(message.body) || std::holds_alternative<PreVoteRequest>(message.body);
    if (asks) CHECK(message.to == ServerId{2});
  }
  CHECK(cluster.core(1).role() == Role::leader);
}

TEST_CASE("a follower's patience begins anew with a granted vote and a word of the leader, and with nothing else") {
  Cluster cluster;
  cluster.isolate(1);
  // The draw is between 10 and 19 ticks; after nine more ticks than that it has campaigned unless it was reset.
  const auto campaigns_after = [&cluster](std::uint64_t ticks) {
    cluster.run();
    (void)cluster.take_sent();
    cluster.tick(1, ticks);
    return !said<PreVoteRequest>(cluster.take_sent()).empty();
  };
  cluster.tick(1, 9);
  SECTION("a granted vote") {
    cluster.deliver(words(2, 1, 2, VoteRequest{Index{2}, Term{1}, false}));
    CHECK_FALSE(campaigns_after(9));
  }
  SECTION("a heartbeat") {
    cluster.deliver(words(2, 1, 2, Heartbeat{Index{2}, 0}));
    CHECK_FALSE(campaigns_after(9));
  }
  SECTION("an append, even where the logs differ") {
    cluster.deliver(words(2, 1, 2, append(7, 2, 2)));
    CHECK_FALSE(campaigns_after(9));
  }
  SECTION("not a refused vote") {
    cluster.deliver(words(2, 1, 2, VoteRequest{Index{1}, Term{1}, false}));
    CHECK(campaigns_after(10));
  }
  SECTION("not a pre-vote") {
    cluster.deliver(words(2, 1, 2, PreVoteRequest{Index{2}, Term{1}}));
    CHECK(campaigns_after(10));
  }
  SECTION("not an append of a term that is over") {
    cluster.deliver(words(2, 1, 0, append(2, 1, 2)));
    CHECK(campaigns_after(10));
  }
}

TEST_CASE("a message of a later term makes anyone a follower in it") {
  Cluster cluster;
  cluster.elect(1);
  cluster.deliver(words(2, 1, 9, AppendAccepted{Index{1}}));
  CHECK(cluster.core(1).role() == Role::follower);
  CHECK(cluster.core(1).hard_state() == HardState{Term{9}, nobody});
}

TEST_CASE("a message of an earlier term is answered with the present one where its sender leads or campaigns") {
  Cluster cluster;
  cluster.elect(1);
  cluster.elect(2);
  cluster.isolate(3);
  (void)cluster.take_sent();
  const auto answer_to = [&cluster](MessageBody body) {
    cluster.deliver(words(1, 3, 2, std::move(body)));
    cluster.run();
    const auto sent = cluster.take_sent();
    return sent.empty() ? std::string("nothing") : describe(sent.front());
  };
  CHECK(answer_to(append(3, 2, 3, {command(4, 2)})) == "n3 -> n1 heartbeat_reply, term 3: round 0");
  CHECK(answer_to(Heartbeat{Index{3}, 7}) == "n3 -> n1 heartbeat_reply, term 3: round 0");
  CHECK(answer_to(VoteRequest{Index{9}, Term{2}, false}) == "n3 -> n1 vote_reply, term 3: no");
  CHECK(answer_to(PreVoteRequest{Index{9}, Term{2}}) == "n3 -> n1 pre_vote_reply, term 3: no");
  CHECK(answer_to(ReadIndexRequest{5}) == "n3 -> n1 read_reply, term 3: read 5 refused");
  CHECK(answer_to(ForwardedProposal{6, {}}) == "n3 -> n1 refused, term 3: proposal 6: no leader");
  CHECK(answer_to(AppendAccepted{Index{3}}) == "nothing");
  CHECK(answer_to(VoteReply{true}) == "nothing");
  CHECK(answer_to(HeartbeatReply{3}) == "nothing");
  CHECK(answer_to(TimeoutNow{}) == "nothing");
  CHECK(cluster.core(3).leader() == ServerId{2});
}

TEST_CASE("messages for another, from itself or from nobody are ignored") {
  Cluster cluster;
  for (const Message& message :
       {words(2, 3, 9, VoteRequest{Index{9}, Term{9}, false}), words(1, 1, 9, VoteRequest{Index{9}, Term{9}, false}),
        words(0, 1, 9, VoteRequest{Index{9}, Term{9}, false})}) {
    cluster.step(1, message);
    CHECK(cluster.core(1).hard_state() == HardState{Term{1}, nobody});
  }
}
