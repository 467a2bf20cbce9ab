#include <catch2/catch.hpp>

#include "common/base/limits.hpp"
#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

namespace {

std::string membership_of(Cluster& cluster, std::uint64_t id) { return describe(cluster.core(id).membership()); }

std::string answer(Cluster& cluster, std::uint64_t server, std::uint64_t change) {
  for (const ChangeDone& done : cluster.server(server).changes_done) {
    if (done.id == change) return done.refusal ? std::string(refusal_name(*done.refusal)) : "done";
  }
  return "nothing yet";
}

RemoveMember removal(std::uint64_t id) { return {node_name(ServerId{id})}; }

}  // namespace

TEST_CASE("a server joins as a learner, and votes once it has caught up") {
  Cluster cluster;
  cluster.elect(1);
  for (int i = 0; i < 20; ++i) cluster.propose(1, "x");
  cluster.run();
  cluster.add_blank(4);
  const auto change = cluster.change(1, AddMember{cluster.member(4)});
  CHECK(membership_of(cluster, 1) == "voters n1 n2 n3, leaving half -, learners n4, loggers -");
  CHECK(answer(cluster, 1, change) == "nothing yet");
  cluster.run();
  CHECK(answer(cluster, 1, change) == "done");
  cluster.tick_all(4);
  for (const auto id : cluster.ids()) {
    CHECK(membership_of(cluster, id) == "voters n1 n2 n3 n4, leaving half -, learners -, loggers -");
  }
  CHECK(cluster.is_converged());
}

TEST_CASE("a cluster of one grows to three, one server after the other") {
  Cluster cluster({.voters = 1});
  cluster.tick_all();
  for (const std::uint64_t id : {2u, 3u}) {
    cluster.add_blank(id);
    const auto change = cluster.change(1, AddMember{cluster.member(id)});
    cluster.tick_all(6);
    CHECK(answer(cluster, 1, change) == "done");
  }
  CHECK(membership_of(cluster, 3) == "voters n1 n2 n3, leaving half -, learners -, loggers -");
  cluster.crash(1);
  cluster.elect(3);
  CHECK(cluster.core(3).role() == Role::leader);
}

TEST_CASE("a learner that catches up before its membership is committed is promoted on an idle cluster all the same") {
  Cluster cluster({.voters = 1});
  cluster.tick_all();
  cluster.server(1).holds_disk = true;
  cluster.add_blank(2);
  cluster.change(1, AddMember{cluster.member(2)});
  // The learner acknowledges everything while the leader's own disk is still busy with it.
  cluster.run();
  REQUIRE(cluster.progress(1, 2).match() == cluster.core(1).log().last());
  REQUIRE(cluster.core(1).commit() < cluster.core(1).log().last());
  cluster.finish_writes(1);
  cluster.server(1).holds_disk = false;
  cluster.tick_all(6);
  CHECK(membership_of(cluster, 1) == "voters n1 n2, leaving half -, learners -, loggers -");
}

TEST_CASE("two learners are promoted one after the other, without further commands") {
  Cluster cluster({.voters = 1, .learners = 2});
  cluster.tick_all(8);
  CHECK(membership_of(cluster, 1) == "voters n1 n2 n3, leaving half -, learners -, loggers -");
}

TEST_CASE("a learner that is behind, dead or too slow is not promoted") {
  Cluster cluster({.voters = 3});
  cluster.elect(1);
  for (int i = 0; i < 20; ++i) cluster.propose(1, "x");
  cluster.run();
  cluster.add_blank(4);
  SECTION("behind") {
    cluster.drop<AppendRequest>(1, 4);
    cluster.change(1, AddMember{cluster.member(4)});
    cluster.tick_all(30);
  }
  SECTION("dead before it was caught up") {
    cluster.crash(4);
    cluster.change(1, AddMember{cluster.member(4)});
    cluster.tick_all(30);
  }
  SECTION("it caught up once, while another change was under way, and then died") {
    cluster.hold<AppendAccepted>(2, 1);
    cluster.hold<AppendAccepted>(3, 1);
    cluster.change(1, AddMember{cluster.member(4)});
    cluster.run();
    REQUIRE(cluster.progress(1, 4).match() == cluster.core(1).log().last());
    cluster.crash(4);
    for (int i = 0; i < 3 * 10; ++i) cluster.tick_all();
    cluster.heal();
    cluster.run();
    cluster.tick_all(30);
  }
  SECTION("a round takes longer than an election timeout while commands go on") {
    cluster.hold<AppendAccepted>(4, 1);
    cluster.change(1, AddMember{cluster.member(4)});
    for (int i = 0; i < 5; ++i) {
      cluster.tick_all(11);
      const auto late = cluster.take(4, 1, kind_of<AppendAccepted>);
      cluster.propose(1, "y");
      for (const Message& message : late) cluster.deliver(message);
      cluster.run();
    }
  }
  CHECK(membership_of(cluster, 1) == "voters n1 n2 n3, leaving half -, learners n4, loggers -");
}

