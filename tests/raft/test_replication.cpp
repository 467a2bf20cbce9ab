#include <catch2/catch.hpp>

#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

namespace {

constexpr std::size_t one_entry = entry_header_bytes + 1;

/// A follower whose log ends in entries that nobody else has: one of each of the terms from 2 to `terms` + 1.
void give_divergent_tail(Cluster& cluster, std::uint64_t id, std::uint64_t terms) {
  std::vector<Entry> entries;
  for (std::uint64_t i = 0; i < terms; ++i) entries.push_back(command(3 + i, 2 + i, "lost"));
  cluster.isolate(id);
  cluster.deliver(words(2, id, 1 + terms, append(2, 1, 2, entries)));
  cluster.run();
  cluster.heal();
}

}  // namespace

TEST_CASE("a command is committed by a majority and applied by all") {
  Cluster cluster;
  cluster.elect(1);
  cluster.propose(1, "a");
  cluster.run();
  CHECK(cluster.core(1).commit() == Index{4});
  cluster.tick_all(2);
  for (const auto id : cluster.ids()) {
    REQUIRE(cluster.server(id).applied.size() == 4);
    CHECK(cluster.server(id).applied.back().payload.view() == "a");
  }
  CHECK(cluster.is_converged());
}

TEST_CASE("a majority is one of all members, so that three go on without any one and five without any two") {
  for (const std::uint64_t voters : {3u, 5u}) {
    for (std::uint64_t gone = 2; gone <= voters; ++gone) {
      Cluster cluster({.voters = voters});
      cluster.elect(1);
      const Index before = cluster.core(1).commit();
      for (std::uint64_t more = 0; more < voters / 2; ++more) cluster.isolate(2 + (gone - 2 + more) % (voters - 1));
      cluster.propose(1, "a");
      cluster.run();
      CHECK(cluster.core(1).commit() == before.next());
    }
  }
}

TEST_CASE("a new leader probes with one append, and pipelines once it is answered") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(2);
  (void)cluster.take_sent();
  cluster.step(1, Unreachable{ServerId{2}});
  cluster.propose(1, "a");
  cluster.propose(1, "b");
  cluster.run();
  CHECK(said<AppendRequest>(cluster.take_sent(), 1, 2).size() == 1);
  CHECK(cluster.progress(1, 2).state() == Progress::State::probe);
  cluster.heal();
  cluster.tick_all(2);
  CHECK(cluster.progress(1, 2).state() == Progress::State::replicate);
  CHECK(cluster.progress(1, 2).match() == Index{5});
  (void)cluster.take_sent();
  cluster.hold<AppendAccepted>(2, 1);
  for (int i = 0; i < 5; ++i) cluster.propose(1, "c");
  CHECK(said<AppendRequest>(cluster.take_sent(), 1, 2).size() == 5);
}

TEST_CASE("the window to one peer is bounded in messages") {
  Cluster cluster({.adjust = [](Options& options) { options.inflight_appends = 3; }});
  cluster.elect(1);
  cluster.hold<AppendAccepted>(2, 1);
  (void)cluster.take_sent();
  for (int i = 0; i < 10; ++i) cluster.propose(1, "x");
  cluster.run();
  const auto sent = cluster.take_sent();
  CHECK(said<AppendRequest>(sent, 1, 2).size() == 3);
  CHECK(cluster.progress(1, 3).match() == Index{13});
  cluster.heal();
  cluster.run();
  CHECK(cluster.progress(1, 2).match() == cluster.core(1).log().last());
}

