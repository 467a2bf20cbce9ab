// Thesis chapter 5: a peer that needs what the log no longer has gets an image of the state.
#include <catch2/catch.hpp>

#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using namespace parley::raft::harness;

namespace {

/// Server 1 leads, server 3 has missed ten entries, and the log of 1 begins behind them but for the last two.
void let_one_fall_behind(Cluster& cluster) {
  cluster.elect(1);
  cluster.isolate(3);
  for (int i = 0; i < 10; ++i) cluster.propose(1, "x"), cluster.run();
  cluster.trim(1, cluster.core(1).commit() - Count{2});
  cluster.heal();
  cluster.tick_all(4);
}

}  // namespace

TEST_CASE("a peer that needs what was trimmed is wanted an image for, once") {
  Cluster cluster;
  let_one_fall_behind(cluster);
  REQUIRE(cluster.server(1).images_wanted.size() == 1);
  CHECK(cluster.server(1).images_wanted[0].peer == ServerId{3});
  CHECK(cluster.progress(1, 3).state() == Progress::State::image);
  for (int i = 0; i < 5; ++i) cluster.propose(1, "y");
  cluster.step(1, Unreachable{ServerId{3}});
  cluster.tick_all(30);
  CHECK(cluster.server(1).images_wanted.size() == 1);
  CHECK(cluster.core(1).role() == Role::leader);
  CHECK(cluster.core(1).commit() == cluster.core(1).log().last());
}

TEST_CASE("behind an image the log goes on") {
  Cluster cluster;
  let_one_fall_behind(cluster);
  const Index at = cluster.core(1).applied();
  cluster.receive_image(1, 3);
  cluster.run();
  CHECK(cluster.core(3).log().start().index == at);
  CHECK(cluster.core(3).commit() == at);
  CHECK(cluster.core(3).stable() == at);
  for (int i = 0; i < 5; ++i) cluster.propose(1, "y");
  cluster.step(1, ImageSent{ServerId{3}, at});
  cluster.tick_all(4);
  CHECK(cluster.is_converged());
  CHECK(cluster.server(1).images_wanted.size() == 1);
  SECTION("and over a restart") {
    cluster.crash(3);
    cluster.restart(3, at);
    cluster.tick_all(6);
    CHECK(cluster.is_converged());
  }
}

TEST_CASE("an image that was given up is wanted again only when the peer has answered a heartbeat") {
  Cluster cluster;
  let_one_fall_behind(cluster);
  cluster.step(1, ImageSent{ServerId{3}, std::nullopt});
  cluster.propose(1, "y");
  cluster.run();
  CHECK(cluster.server(1).images_wanted.size() == 1);
  cluster.tick_all(4);
  CHECK(cluster.server(1).images_wanted.size() == 2);
}

TEST_CASE("a peer that can keep no image is sent one less and less often, until it has got on or was lost") {
  Cluster cluster(Cluster::Shape{.adjust = [](Options& options) { options.image_pause_ticks = 35; }});
  let_one_fall_behind(cluster);
  const auto& wanted = cluster.server(1).images_wanted;
  const auto ticks_to_next = [&] {
    const std::size_t before = wanted.size();
    cluster.step(1, ImageSent{ServerId{3}, std::nullopt});
    int ticks = 0;
    for (; wanted.size() == before && ticks < 200; ++ticks) cluster.tick_all();
    return ticks;
  };
  const int at_once = ticks_to_next();
  CHECK(at_once <= 4);
  CHECK(ticks_to_next() >= 10);
  CHECK(ticks_to_next() >= 20);
  for (int i = 0; i < 3; ++i) {
    const int longest = ticks_to_next();
    CHECK(longest >= 35);
    CHECK(longest <= 35 + at_once);
  }
  SECTION("lost") {
    cluster.step(1, ImageSent{ServerId{3}, std::nullopt});
    cluster.step(1, Unreachable{ServerId{3}});
    cluster.tick_all(4);
    CHECK(wanted.size() == 8);
  }
  SECTION("got on") {
    cluster.receive_image(1, 3);
    cluster.step(1, ImageSent{ServerId{3}, std::nullopt});
    cluster.tick_all(4);
    REQUIRE(cluster.is_converged());
    cluster.isolate(3);
    for (int i = 0; i < 10; ++i) cluster.propose(1, "y"), cluster.run();
    cluster.trim(1, cluster.core(1).commit() - Count{2});
    cluster.heal();
    cluster.tick_all(8);
    REQUIRE(wanted.size() == 8);
    CHECK(ticks_to_next() <= at_once);
  }
}