TEST_CASE("a logger is never promoted") {
  Cluster cluster({.voters = 1});
  cluster.tick_all();
  cluster.add_blank(2);
  const auto change = cluster.change(1, AddMember{cluster.member(2, false)});
  cluster.tick_all(20);
  CHECK(answer(cluster, 1, change) == "done");
  CHECK(membership_of(cluster, 1) == "voters n1, leaving half -, learners -, loggers n2");
  CHECK(cluster.is_converged());
}

TEST_CASE("a tenth voter stays a learner") {
  Cluster cluster({.voters = limits::voters});
  cluster.elect(1);
  cluster.add_blank(10);
  cluster.change(1, AddMember{cluster.member(10)});
  cluster.tick_all(20);
  CHECK(cluster.core(1).membership().voters.size() == limits::voters);
  CHECK_FALSE(cluster.core(1).membership().is_voter(ServerId{10}));
  CHECK(cluster.is_converged());
}

TEST_CASE("a join beyond the bound of members is refused") {
  Cluster cluster({.voters = 1, .loggers = limits::non_voters});
  for (std::uint64_t id = 2; id <= 1 + limits::non_voters; ++id) cluster.crash(id);
  cluster.tick_all();
  CHECK(answer(cluster, 1, cluster.change(1, AddMember{cluster.member(90, false)})) == "too many");
}

TEST_CASE("a joint change is committed by a majority of both halves, not of one") {
  Cluster cluster({.voters = 5});
  cluster.elect(1);
  // n5 goes: the new half is n1 n2 n3 n4, the old one has n5 too.
  cluster.hold<AppendAccepted>(0, 1);
  const auto change = cluster.change(1, removal(5));
  REQUIRE(cluster.core(1).membership().is_joint());
  cluster.run();
  const std::uint64_t last = cluster.core(1).log().last().value;
  const auto acknowledge = [&](std::uint64_t id) { cluster.deliver(words(id, 1, 2, AppendAccepted{Index{last}})); };
  acknowledge(5);
  acknowledge(2);
  // n1 n2 n5 are three of the old five, but only two of the new four.
  CHECK(cluster.core(1).commit() == Index{3});
  acknowledge(3);
  CHECK(cluster.core(1).commit() == Index{last});
  CHECK_FALSE(cluster.core(1).membership().is_joint());
  CHECK(answer(cluster, 1, change) == "nothing yet");
  cluster.heal();
  cluster.run();
  CHECK(answer(cluster, 1, change) == "done");
}

TEST_CASE("a joint change is not committed by a majority of the new half alone") {
  Cluster cluster({.voters = 4});
  cluster.elect(1);
  // n4 goes: two of the new three are enough there, but not of the old four.
  cluster.hold<AppendAccepted>(0, 1);
  cluster.change(1, removal(4));
  REQUIRE(cluster.core(1).membership().is_joint());
  cluster.run();
  const Index last = cluster.core(1).log().last();
  cluster.deliver(words(2, 1, 2, AppendAccepted{last}));
  CHECK(cluster.core(1).commit() < last);
  cluster.deliver(words(4, 1, 2, AppendAccepted{last}));
  CHECK(cluster.core(1).commit() == last);
}