TEST_CASE("the window to one peer is bounded in bytes") {
  Cluster cluster({.adjust = [](Options& options) {
    options.append_bytes = 2 * one_entry;
    options.inflight_bytes = 4 * one_entry;
  }});
  cluster.elect(1);
  cluster.hold<AppendAccepted>(2, 1);
  (void)cluster.take_sent();
  cluster.step(1, Propose{1, std::vector<SharedBytes>(10, SharedBytes("x"))});
  cluster.run();
  const auto appends = said<AppendRequest>(cluster.take_sent(), 1, 2);
  REQUIRE(appends.size() == 2);
  for (const AppendRequest& request : appends) CHECK(request.entries.size() == 2);
  cluster.heal();
  cluster.run();
  CHECK(cluster.progress(1, 2).match() == cluster.core(1).log().last());
}

TEST_CASE("an entry larger than an append travels alone") {
  Cluster cluster({.adjust = [](Options& options) { options.append_bytes = 10; }});
  cluster.elect(1);
  (void)cluster.take_sent();
  cluster.step(1, Propose{1, {SharedBytes("long enough"), SharedBytes("long enough too")}});
  cluster.run();
  for (const AppendRequest& request : said<AppendRequest>(cluster.take_sent(), 1, 2))
    CHECK(request.entries.size() <= 1);
  CHECK(cluster.progress(1, 2).match() == Index{5});
}

TEST_CASE("a conflict is backed up by terms, not by entries") {
  Cluster cluster;
  // Server 3 has forty entries of forty terms; the others have forty of one term.
  give_divergent_tail(cluster, 3, 40);
  cluster.isolate(3);
  cluster.deliver(words(3, 1, 50, HeartbeatReply{0}));
  cluster.deliver(words(3, 2, 50, HeartbeatReply{0}));
  cluster.run();
  cluster.elect(1);
  for (int i = 0; i < 40; ++i) cluster.propose(1, "x");
  cluster.run();
  cluster.heal();
  (void)cluster.take_sent();
  cluster.tick_all(2);
  CHECK(said<AppendRejected>(cluster.take_sent(), 3, 1).size() <= 2);
  CHECK(cluster.core(3).log().last_digest() == cluster.core(1).log().last_digest());
}

TEST_CASE("a follower that is behind by many terms is found in few steps") {
  Cluster cluster({.voters = 5});
  for (int i = 0; i < 6; ++i) {
    cluster.heal();
    cluster.isolate(3);
    cluster.elect(i % 2 == 0 ? 1 : 2);
    for (int k = 0; k < 5; ++k) cluster.propose(i % 2 == 0 ? 1 : 2, "x");
    cluster.run();
  }
  cluster.heal();
  (void)cluster.take_sent();
  cluster.tick_all(4);
  CHECK(said<AppendRejected>(cluster.take_sent(), 3, 2).size() == 1);
  CHECK(cluster.is_converged());
}

TEST_CASE("a lost append is noticed at the heartbeats and repaired") {
  Cluster cluster;
  cluster.elect(1);
  cluster.drop<AppendRequest>(1, 2);
  cluster.propose(1, "a");
  cluster.run();
  cluster.heal();
  REQUIRE(cluster.core(2).log().last() == Index{3});
  cluster.tick_all(6);
  CHECK(cluster.is_converged());
}

TEST_CASE("a lost append before others that arrive is repaired at once") {
  Cluster cluster;
  cluster.elect(1);
  cluster.drop<AppendRequest>(1, 2);
  cluster.propose(1, "a");
  cluster.heal();
  cluster.propose(1, "b");
  cluster.run();
  CHECK(cluster.core(2).log().last_digest() == cluster.core(1).log().last_digest());
}

TEST_CASE("a lost acknowledgement is repaired after a heartbeat") {
  Cluster cluster({.voters = 2});
  cluster.elect(1);
  cluster.drop<AppendAccepted>(2, 1);
  cluster.propose(1, "a");
  cluster.run();
  cluster.heal();
  REQUIRE(cluster.core(1).commit() == Index{3});
  cluster.tick_all(6);
  CHECK(cluster.core(1).commit() == Index{4});
}

TEST_CASE("a lost probe is sent again after a heartbeat") {
  Cluster cluster({.voters = 2});
  cluster.drop<AppendRequest>(1, 2);
  cluster.elect(1);
  cluster.heal();
  cluster.tick_all(2);
  CHECK(cluster.core(1).commit() == Index{3});
}

