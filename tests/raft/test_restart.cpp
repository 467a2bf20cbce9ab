#include <catch2/catch.hpp>

#include "common/base/chain.hpp"
#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

namespace {

ClusterId some_cluster() {
  ClusterId cluster;
  cluster.bytes[3] = 42;
  return cluster;
}

}  // namespace

TEST_CASE("an empty replica founds a cluster of one, with its settings as the first entry") {
  Cluster cluster({.voters = 0});
  cluster.add_blank(1, false);
  cluster.tick(1, 50);
  CHECK(cluster.core(1).role() == Role::follower);
  cluster.step(1, Found{some_cluster(), SharedBytes("the settings"), cluster.member(1)});
  cluster.tick_all(2);
  CHECK(cluster.core(1).role() == Role::leader);
  CHECK(cluster.core(1).cluster() == some_cluster());
  CHECK(cluster.server(1).disk.cluster() == some_cluster());
  REQUIRE(cluster.server(1).applied.size() == 3);
  CHECK(cluster.server(1).applied[0].kind == EntryKind::settings);
  CHECK(cluster.server(1).applied[0].payload.view() == "the settings");
  CHECK(cluster.server(1).applied[1].kind == EntryKind::membership);
  SECTION("and takes another in") {
    cluster.add_blank(2, false);
    cluster.step(2, Adopt{some_cluster()});
    cluster.change(1, AddMember{cluster.member(2)});
    cluster.tick_all(8);
    CHECK(describe(cluster.core(2).membership()) == "voters n1 n2, leaving half -, learners -, loggers -");
    CHECK(cluster.is_converged());
  }
  SECTION("and does not found another") {
    ClusterId other = some_cluster();
    other.bytes[0] = 9;
    cluster.step(1, Found{other, SharedBytes("x"), cluster.member(1)});
    cluster.step(1, Adopt{other});
    cluster.run();
    CHECK(cluster.core(1).cluster() == some_cluster());
    CHECK(cluster.core(1).log().last() == Index{3});
  }
}

TEST_CASE("a founding that did not reach the disk never was") {
  Cluster cluster({.voters = 0});
  cluster.add_blank(1, false);
  cluster.server(1).holds_disk = true;
  cluster.step(1, Found{some_cluster(), SharedBytes("x"), cluster.member(1)});
  cluster.tick_all(5);
  cluster.crash(1);
  cluster.restart(1);
  CHECK(cluster.core(1).cluster().is_nil());
  CHECK(cluster.core(1).log().last() == Index{0});
}

TEST_CASE("a replica without a cluster hears nothing, and can found one whatever was said to it") {
  Cluster cluster({.voters = 0});
  cluster.add_blank(1, false);
  cluster.deliver(words(2, 1, 9, VoteRequest{Index{9}, Term{9}, false}));
  cluster.deliver(words(2, 1, 9, append(0, 0, 0, {command(1, 9)})));
  cluster.deliver(words(2, 1, 9, Heartbeat{Index{7}, 3}));
  cluster.run();
  CHECK(cluster.take_sent().empty());
  CHECK(cluster.core(1).hard_state() == HardState{});
  cluster.step(1, Found{some_cluster(), SharedBytes("x"), cluster.member(1)});
  cluster.tick_all(2);
  CHECK(cluster.core(1).role() == Role::leader);
}

TEST_CASE("a joiner without a membership never campaigns") {
  Cluster cluster({.voters = 0});
  cluster.add_blank(1);
  cluster.tick(1, 500);
  cluster.run();
  CHECK(cluster.core(1).role() == Role::follower);
  CHECK(cluster.core(1).term() == Term{0});
  CHECK(cluster.take_sent().empty());
  SECTION("nor after a restart") {
    cluster.crash(1);
    cluster.restart(1);
    CHECK_FALSE(cluster.core(1).cluster().is_nil());
    cluster.tick(1, 500);
    CHECK(cluster.take_sent().empty());
  }
}

TEST_CASE("a restarted replica applies again what its application does not have, and nothing twice") {
  Cluster cluster({.adjust = [](Options& options) { options.append_bytes = 3 * (entry_header_bytes + 1); }});
  cluster.elect(1);
  for (int i = 0; i < 20; ++i) cluster.propose(1, "x");
  cluster.run();
  cluster.tick_all(4);
  REQUIRE(cluster.server(2).applied.size() == 23);
  // The hint on disk is as old as the last write.
  cluster.propose(1, "y");
  cluster.run();
  cluster.crash(2);
  for (const std::uint64_t applied : {0u, 7u, 20u}) {
    DYNAMIC_SECTION("its application has " << applied) {
      cluster.restart(2, Index{applied});
      CHECK(cluster.core(2).applied() == Index{applied});
      CHECK(cluster.core(2).commit() >= Index{20});
      cluster.collect(2);
      cluster.tick_all(6);
      CHECK(cluster.server(2).applied.size() == 24);
      CHECK(cluster.is_converged());
    }
  }
}