TEST_CASE("a removed server no longer counts, and is sent nothing") {
  Cluster cluster;
  cluster.elect(1);
  const auto change = cluster.change(1, removal(3));
  cluster.run();
  CHECK(answer(cluster, 1, change) == "done");
  CHECK(membership_of(cluster, 1) == "voters n1 n2, leaving half -, learners -, loggers -");
  (void)cluster.take_sent();
  cluster.isolate(2);
  cluster.propose(1, "x");
  cluster.tick_all(2);
  for (const Message& message : cluster.take_sent()) CHECK(message.to != ServerId{3});
  CHECK(cluster.core(1).commit() < cluster.core(1).log().last());
}

TEST_CASE("a removed server that does not know it disturbs nobody") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(3);
  cluster.change(1, removal(3));
  cluster.run();
  cluster.heal();
  for (int i = 0; i < 100; ++i) cluster.tick_all();
  CHECK(cluster.core(1).role() == Role::leader);
  CHECK(cluster.core(1).term() == Term{2});
  CHECK(cluster.core(2).leader() == ServerId{1});
}

TEST_CASE("a leader that removes itself leads until that is committed, does not count itself, and then steps down") {
  Cluster cluster;
  cluster.elect(1);
  const auto change = cluster.change(1, removal(1));
  cluster.hold<AppendAccepted>(3, 1);
  cluster.run();
  // The joint configuration is committed by n1 and n2 of the old half; the new half, n2 and n3, has not agreed to
  // anything.
  CHECK(cluster.core(1).commit() == Index{3});
  REQUIRE(cluster.core(1).role() == Role::leader);
  cluster.heal();
  cluster.run();
  CHECK(cluster.core(1).role() == Role::follower);
  CHECK(answer(cluster, 1, change) == "done");
  CHECK(membership_of(cluster, 2) == "voters n2 n3, leaving half -, learners -, loggers -");
  // The others were told before it went.
  CHECK(cluster.core(2).commit() == cluster.core(2).log().last());
  (void)cluster.take_sent();
  cluster.tick(1, 100);
  CHECK(said<PreVoteRequest>(cluster.take_sent(), 1).empty());
  cluster.tick_all(60);
  CHECK((cluster.core(2).role() == Role::leader) != (cluster.core(3).role() == Role::leader));
}

TEST_CASE("one change at a time") {
  Cluster cluster;
  cluster.elect(1);
  cluster.hold<AppendAccepted>(0, 1);
  const auto first = cluster.change(1, removal(2));
  CHECK(answer(cluster, 1, cluster.change(1, removal(3))) == "busy");
  CHECK(answer(cluster, 1, cluster.change(1, AddMember{cluster.member(4)})) == "busy");
  cluster.run();
  cluster.heal();
  cluster.run();
  CHECK(answer(cluster, 1, first) == "done");
  CHECK(answer(cluster, 1, cluster.change(1, AddMember{cluster.member(4)})) == "nothing yet");
}

TEST_CASE("no change before an entry of the leader's own term is committed") {
  Cluster cluster;
  cluster.hold<AppendAccepted>(0, 1);
  cluster.elect(1);
  CHECK(answer(cluster, 1, cluster.change(1, removal(2))) == "busy");
  cluster.heal();
  cluster.run();
  CHECK(answer(cluster, 1, cluster.change(1, removal(2))) == "nothing yet");
}

TEST_CASE("changes that make no sense are refused") {
  Cluster cluster({.voters = 1});
  CHECK(answer(cluster, 1, cluster.change(1, removal(1))) == "no leader");
  cluster.tick_all();
  CHECK(answer(cluster, 1, cluster.change(1, removal(9))) == "not possible");
  CHECK(answer(cluster, 1, cluster.change(1, removal(1))) == "not possible");
  CHECK(cluster.core(1).log().last() == Index{3});
}

TEST_CASE("a member is not removed if no majority of the others is up") {
  Cluster cluster;
  cluster.elect(1);
  cluster.crash(3);
  for (int i = 0; i < 10; ++i) cluster.tick_all();
  REQUIRE(cluster.core(1).role() == Role::leader);
  // Of {1, 3} and of {2, 3} both would have to be there.
  CHECK(answer(cluster, 1, cluster.change(1, removal(2))) == "no majority");
  CHECK(answer(cluster, 1, cluster.change(1, removal(1))) == "no majority");
  CHECK_FALSE(cluster.core(1).membership().is_joint());
  // What the dead one said before it died, and the network kept for long, is no sign of life.
  cluster.deliver(words(3, 1, cluster.core(1).term().value, HeartbeatReply{1}));
  cluster.deliver(words(3, 1, cluster.core(1).term().value, AppendAccepted{}));
  CHECK(answer(cluster, 1, cluster.change(1, removal(2))) == "no majority");
  const auto change = cluster.change(1, removal(3));
  cluster.run();
  CHECK(answer(cluster, 1, change) == "done");
}