TEST_CASE("the answer to a heartbeat from before a probe does not send the probe again") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(3);
  for (int i = 0; i < 3; ++i) cluster.propose(1, "a");
  cluster.run();
  cluster.heal();
  cluster.let_leader_be_forgotten(3);
  (void)cluster.take_sent();
  // Server 3 refuses the first append of the new leader, which then sends all that it lacks; only then it hears the
  // answer to the heartbeat that it sent along with the first.
  cluster.elect(2);
  std::size_t with_entries = 0;
  for (const AppendRequest& request : said<AppendRequest>(cluster.take_sent(), 2, 3)) {
    if (request.previous_index == Index{3}) with_entries += request.entries.size();
  }
  CHECK(with_entries == 4);
  SECTION("if it is lost, the next one does") {
    cluster.isolate(3);
    for (int i = 0; i < 3; ++i) cluster.propose(2, "b");
    cluster.run();
    cluster.heal();
    cluster.step(2, Unreachable{ServerId{3}});
    (void)cluster.take(2, 3);
    cluster.tick_all(2);
    CHECK(cluster.is_converged());
  }
}

TEST_CASE("what was sent to a peer that the transport lost is sent again from what it acknowledged") {
  Cluster cluster;
  cluster.elect(1);
  cluster.drop<AppendRequest>(1, 2);
  cluster.propose(1, "a");
  cluster.propose(1, "b");
  cluster.heal();
  cluster.step(1, Unreachable{ServerId{2}});
  cluster.run();
  CHECK(cluster.progress(1, 2).match() == Index{5});
  SECTION("and it is never taken for a difference of the logs") {
    CHECK(said<AppendRejected>(cluster.take_sent()).empty());
  }
}

TEST_CASE("a probe of a peer that cannot be reached stays where it is") {
  Cluster cluster({.voters = 5});
  cluster.elect(1);
  for (int i = 0; i < 5; ++i) cluster.propose(1, "x"), cluster.run();
  cluster.tick_all(2);
  cluster.isolate(5);
  cluster.elect(2);
  const Index next = cluster.progress(2, 5).next();
  REQUIRE(cluster.progress(2, 5).state() == Progress::State::probe);
  REQUIRE(next > Index{5});
  for (int i = 0; i < 3; ++i) {
    cluster.step(2, Unreachable{ServerId{5}});
    cluster.tick_all(2);
  }
  CHECK(cluster.progress(2, 5).next() == next);
}

TEST_CASE("appends that arrive late, twice and in disorder leave the logs equal") {
  Cluster cluster;
  cluster.elect(1);
  cluster.hold<AppendRequest>(1, 2);
  for (int i = 0; i < 6; ++i) cluster.propose(1, "x");
  cluster.run();
  std::vector<Message> appends = cluster.take(1, 2, kind_of<AppendRequest>);
  REQUIRE(appends.size() == 6);
  for (int round = 0; round < 2; ++round) {
    for (const std::size_t at : {3u, 1u, 5u, 0u, 2u, 4u, 0u}) cluster.deliver(appends[at]);
  }
  cluster.heal();
  cluster.run();
  cluster.tick_all(4);
  CHECK(cluster.is_converged());
}

TEST_CASE("answers of an earlier term are ignored") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(1);
  cluster.propose(1, "a");
  cluster.finish_writes(1);
  cluster.deliver(words(2, 1, 1, AppendAccepted{Index{4}}));
  CHECK(cluster.core(1).commit() == Index{3});
  CHECK(cluster.progress(1, 2).match() == Index{3});
  cluster.deliver(words(2, 1, 2, AppendAccepted{Index{99}}));
  CHECK(cluster.progress(1, 2).match() == Index{3});
  cluster.deliver(words(9, 1, 2, AppendAccepted{Index{4}}));
  CHECK(cluster.core(1).commit() == Index{3});
}