TEST_CASE("a peer whose image has landed, though its sender gave it up, needs no other") {
  Cluster cluster;
  let_one_fall_behind(cluster);
  cluster.receive_image(1, 3);
  cluster.run();
  REQUIRE(cluster.core(3).commit() == cluster.core(1).commit());
  cluster.step(1, ImageSent{ServerId{3}, std::nullopt});
  cluster.tick_all(4);
  CHECK(cluster.server(1).images_wanted.size() == 1);
  CHECK(cluster.progress(1, 3).match() == cluster.core(1).log().last());
  SECTION("and the cluster can count on it") {
    cluster.isolate(2);
    cluster.propose(1, "y");
    cluster.tick_all(2);
    CHECK(cluster.core(1).commit() == cluster.core(1).log().last());
  }
}

TEST_CASE("a peer that got on without the image needs none") {
  Cluster cluster;
  let_one_fall_behind(cluster);
  cluster.receive_image(2, 3);  // as from an earlier leader
  cluster.run();
  cluster.deliver(words(3, 1, 2, AppendAccepted{cluster.core(3).commit()}));
  cluster.tick_all(4);
  CHECK(cluster.is_converged());
}

TEST_CASE("a peer that was lost while the log was trimmed is asked what it has before it is sent an image") {
  Cluster cluster;
  cluster.elect(1);
  cluster.hold<AppendAccepted>(3, 1);
  for (int i = 0; i < 5; ++i) cluster.propose(1, "x");
  cluster.run();
  cluster.trim(1, cluster.core(1).commit());
  REQUIRE(cluster.progress(1, 3).match() < cluster.core(1).log().start().index);
  cluster.take(3, 1);
  cluster.heal();
  cluster.step(1, Unreachable{ServerId{3}});
  cluster.run();
  CHECK(cluster.server(1).images_wanted.empty());
  cluster.tick_all(4);
  CHECK(cluster.server(1).images_wanted.empty());
  CHECK(cluster.is_converged());
}

TEST_CASE("an image that is not ahead of what is committed is not installed") {
  Cluster cluster;
  cluster.elect(1);
  for (int i = 0; i < 3; ++i) cluster.propose(1, "x");
  cluster.run();
  cluster.tick_all(4);
  const Index commit = cluster.core(3).commit();
  const ImageReceived old = cluster.server(1).disk.image_at(commit - Count{1});
  cluster.step(3, old);
  CHECK(cluster.core(3).commit() == commit);
  CHECK(cluster.core(3).log().start().index == Index{});
  CHECK(cluster.server(3).image == Index{});
}

TEST_CASE("a leader installs no image") {
  Cluster cluster;
  cluster.elect(1);
  cluster.propose(1, "x");
  cluster.run();
  ImageReceived image = cluster.server(1).disk.image_at(cluster.core(1).commit());
  image.start.index = image.start.index + Count{5};
  cluster.step(1, image);
  CHECK(cluster.core(1).log().start().index == Index{});
}

TEST_CASE("an image keeps the entries behind it where the log agrees with it") {
  // Server 3 has everything, and knows of nothing that it is committed: what it acknowledged must not be forgotten.
  Cluster cluster;
  cluster.elect(1);
  cluster.drop<Heartbeat>(1, 3);
  for (int i = 0; i < 4; ++i) cluster.propose(1, "x");
  cluster.run();
  const Index last = cluster.core(3).log().last();
  const Index known = cluster.core(3).commit();
  REQUIRE(known < last);
  const Index at = known.next();
  cluster.step(3, cluster.server(1).disk.image_at(at));
  cluster.run();
  CHECK(cluster.core(3).log().last() == last);
  CHECK(cluster.core(3).commit() == at);
  CHECK(cluster.server(3).image == at);
  cluster.heal();
  cluster.tick_all(4);
  CHECK(cluster.is_converged());
}

TEST_CASE("an image replaces a log that differs") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(1);
  for (int i = 0; i < 4; ++i) cluster.propose(1, "lost");
  cluster.run();
  cluster.elect(2);
  for (int i = 0; i < 6; ++i) cluster.propose(2, "kept");
  cluster.run();
  cluster.heal();
  cluster.isolate(1);
  const Index at = cluster.core(2).applied();
  cluster.step(1, words(2, 1, cluster.core(2).term().value, Heartbeat{}));
  cluster.receive_image(2, 1);
  cluster.run();
  CHECK(cluster.core(1).log().start().index == at);
  CHECK(cluster.core(1).log().last() == at);
  cluster.heal();
  cluster.tick_all(4);
  CHECK(cluster.is_converged());
}