TEST_CASE("of two voters one that does not answer cannot be removed by the other: the old majority needs it") {
  Cluster cluster({.voters = 2});
  cluster.hold<HeartbeatReply>(0, 1);
  cluster.elect(1);
  REQUIRE(cluster.core(1).commit() == cluster.core(1).log().last());
  CHECK(answer(cluster, 1, cluster.change(1, removal(2))) == "no majority");
  cluster.heal();
  cluster.tick(1, 2);
  cluster.run();
  const auto change = cluster.change(1, removal(2));
  cluster.run();
  CHECK(answer(cluster, 1, change) == "done");
}

TEST_CASE("a member that is already as wanted needs no entry, and one with new addresses needs one") {
  Cluster cluster;
  cluster.elect(1);
  CHECK(answer(cluster, 1, cluster.change(1, AddMember{cluster.member(2)})) == "done");
  CHECK(cluster.core(1).log().last() == Index{3});
  Member moved = cluster.member(2);
  moved.addresses.raft = "elsewhere:12000";
  const auto change = cluster.change(1, AddMember{moved});
  cluster.tick_all(2);
  CHECK(answer(cluster, 1, change) == "done");
  CHECK(cluster.core(3).membership().find(ServerId{2})->addresses.raft == "elsewhere:12000");
  CHECK(membership_of(cluster, 3) == "voters n1 n2 n3, leaving half -, learners -, loggers -");
}

TEST_CASE("a known member keeps its wish to vote, whatever it says when it announces itself again") {
  Cluster cluster;
  cluster.elect(1);
  CHECK(answer(cluster, 1, cluster.change(1, AddMember{cluster.member(2, false)})) == "done");
  CHECK(cluster.core(1).membership().find(ServerId{2})->wants_vote);
}

TEST_CASE("a member may not take the name of another") {
  Cluster cluster;
  cluster.elect(1);
  Member impostor = cluster.member(2);
  impostor.name = node_name(ServerId{3});
  CHECK(answer(cluster, 1, cluster.change(1, AddMember{impostor})) == "exists");
}

TEST_CASE("a new incarnation replaces a member of its name that is dead, and none that is alive") {
  Cluster cluster;
  cluster.elect(1);
  Member reborn = cluster.member(33);
  reborn.name = node_name(ServerId{3});
  SECTION("alive") {
    cluster.tick_all(150);
    CHECK(answer(cluster, 1, cluster.change(1, AddMember{reborn})) == "exists");
  }
  SECTION("the leader itself") {
    reborn.name = node_name(ServerId{1});
    cluster.tick_all(150);
    CHECK(answer(cluster, 1, cluster.change(1, AddMember{reborn})) == "exists");
  }
  SECTION("dead, but not for long enough") {
    cluster.crash(3);
    cluster.tick_all(90);
    CHECK(answer(cluster, 1, cluster.change(1, AddMember{reborn})) == "exists");
  }
  SECTION("dead") {
    cluster.crash(3);
    cluster.tick_all(101);
    cluster.add_blank(33);
    const auto change = cluster.change(1, AddMember{reborn});
    cluster.tick_all(8);
    CHECK(answer(cluster, 1, change) == "done");
    CHECK(membership_of(cluster, 1) == "voters n1 n2 n33, leaving half -, learners -, loggers -");
    CHECK(cluster.core(1).membership().find(node_name(ServerId{3}))->server == ServerId{33});
    // The old disk comes back: it is nobody's member any more.
    cluster.restart(3);
    cluster.tick_all(60);
    CHECK(cluster.core(1).role() == Role::leader);
    CHECK(cluster.core(1).term() == Term{2});
  }
}