TEST_CASE("entries are read for apply only as far as the disk has confirmed them") {
  Cluster cluster({.voters = 3});
  cluster.elect(1);
  for (int i = 0; i < 5; ++i) cluster.propose(1, "x");
  cluster.run();
  cluster.tick_all(4);
  cluster.propose(1, "y");
  cluster.run();
  cluster.crash(2);
  cluster.propose(1, "z");
  cluster.run();
  cluster.restart(2);
  cluster.server(2).holds_disk = true;
  cluster.server(2).holds_reads = true;
  // An append with its commit arrives together with the start.
  const Index last = cluster.core(2).log().last();
  cluster.step(2, words(1, 2, 2, append(last.value, 2, last.value + 1, {cluster.core(1).log().cached(last.next())})));
  REQUIRE(cluster.core(2).commit() == last.next());
  REQUIRE(cluster.server(2).wanted.size() == 1);
  CHECK(cluster.server(2).wanted.front().to <= cluster.core(2).stable());
}

TEST_CASE("a replica alone leads again at its first tick after a restart") {
  Cluster cluster({.voters = 1});
  cluster.tick_all();
  cluster.propose(1, "x");
  cluster.run();
  cluster.crash(1);
  cluster.restart(1);
  cluster.tick_all();
  CHECK(cluster.core(1).role() == Role::leader);
  CHECK(cluster.core(1).term() == Term{3});
  CHECK(cluster.is_converged());
}

TEST_CASE("everyone restarts, and everything that was committed is still there") {
  Cluster cluster;
  cluster.elect(1);
  for (int i = 0; i < 5; ++i) cluster.propose(1, "x");
  cluster.run();
  const Digest digest = cluster.core(1).log().last_digest();
  for (const auto id : cluster.ids()) cluster.crash(id);
  for (const auto id : cluster.ids()) cluster.restart(id);
  cluster.elect(2);
  cluster.tick_all(4);
  CHECK(cluster.is_converged());
  CHECK(digest_at(cluster.core(2), Index{8}) == digest);
}

TEST_CASE("the same inputs give the same outputs") {
  const auto story = [] {
    std::string told;
    Cluster cluster({.voters = 5});
    cluster.narrate = [&told](const std::string& line) { told += line + "\n"; };
    cluster.tick_all(40);
    for (int i = 0; i < 5; ++i) cluster.propose(1 + static_cast<std::uint64_t>(i), "x");
    cluster.run();
    cluster.crash(3);
    cluster.tick_all(40);
    return told;
  };
  const std::string once = story();
  CHECK(once.size() > 1000);
  CHECK(once == story());
}

TEST_CASE("a state that was recovered founds a new cluster, whose log goes on behind it") {
  Options options;
  options.self = ServerId{1};
  Restored restored;
  restored.start = {Index{50}, Term{7}, blake2b("as of entry 50"), {900, 901}};
  restored.last = Index{50};
  restored.last_digest = restored.start.digest;
  restored.commit = restored.applied = Index{50};
  restored.hard_state = {Term{7}, nobody};
  Core core(options, restored);
  const Member self{ServerId{1}, node_name(ServerId{1}), {"r", "c", "", ""}, true};
  core.step(Found{some_cluster(), SharedBytes("settings that it has"), self});
  Output output = core.take_output();
  REQUIRE(output.persist);
  CHECK(output.persist->adopt == some_cluster());
  CHECK(output.persist->hard_state == HardState{Term{8}, ServerId{1}});
  REQUIRE(output.persist->entries.size() == 1);
  CHECK(output.persist->entries[0].index == Index{51});
  CHECK(output.persist->entries[0].kind == EntryKind::membership);
  CHECK(output.persist->entries[0].digest == chain_next(restored.start.digest, output.persist->entries[0]));
  core.step(Persisted{output.persist->sequence});
  for (int tick = 0; tick < 3; ++tick) core.step(Tick{});
  output = core.take_output();
  REQUIRE(output.persist);
  core.step(Persisted{output.persist->sequence});
  CHECK(core.role() == Role::leader);
  ClusterId other = some_cluster();
  other.bytes[0] = 9;
  core.step(Found{other, {}, self});
  CHECK(core.cluster() == some_cluster());
}
