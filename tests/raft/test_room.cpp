// A disk without room: no entries are taken, and everything else goes on.
#include <catch2/catch.hpp>

#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

namespace {

constexpr Room no_room{.for_proposals = false, .for_entries = false};

std::optional<Refusal> refusal_of(Cluster& cluster, std::uint64_t server, std::uint64_t proposal) {
  for (const ProposalRefused& refused : cluster.server(server).proposals_refused) {
    if (refused.id == proposal) return refused.refusal;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("a leader without room refuses proposals, its own and forwarded ones, and changes of membership") {
  Cluster cluster;
  cluster.elect(1);
  cluster.tick_all(2);
  cluster.step(1, Room{.for_proposals = false, .for_entries = true});
  const auto own = cluster.propose(1, "a");
  const auto forwarded = cluster.propose(2, "b");
  cluster.change(1, AddMember{cluster.member(4)});
  cluster.run();
  CHECK(refusal_of(cluster, 1, own) == Refusal::disk_full);
  CHECK(refusal_of(cluster, 2, forwarded) == Refusal::disk_full);
  REQUIRE(cluster.server(1).changes_done.size() == 1);
  CHECK(cluster.server(1).changes_done[0].refusal == Refusal::disk_full);
  cluster.step(1, Room{});
  const auto again = cluster.propose(1, "c");
  cluster.run();
  CHECK_FALSE(refusal_of(cluster, 1, again));
  CHECK(cluster.core(1).log().last() == cluster.core(1).commit());
  CHECK(cluster.core(1).commit() == Index{4});
}

TEST_CASE("a leader without room promotes nobody until it has some again, and no address is changed") {
  Cluster cluster;
  cluster.elect(1);
  cluster.tick_all(2);
  cluster.add_blank(4);
  cluster.hold<AppendAccepted>(4, 1);
  cluster.change(1, AddMember{cluster.member(4)});
  cluster.run();
  REQUIRE(cluster.core(1).membership().find(ServerId{4}) != nullptr);
  cluster.step(1, Room{.for_proposals = false, .for_entries = true});
  cluster.heal();
  const Index last = cluster.core(1).log().last();
  cluster.tick_all(40);
  CHECK(cluster.progress(1, 4).match() == last);
  CHECK_FALSE(cluster.core(1).membership().is_voter(ServerId{4}));
  Member moved = cluster.member(2);
  moved.addresses.client = "elsewhere";
  cluster.change(1, AddMember{moved});
  cluster.run();
  CHECK(cluster.server(1).changes_done.back().refusal == Refusal::disk_full);
  CHECK(cluster.core(1).log().last() == last);
  cluster.step(1, Room{});
  cluster.tick_all(20);
  CHECK(cluster.core(1).membership().is_voter(ServerId{4}));
  CHECK(cluster.is_converged());
}

TEST_CASE("a change of membership that is half done is ended also without room") {
  Cluster cluster;
  cluster.elect(1);
  cluster.tick_all(2);
  cluster.hold<AppendAccepted>(0, 1);
  const auto id = cluster.change(1, RemoveMember{node_name(ServerId{3})});
  cluster.run();
  REQUIRE(cluster.core(1).membership().is_joint());
  cluster.step(1, Room{.for_proposals = false, .for_entries = true});
  cluster.heal();
  cluster.tick_all(4);
  CHECK_FALSE(cluster.core(1).membership().is_joint());
  REQUIRE(cluster.server(1).changes_done.size() == 1);
  CHECK(cluster.server(1).changes_done[0].id == id);
  CHECK_FALSE(cluster.server(1).changes_done[0].refusal);
}

TEST_CASE("a follower without room leaves new entries alone, and the cluster goes on without it") {
  Cluster cluster;
  cluster.elect(1);
  cluster.step(3, no_room);
  const Index before = cluster.core(3).log().last();
  for (int i = 0; i < 5; ++i) cluster.propose(1, "a");
  cluster.run();
  CHECK(cluster.core(1).commit() == before + Count{5});
  CHECK(cluster.core(3).log().last() == before);
  CHECK(cluster.progress(1, 3).lacks_room());
  CHECK(cluster.core(3).leader() == ServerId{1});
}

TEST_CASE("a follower without room is sent no entries until it says that it has some again") {
  Cluster cluster;
  cluster.elect(1);
  cluster.step(3, no_room);
  cluster.propose(1, "a");
  cluster.run();
  (void)cluster.take_sent();
  for (int i = 0; i < 3; ++i) {
    cluster.propose(1, "b");
    cluster.tick_all(4);
  }
  for (const AppendRequest& request : said<AppendRequest>(cluster.take_sent(), 1, 3)) CHECK(request.entries.empty());
  cluster.step(3, Room{});
  cluster.tick_all(8);
  CHECK_FALSE(cluster.progress(1, 3).lacks_room());
  CHECK(cluster.is_converged());
}

TEST_CASE("a follower without room votes, hears of commits, and acknowledges what it has") {
  Cluster cluster;
  cluster.elect(1);
  cluster.hold<AppendAccepted>(3, 1);
  cluster.propose(1, "a");
  cluster.run();
  cluster.step(3, no_room);
  cluster.heal();
  cluster.tick_all(8);
  CHECK(cluster.progress(1, 3).match() == Index{4});
  CHECK(cluster.core(3).commit() == Index{4});
  cluster.crash(1);
  cluster.let_leader_be_forgotten(3);
  cluster.time_out(2);
  cluster.run();
  CHECK(cluster.core(2).role() == Role::leader);
}

TEST_CASE("an append replaces nothing at a follower without room") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(1);
  cluster.propose(1, "only here");
  cluster.run();
  const Index last = cluster.core(1).log().last();
  const Term term = cluster.core(1).term();
  cluster.step(1, no_room);
  cluster.elect(2);
  cluster.heal();
  cluster.tick_all(8);
  CHECK(cluster.core(1).leader() == ServerId{2});
  CHECK(cluster.core(1).log().last() == last);
  CHECK(cluster.core(1).log().term_at(last) == term);
  cluster.step(1, Room{});
  cluster.tick_all(8);
  CHECK(cluster.is_converged());
}

TEST_CASE("leadership goes to a follower that has room") {
  Cluster cluster;
  cluster.elect(1);
  cluster.step(2, no_room);
  cluster.propose(1, "a");
  cluster.run();
  cluster.step(1, TransferLeadership{});
  cluster.run();
  CHECK(cluster.core(3).role() == Role::leader);
}

TEST_CASE("a follower that has room again gets what it lacks, as an image if the leader has trimmed it meanwhile") {
  Cluster cluster;
  cluster.elect(1);
  cluster.step(3, Room{true, false});
  for (int i = 0; i < 10; ++i) cluster.propose(1, "x");
  cluster.run();
  REQUIRE(cluster.progress(1, 3).lacks_room());
  const Index last = cluster.core(1).log().last();
  cluster.trim(1, last);
  REQUIRE(cluster.core(1).log().start().index == last);
  for (int i = 0; i < 20; ++i) cluster.tick_all();
  CHECK(cluster.server(1).images_wanted.empty());
  SECTION("it says so") { cluster.step(3, Room{true, true}); }
  SECTION("its next life says so") {
    cluster.crash(3);
    cluster.restart(3);
  }
  for (int i = 0; i < 4; ++i) cluster.tick_all();
  REQUIRE(cluster.server(1).images_wanted.size() == 1);
  CHECK(cluster.server(1).images_wanted[0].peer == ServerId{3});
}

TEST_CASE("a voter whose disk takes no entries votes, and acknowledges none of them") {
  Cluster cluster;
  cluster.elect(1);
  cluster.server(3).holds_disk = true;
  cluster.propose(1, "a");
  cluster.run();
  cluster.step(3, no_room);
  REQUIRE(cluster.core(3).log().last() > cluster.core(3).stable());
  const Index stable = cluster.core(3).stable();
  cluster.isolate(1);
  cluster.let_leader_be_forgotten(3);
  cluster.let_leader_be_forgotten(2);
  cluster.time_out(2);
  cluster.run();
  CHECK(cluster.core(2).role() == Role::candidate);
  cluster.finish_hard_states(3);
  cluster.run();
  CHECK(cluster.core(2).role() == Role::leader);
  CHECK(cluster.core(3).durable_term() == cluster.core(2).term());
  cluster.tick_all(4);
  CHECK(cluster.core(3).stable() == stable);
  CHECK(cluster.progress(2, 3).match() <= stable);
  cluster.server(3).holds_disk = false;
  cluster.run();
  cluster.step(3, Room{});
  cluster.tick_all(8);
  CHECK(cluster.core(2).commit() == cluster.core(2).log().last());
}

TEST_CASE("a candidate whose disk takes no entries counts its own vote when that alone is on the disk") {
  Cluster cluster;
  cluster.elect(1);
  cluster.server(3).holds_disk = true;
  cluster.propose(1, "a");
  cluster.run();
  cluster.step(3, no_room);
  cluster.isolate(1);
  cluster.let_leader_be_forgotten(2);
  cluster.let_leader_be_forgotten(3);
  while (cluster.core(3).role() != Role::candidate) {
    cluster.tick(3);
    cluster.run();
  }
  cluster.finish_hard_states(3);
  cluster.run();
  CHECK(cluster.core(3).role() == Role::leader);
  CHECK(cluster.core(3).commit() < cluster.core(3).log().last());
}

TEST_CASE("who has no room for entries lets others campaign first") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Cluster cluster(Cluster::Shape{.adjust = [&](Options& options) { options.seed = seed * 10 + options.self.value; }});
    cluster.elect(1);
    cluster.step(3, no_room);
    cluster.tick_all(2);
    cluster.crash(1);
    while (cluster.core(2).role() != Role::leader && cluster.core(3).role() != Role::leader) cluster.tick_all();
    CHECK(cluster.core(2).role() == Role::leader);
  }
}