TEST_CASE("a change that was not committed is rolled back with its entry") {
  Cluster cluster({.voters = 5});
  cluster.elect(1);
  cluster.isolate(1);
  cluster.change(1, removal(5));
  CHECK(cluster.core(1).membership().is_joint());
  cluster.elect(2);
  cluster.propose(2, "x");
  cluster.run();
  cluster.heal();
  cluster.tick_all(6);
  for (const auto id : cluster.ids()) {
    CHECK(membership_of(cluster, id) == "voters n1 n2 n3 n4 n5, leaving half -, learners -, loggers -");
  }
  CHECK(cluster.server(1).changes_done.empty());
  CHECK(cluster.is_converged());
}

TEST_CASE("a change is rolled back also after a restart between its entry and the truncation") {
  Cluster cluster({.voters = 5});
  cluster.elect(1);
  cluster.isolate(1);
  cluster.change(1, removal(5));
  cluster.finish_writes(1);
  cluster.crash(1);
  cluster.restart(1);
  CHECK(cluster.core(1).membership().is_joint());
  cluster.elect(2);
  cluster.heal();
  cluster.tick_all(6);
  CHECK(membership_of(cluster, 1) == "voters n1 n2 n3 n4 n5, leaving half -, learners -, loggers -");
}

// The old leader dies at each point of a change that removes n5 from five. Whatever is left ends up in one
// configuration.
TEST_CASE("a change whose leader dies is ended or undone by the next one") {
  Cluster cluster({.voters = 5});
  cluster.elect(1);
  std::string expected;
  SECTION("the joint entry has left the leader for nobody: undone") {
    cluster.isolate(1);
    cluster.change(1, removal(5));
    cluster.run();
    expected = "voters n1 n2 n3 n4 n5, leaving half -, learners -, loggers -";
  }
  SECTION("the joint entry is with one other, uncommitted: ended by him") {
    cluster.partition({1, 2}, {3, 4, 5});
    cluster.change(1, removal(5));
    cluster.run();
    expected = "voters n1 n2 n3 n4, leaving half -, learners -, loggers -";
  }
  SECTION("the joint entry is committed, and the last one was never sent: ended") {
    cluster.change(1, removal(5));
    cluster.hold<AppendAccepted>(0, 1);
    cluster.run();
    for (const auto& message : cluster.take(0, 1)) {
      if (cluster.core(1).membership().is_joint()) {
        cluster.isolate(1);
        cluster.deliver(message);
      }
    }
    REQUIRE_FALSE(cluster.core(1).membership().is_joint());
    REQUIRE(cluster.core(2).membership().is_joint());
    expected = "voters n1 n2 n3 n4, leaving half -, learners -, loggers -";
  }
  SECTION("the last entry is with everyone, uncommitted: ended") {
    cluster.change(1, removal(5));
    cluster.run();
    expected = "voters n1 n2 n3 n4, leaving half -, learners -, loggers -";
  }
  cluster.crash(1);
  cluster.heal();
  cluster.elect(2);
  cluster.tick_all(4);
  CHECK(membership_of(cluster, 2) == expected);
  CHECK(cluster.core(2).commit() == cluster.core(2).log().last());
  cluster.restart(1);
  cluster.tick_all(6);
  CHECK(membership_of(cluster, 1) == expected);
}

TEST_CASE("a joint configuration that was committed by a dead leader is ended although nothing new is proposed") {
  Cluster cluster;
  cluster.elect(1);
  cluster.change(1, removal(1));
  cluster.hold<AppendAccepted>(0, 1);
  cluster.run();
  cluster.hold<AppendRequest>(1, 0);
  // Both others have the joint entry; with their word it is committed, and the leader dies with that knowledge.
  for (const Message& message : cluster.take(0, 1, kind_of<AppendAccepted>)) cluster.deliver(message);
  REQUIRE(cluster.core(1).commit() == Index{4});
  (void)cluster.take(1, 0);
  cluster.crash(1);
  cluster.heal();
  cluster.elect(2);
  cluster.tick_all(2);
  CHECK(membership_of(cluster, 3) == "voters n2 n3, leaving half -, learners -, loggers -");
}