TEST_CASE("copies at those who do not vote commit nothing") {
  Cluster cluster({.voters = 3, .loggers = 3});
  cluster.elect(1);
  cluster.partition({1, 4, 5, 6}, {2, 3});
  cluster.propose(1, "a");
  cluster.tick_all(2);
  // They are not sent it, so that they acknowledge it is the worst that can be.
  for (const std::uint64_t logger : {4, 5, 6}) cluster.deliver(words(logger, 1, 2, AppendAccepted{Index{4}}));
  CHECK(cluster.progress(1, 4).match() == Index{4});
  CHECK(cluster.progress(1, 6).match() == Index{4});
  CHECK(cluster.core(1).commit() == Index{3});
}

TEST_CASE("a logger is sent what is committed, and nothing else") {
  Cluster cluster({.voters = 3, .loggers = 1});
  cluster.elect(1);
  cluster.partition({1, 4}, {2, 3});
  cluster.propose(1, "a");
  cluster.tick_all(2);
  CHECK(cluster.core(1).log().last() == Index{4});
  CHECK(cluster.core(4).log().last() == Index{3});
  cluster.heal();
  cluster.tick_all(6);
  CHECK(cluster.core(1).commit() == Index{4});
  CHECK(cluster.core(4).log().last() == Index{4});
  CHECK(cluster.core(4).commit() == Index{4});
}

TEST_CASE("a logger is sent what a tick has brought at once, and much of it before that") {
  Cluster cluster({.voters = 3, .loggers = 1, .adjust = [](Options& options) { options.logger_append_entries = 5; }});
  cluster.elect(1);
  cluster.tick_all(6);
  const Index before = cluster.core(1).commit();
  REQUIRE(cluster.progress(1, 4).match() == before);
  for (const std::string command : {"a", "b", "c", "d"}) cluster.propose(1, command);
  cluster.run();
  CHECK(cluster.core(1).commit() == before + Count{4});
  CHECK(cluster.core(4).log().last() == before);
  SECTION("a tick passes") {
    cluster.tick(1);
    cluster.run();
    CHECK(cluster.core(4).log().last() == before + Count{4});
  }
  SECTION("one more is committed") {
    cluster.propose(1, "e");
    cluster.run();
    CHECK(cluster.core(4).log().last() == before + Count{5});
  }
}

TEST_CASE("figure 8: an entry of an earlier term is not committed by counting its copies") {
  Cluster cluster({.voters = 5});
  cluster.elect(1);
  // (a) Server 1 leads in term 2 and gives its entry 4 to server 2 alone.
  cluster.partition({1, 2}, {3, 4, 5});
  cluster.propose(1, "of term 2");
  cluster.run();
  // (b) Server 5 leads in term 3 with the votes of 3 and 4, and has an entry of its own at 4.
  cluster.heal();
  cluster.partition({1, 2}, {3, 4, 5});
  cluster.drop<AppendRequest>(5, 0);
  cluster.elect(5);
  REQUIRE(cluster.core(5).log().term_at(Index{4}) == Term{3});
  // (c) It crashes; server 1 leads again, in term 4, and its old entry reaches a majority, but nothing of its own term
  // does.
  cluster.crash(5);
  cluster.heal();
  cluster.deliver(words(3, 1, 3, HeartbeatReply{0}));
  cluster.run();
  cluster.hold<AppendRequest>(1, 0);
  cluster.isolate(4);
  cluster.elect(1);
  REQUIRE(cluster.core(1).term() > Term{3});
  const std::uint64_t term = cluster.core(1).term().value;
  cluster.deliver(words(1, 2, term, append(3, 2, 3, {command(4, 2, "of term 2")})));
  cluster.deliver(words(1, 3, term, append(3, 2, 3, {command(4, 2, "of term 2")})));
  cluster.run();
  CHECK(cluster.progress(1, 2).match() == Index{4});
  CHECK(cluster.progress(1, 3).match() == Index{4});
  CHECK(cluster.core(1).commit() == Index{3});

  SECTION("(d) server 5 may still replace it everywhere") {
    cluster.crash(1);
    (void)cluster.take(1, 0);
    cluster.heal();
    cluster.restart(5);
    for (int i = 0; i < 20 && cluster.core(5).role() != Role::leader; ++i) {
      for (const std::uint64_t id : {2u, 3u, 4u}) cluster.let_leader_be_forgotten(id);
      cluster.time_out(5);
      cluster.run();
    }
    REQUIRE(cluster.core(5).role() == Role::leader);
    cluster.restart(1);
    cluster.tick_all(6);
    CHECK(cluster.core(1).log().term_at(Index{4}) == Term{3});
  }
  SECTION("(e) with an entry of its own term on a majority both are committed, and server 5 cannot win") {
    cluster.heal();
    cluster.isolate(4);
    cluster.run();
    cluster.tick_all(4);
    CHECK(cluster.core(1).commit() == Index{5});
    cluster.crash(1);
    cluster.restart(5);
    cluster.heal();
    for (int i = 0; i < 5; ++i) {
      for (const std::uint64_t id : {2u, 3u, 4u}) cluster.let_leader_be_forgotten(id);
      cluster.time_out(5);
      cluster.run();
      CHECK(cluster.core(5).role() != Role::leader);
    }
  }
}