TEST_CASE("what the disk confirms of the log that was says nothing of the one behind the image") {
  // A log that ends before the image, and one that ends behind it.
  const int lost = GENERATE(1, 20);
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(1);
  cluster.server(1).holds_disk = true;
  for (int i = 0; i < lost; ++i) cluster.propose(1, "lost");
  cluster.elect(2);
  for (int i = 0; i < 6; ++i) cluster.propose(2, "kept");
  cluster.run();
  cluster.step(1, words(2, 1, cluster.core(2).term().value, Heartbeat{}));
  cluster.receive_image(2, 1);
  const Index at = cluster.core(2).applied();
  CHECK(cluster.core(1).commit() == at);
  while (cluster.server(1).writes.size() > 1) {
    cluster.finish_write(1);
    CHECK(cluster.core(1).stable() < at);
  }
  cluster.finish_write(1);
  CHECK(cluster.core(1).stable() == at);
}

TEST_CASE("behind an image the membership is the one in force there") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(3);
  cluster.add_blank(4);
  cluster.change(1, AddMember{cluster.member(4, false)});
  cluster.run();
  REQUIRE(cluster.core(1).membership().find(ServerId{4}) != nullptr);
  cluster.trim(1, cluster.core(1).commit());
  cluster.heal();
  cluster.tick_all(4);
  REQUIRE(cluster.core(3).membership().find(ServerId{4}) == nullptr);
  cluster.receive_image(1, 3);
  cluster.run();
  CHECK(cluster.core(3).membership() == cluster.core(1).membership());
  CHECK(cluster.core(3).membership_index() == cluster.core(1).membership_index());
}

TEST_CASE("cluster time goes on behind an image that has replaced the log") {
  Cluster cluster;
  cluster.elect(1);
  cluster.isolate(3);
  cluster.step(1, ClockInput{{900, 0}});
  cluster.propose(1, "x");
  cluster.run();
  cluster.trim(1, cluster.core(1).commit());
  cluster.heal();
  cluster.tick_all(4);
  cluster.receive_image(1, 3);
  cluster.run();
  const EntryTime time = cluster.core(3).log().start().time;
  REQUIRE(time.cluster_us == cluster.core(1).log().start().time.cluster_us);
  REQUIRE(time.cluster_us > 0);
  cluster.elect(3);
  CHECK(cluster.core(3).log().cached(cluster.core(3).log().last()).time.cluster_us >= time.cluster_us);
}

TEST_CASE("entries that were read for apply before an image came are not handed over behind it") {
  Cluster cluster;
  cluster.elect(1);
  for (int i = 0; i < 3; ++i) cluster.propose(1, "x"), cluster.run();
  cluster.tick_all(2);
  cluster.isolate(3);
  cluster.crash(3);
  cluster.restart(3, Index{2});
  cluster.server(3).holds_reads = true;
  cluster.tick(3);
  REQUIRE(cluster.server(3).wanted.size() == 1);
  const EntriesWanted wanted = cluster.server(3).wanted.front();
  EntriesRead read{nobody, {}, wanted.from, cluster.core(1).log().cached_range(wanted.from, wanted.to, SIZE_MAX)};
  REQUIRE(read.entries.front().index == wanted.from);
  for (int i = 0; i < 10; ++i) cluster.propose(1, "y"), cluster.run();
  SECTION("when they come late") {
    cluster.receive_image(1, 3);
    cluster.step(3, std::move(read));
  }
  SECTION("when they come just before") {
    cluster.step_only(3, std::move(read));
    cluster.receive_image(1, 3);
  }
  cluster.server(3).wanted.clear();
  cluster.heal();
  cluster.tick_all(4);
  CHECK(cluster.core(3).handed_over() == cluster.core(1).commit());
  CHECK(cluster.is_converged());
}

TEST_CASE("a trimmed log still knows the term where it begins") {
  Cluster cluster;
  cluster.elect(1);
  for (int i = 0; i < 5; ++i) cluster.propose(1, "x");
  cluster.run();
  const Index at = cluster.core(1).commit() - Count{1};
  const auto term = cluster.core(1).log().term_at(at);
  cluster.trim(1, at);
  CHECK(cluster.core(1).log().term_at(at) == term);
  CHECK_FALSE(cluster.core(1).log().term_at(at - Count{1}));
  cluster.trim(1, cluster.core(1).commit());
  cluster.propose(1, "y");
  cluster.run();
  cluster.tick_all(4);
  CHECK(cluster.is_converged());
}