TEST_CASE("a leader gives up what it still owes a peer that was removed") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(3);
  for (int i = 0; i < 5; ++i) cluster.propose(1, "x");
  cluster.run();
  cluster.change(1, removal(3));
  cluster.run();
  CHECK_FALSE(cluster.leader_of(1).peers.contains(ServerId{3}));
  cluster.deliver(words(3, 1, 2, AppendRejected{Index{4}, Index{3}, Term{2}}));
  cluster.deliver(words(3, 1, 2, HeartbeatReply{1}));
  cluster.step(1, Unreachable{ServerId{3}});
  CHECK(cluster.core(1).role() == Role::leader);
}

TEST_CASE("a member that was down when it was removed is told by the others, and asks for no votes any more") {
  Cluster cluster({.voters = 4, .learners = 1, .loggers = 1});
  cluster.elect(1);
  cluster.tick_all(2);
  const auto gone = GENERATE(4u, 5u, 6u);
  CAPTURE(gone);
  cluster.crash(gone);
  const auto id = cluster.change(1, removal(gone));
  cluster.tick_all(4);
  REQUIRE(answer(cluster, 1, id) == "done");
  const Index removed_by = cluster.core(1).membership_index();
  for (int i = 0; i < 3; ++i) cluster.propose(1, "x"), cluster.run();
  cluster.restart(gone);
  CHECK(cluster.core(gone).membership().find(ServerId{gone}) != nullptr);
  cluster.tick_all(20);
  CHECK(cluster.server(gone).removed == std::vector{removed_by});
  CHECK(cluster.core(gone).role() == Role::follower);
  CHECK(cluster.core(1).role() == Role::leader);
  (void)cluster.take_sent();
  cluster.tick(gone, 100);
  CHECK(cluster.take_sent().empty());
  SECTION("taken in again, it is a member as before") {
    cluster.change(1, AddMember{cluster.member(gone, gone != 6)});
    cluster.tick_all(40);
    CHECK(cluster.core(gone).leader() == ServerId{1});
    CHECK(cluster.is_converged());
    cluster.crash(1);
    cluster.tick_all(60);
    CHECK(cluster.server(gone).removed.size() == 1);
  }
  SECTION("its next life is told again") {
    cluster.crash(gone);
    cluster.restart(gone);
    cluster.tick_all(20);
    CHECK(cluster.server(gone).removed == std::vector{removed_by});
  }
}

TEST_CASE("nobody is told of a removal that is not committed, or that another has not heard to be") {
  Cluster cluster({.voters = 5});
  cluster.elect(1);
  cluster.tick_all(2);
  cluster.partition({1, 2}, {3, 4, 5});
  cluster.change(1, removal(5));
  cluster.run();
  REQUIRE(cluster.core(2).membership().is_joint());
  for (const std::uint64_t asked : {1u, 2u}) {
    (void)cluster.take_sent();
    cluster.deliver(words(5, asked, 3, PreVoteRequest{Index{9}, Term{2}}));
    cluster.deliver(words(5, asked, 3, MembershipQuestion{}));
    CHECK(said<NotMember>(cluster.take_sent(), asked, 5).empty());
  }
}

TEST_CASE("a word of a removal that this replica knows to be older than what it has, or that a joiner hears, is none") {
  Cluster cluster;
  cluster.elect(1);
  cluster.tick_all(2);
  cluster.isolate(3);
  cluster.let_leader_be_forgotten(3);
  cluster.time_out(3);
  REQUIRE(cluster.core(3).leader() == nobody);
  cluster.deliver(words(2, 3, 2, NotMember{cluster.core(3).membership_index()}));
  CHECK(cluster.server(3).removed.empty());
  cluster.add_blank(4);
  cluster.deliver(words(2, 4, 2, NotMember{Index{50}}));
  CHECK(cluster.server(4).removed.empty());
  // A leader, and who hears one, knows better.
  cluster.deliver(words(2, 1, 2, NotMember{Index{50}}));
  cluster.deliver(words(3, 2, 2, NotMember{Index{50}}));
  CHECK(cluster.server(1).removed.empty());
  CHECK(cluster.server(2).removed.empty());
  // Of a later entry it is true, whatever term the other is in.
  cluster.deliver(words(2, 3, 1, NotMember{Index{50}}));
  CHECK(cluster.server(3).removed == std::vector{Index{50}});
  CHECK(cluster.core(3).role() == Role::follower);
}