TEST_CASE("a follower is told to commit no more than it has acknowledged") {
  Cluster cluster;
  cluster.elect(1);
  cluster.drop<AppendRequest>(1, 2);
  cluster.propose(1, "a");
  cluster.run();
  REQUIRE(cluster.core(1).commit() == Index{4});
  (void)cluster.take_sent();
  cluster.tick(1, 2);
  CHECK(said<Heartbeat>(cluster.take_sent(), 1, 2).front().commit == Index{3});
}

TEST_CASE("a follower below what the leader keeps in memory gets its entries from the leader's disk") {
  Cluster cluster({.adjust = [](Options& options) {
    options.entry_cache_bytes = 4 * one_entry;
    options.append_bytes = 5 * one_entry;
  }});
  cluster.elect(1);
  cluster.isolate(3);
  for (int i = 0; i < 40; ++i) cluster.propose(1, "x"), cluster.run();
  REQUIRE_FALSE(cluster.core(1).log().is_cached(Index{10}));
  cluster.server(1).entries_asked = 0;
  cluster.heal();
  cluster.server(1).holds_reads = true;
  cluster.tick_all(4);
  CHECK(cluster.server(1).entries_asked == 1);
  cluster.server(1).holds_reads = false;
  cluster.tick_all(4);
  CHECK(cluster.server(1).entries_asked >= 7);
  CHECK(cluster.is_converged());
}

TEST_CASE("entries read for a peer that has moved on, or for a leadership that is over, are not sent") {
  Cluster cluster({.adjust = [](Options& options) { options.entry_cache_bytes = one_entry; }});
  cluster.elect(1);
  cluster.isolate(3);
  for (int i = 0; i < 10; ++i) cluster.propose(1, "x"), cluster.run();
  cluster.server(1).holds_reads = true;
  cluster.heal();
  cluster.tick_all(2);
  REQUIRE(cluster.server(1).wanted.size() == 1);
  (void)cluster.take_sent();
  SECTION("another term") {
    cluster.server(1).wanted.front().term = Term{1};
    cluster.serve_wanted(1);
  }
  SECTION("another leader") {
    cluster.deliver(words(2, 1, 9, HeartbeatReply{0}));
    cluster.serve_wanted(1);
  }
  SECTION("another position") {
    cluster.deliver(words(3, 1, 2, AppendAccepted{Index{6}}));
    (void)cluster.take_sent();
    cluster.step(
        1, EntriesRead{ServerId{3}, Term{2}, Index{4}, cluster.server(1).disk.read(Index{4}, Index{5}, SIZE_MAX)});
  }
  CHECK(said<AppendRequest>(cluster.take_sent(), 1, 3).empty());
}

