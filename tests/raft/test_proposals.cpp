#include <catch2/catch.hpp>

#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

namespace {

constexpr std::size_t one_entry = entry_header_bytes + 1;

std::vector<Refusal> refusals(Cluster& cluster, std::uint64_t id) {
  std::vector<Refusal> refusals;
  for (const ProposalRefused& refused : cluster.server(id).proposals_refused) refusals.push_back(refused.refusal);
  return refusals;
}

}  // namespace

TEST_CASE("a follower forwards what is proposed to it, and hears of the commit at once") {
  Cluster cluster;
  cluster.elect(1);
  cluster.propose(2, "from afar");
  cluster.run();
  CHECK(cluster.core(1).commit() == Index{4});
  CHECK(cluster.server(2).applied.back().payload.view() == "from afar");
  CHECK(refusals(cluster, 2).empty());
}

TEST_CASE("a forwarding follower that is the slowest of all hears of the commit when it has caught up") {
  Cluster cluster;
  cluster.elect(1);
  cluster.hold<AppendRequest>(1, 2);
  cluster.propose(2, "one");
  cluster.propose(2, "two");
  cluster.run();
  REQUIRE(cluster.core(1).commit() == Index{5});
  // It acknowledges one, and then the other, long after both are committed.
  const auto appends = cluster.take(1, 2, kind_of<AppendRequest>);
  REQUIRE(appends.size() == 2);
  cluster.deliver(appends[0]);
  cluster.run();
  cluster.deliver(appends[1]);
  cluster.run();
  CHECK(cluster.core(2).commit() == Index{5});
}

TEST_CASE("a proposal that nobody leads is refused") {
  Cluster cluster;
  cluster.propose(2, "x");
  CHECK(refusals(cluster, 2) == std::vector{Refusal::no_leader});
  SECTION("also one that was forwarded to a server that leads no more") {
    cluster.elect(1);
    cluster.hold<ForwardedProposal>(2, 1);
    const std::uint64_t id = cluster.propose(2, "y");
    cluster.elect(3);
    cluster.heal();
    cluster.run();
    CHECK(cluster.server(2).proposals_refused.back() == ProposalRefused{id, Refusal::no_leader});
    CHECK(cluster.core(1).log().last() == Index{4});
  }
}

TEST_CASE("a leader bounds what is not committed, and takes more once it is") {
  Cluster cluster({.adjust = [](Options& options) { options.uncommitted_bytes = 4 * one_entry; }});
  cluster.elect(1);
  cluster.isolate(1);
  for (int i = 0; i < 6; ++i) cluster.propose(1, "x");
  CHECK(refusals(cluster, 1) == std::vector{Refusal::busy, Refusal::busy});
  cluster.heal();
  SECTION("also for those who forward") {
    cluster.propose(2, "y");
    cluster.hold<AppendAccepted>(0, 1);
    cluster.run();
    CHECK(refusals(cluster, 2) == std::vector{Refusal::busy});
    cluster.heal();
  }
  cluster.run();
  cluster.tick_all(6);
  CHECK(cluster.core(1).commit() == cluster.core(1).log().last());
  CHECK(cluster.leader_of(1).uncommitted_bytes == 0);
  cluster.propose(1, "x");
  CHECK(refusals(cluster, 1).size() == 2);
}

TEST_CASE("a proposal is taken whole or not at all, and one alone whatever its size") {
  Cluster cluster({.adjust = [](Options& options) { options.uncommitted_bytes = 4 * one_entry; }});
  cluster.elect(1);
  cluster.isolate(1);
  cluster.step(1, Propose{70, std::vector<SharedBytes>(9, SharedBytes("x"))});
  CHECK(cluster.core(1).log().last() == Index{12});
  cluster.step(1, Propose{71, std::vector<SharedBytes>(2, SharedBytes("x"))});
  CHECK(cluster.core(1).log().last() == Index{12});
  CHECK(refusals(cluster, 1) == std::vector{Refusal::busy});
}

TEST_CASE("a new leader counts what its predecessors left uncommitted") {
  Cluster cluster({.voters = 3, .adjust = [](Options& options) { options.uncommitted_bytes = 4 * one_entry; }});
  cluster.elect(1);
  cluster.hold<AppendAccepted>(0, 1);
  cluster.hold<Heartbeat>(1, 0);
  for (int i = 0; i < 4; ++i) cluster.propose(1, "x");
  cluster.run();
  cluster.crash(1);
  cluster.heal();
  cluster.hold<AppendAccepted>(0, 2);
  cluster.elect(2);
  CHECK(cluster.leader_of(2).uncommitted_bytes == 4 * one_entry + entry_header_bytes);
}

TEST_CASE("entries are handed over in order, and no more than apply has room for") {
  Cluster cluster({.voters = 1, .adjust = [](Options& options) { options.unapplied_bytes = 3 * one_entry; }});
  cluster.tick_all();
  cluster.server(1).holds_apply = true;
  for (int i = 0; i < 20; ++i) cluster.propose(1, "x");
  cluster.run();
  CHECK(cluster.core(1).commit() == Index{23});
  CHECK(cluster.core(1).handed_over() < Index{8});
  cluster.server(1).holds_apply = false;
  cluster.run();
  CHECK(cluster.core(1).applied() == Index{23});
}

TEST_CASE("a leader without its term's first entry committed takes proposals all the same") {
  Cluster cluster({.voters = 2});
  cluster.hold<AppendAccepted>(2, 1);
  cluster.elect(1);
  cluster.propose(1, "x");
  cluster.heal();
  cluster.run();
  CHECK(cluster.core(1).commit() == Index{4});
}

TEST_CASE("a leader puts the time into the log when it is asked to, and nobody else does") {
  Cluster cluster;
  cluster.elect(1);
  const Index before = cluster.core(1).log().last();
  cluster.step(1, ClockInput{{7'000'000, 1'000}});
  cluster.step(2, ProposeTime{});
  cluster.run();
  CHECK(cluster.core(1).log().last() == before);
  SECTION("it is committed like everything else, and has the clock's time") {
    cluster.step(1, ProposeTime{});
    cluster.run();
    cluster.tick_all(10);
    const Entry& entry = cluster.server(2).applied.back();
    CHECK(entry.index == before.next());
    CHECK(entry.kind == EntryKind::time);
    CHECK(entry.payload.empty());
    CHECK(entry.time.cluster_us > cluster.core(1).log().cached(before).time.cluster_us);
    CHECK(cluster.is_converged());
  }
  SECTION("not while it hands over") {
    cluster.hold<TimeoutNow>(1, 2);
    cluster.step(1, TransferLeadership{ServerId{2}});
    cluster.step(1, ProposeTime{});
    CHECK(cluster.core(1).log().last() == before);
  }
  SECTION("nor without room") {
    cluster.step(1, Room{.for_proposals = false, .for_entries = true});
    cluster.step(1, ProposeTime{});
    CHECK(cluster.core(1).log().last() == before);
  }
}