TEST_CASE("entries are read from the disk only as far as the disk has confirmed them") {
  Cluster cluster({.adjust = [](Options& options) { options.entry_cache_bytes = one_entry; }});
  cluster.elect(1);
  cluster.isolate(3);
  for (int i = 0; i < 10; ++i) cluster.propose(1, "x"), cluster.run();
  cluster.server(1).holds_disk = true;
  cluster.server(1).holds_reads = true;
  cluster.propose(1, "still being written");
  cluster.heal();
  cluster.tick_all(2);
  REQUIRE(cluster.server(1).wanted.size() == 1);
  CHECK(cluster.server(1).wanted.front().to == cluster.core(1).stable());
}

TEST_CASE("cluster time never goes back, whoever leads and whatever the clocks say") {
  Cluster cluster;
  const auto clock = [&cluster](std::uint64_t id, std::uint64_t monotonic, std::uint64_t wall) {
    cluster.step(id, ClockInput{{monotonic, wall}});
  };
  clock(1, 5000, 900);
  cluster.elect(1);
  clock(1, 5700, 950);
  cluster.propose(1, "a");
  cluster.run();
  const auto time_of = [&cluster](std::uint64_t id, std::uint64_t index) {
    return cluster.core(id).log().cached(Index{index}).time;
  };
  CHECK(time_of(1, 3) == EntryTime{0, 900});
  CHECK(time_of(1, 4) == EntryTime{700, 950});
  clock(1, 5100, 10);
  cluster.propose(1, "a clock that jumps back");
  cluster.run();
  CHECK(time_of(1, 5) == EntryTime{700, 10});
  // The next leader's clock counts from elsewhere.
  clock(2, 3, 7);
  cluster.elect(2);
  clock(2, 53, 8);
  cluster.propose(2, "b");
  cluster.run();
  CHECK(time_of(2, 6) == EntryTime{700, 7});
  CHECK(time_of(2, 7) == EntryTime{750, 8});
}

TEST_CASE("cluster time goes on behind an image with nothing after it") {
  Cluster cluster({.voters = 1});
  cluster.step(1, ClockInput{{100, 0}});
  cluster.tick_all();
  cluster.step(1, ClockInput{{900, 0}});
  cluster.propose(1, "a");
  cluster.run();
  cluster.crash(1);
  const Index last = cluster.server(1).storable;
  cluster.server(1).disk.write({99, std::nullopt, std::nullopt, std::nullopt, {}, last});
  cluster.server(1).disk.trim(last);
  cluster.restart(1, last);
  cluster.tick_all();
  REQUIRE(cluster.core(1).role() == Role::leader);
  CHECK(cluster.core(1).log().cached(cluster.core(1).log().last()).time.cluster_us == 800);
}

TEST_CASE("a heartbeat that a follower answered late does not confirm more than was begun") {
  Cluster cluster;
  cluster.elect(1);
  cluster.deliver(words(2, 1, 2, HeartbeatReply{99}));
  CHECK(cluster.progress(1, 2).acked_round == cluster.leader_of(1).round);
}

TEST_CASE("answers with numbers at the end of all numbers harm nobody") {
  Cluster cluster;
  cluster.elect(1);
  cluster.deliver(words(2, 1, 2, AppendRejected{Index{UINT64_MAX}, Index{UINT64_MAX}, Term{UINT64_MAX}}));
  cluster.deliver(words(2, 1, 2, AppendAccepted{Index{UINT64_MAX}}));
  cluster.deliver(words(2, 1, 2, HeartbeatReply{UINT64_MAX}));
  cluster.run();
  cluster.tick_all(4);
  CHECK(cluster.is_converged());
}
