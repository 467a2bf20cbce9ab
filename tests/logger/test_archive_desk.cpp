#include <catch2/catch.hpp>

#include "tests/logger/archive_bench.hpp"

namespace parley::logger_testing {
namespace {

constexpr Index first{1};

TEST_CASE("what is committed counts as archived when the live log is synced so far") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.commit(5);
  CHECK(bench.desk->archived().index == Index{});
  CHECK(std::get<raft::Applied>(bench.orders.front()).index == Index{5});
  bench.commit(5);
  bench.obey();
  CHECK(bench.desk->archived().index == Index{10});
  CHECK(bench.desk->archived().digest == history.place(Index{10}).digest);
  REQUIRE(bench.advanced.size() == 2);
  CHECK(bench.advanced.back().index == Index{10});
}

TEST_CASE("an answer to a question of before does not count for more than was asked") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.commit(5);
  replica::Round round;
  round.stable_reached = Index{4};
  bench.take(std::move(round));
  CHECK(bench.desk->archived().index == Index{});
}

TEST_CASE("full segments leave the live log and are sealed, however long the archive grows") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  for (int i = 0; i < 300; ++i) {
    bench.commit(10);
    bench.settle();
    CHECK(bench.log->segments().size() <= 2);
  }
  CHECK(bench.desk->archive().manifest().segments.size() > 10);
  CHECK(bench.desk->archive().manifest().gaps.empty());
  CHECK(bench.read(first, bench.last()) == history.between(first, bench.last()));
  bench.die();
  const archive::Summary summary = good(archive_testing::verify(bench.disk));
  CHECK(summary.entries == history.between(first, summary.last.index).size());
  CHECK(summary.last.index == Index{3000});
}

TEST_CASE("a batch of segments is retired once the one before is sealed, and not before it is stable") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.fill(3);
  const auto trims = [&] {
    return std::ranges::count_if(bench.orders,
                                 [](const auto& order) { return std::holds_alternative<replica::TrimBefore>(order); });
  };
  CHECK(trims() == 0);  // consensus has not said that it is synced
  while (!std::holds_alternative<replica::NotifyStable>(bench.orders.front())) bench.orders.pop_front();
  bench.obey();
  CHECK(bench.log->segments().size() == 1);
  bench.fill(3);
  bench.obey();
  CHECK(bench.log->segments().size() == 4);
  bench.settle();
  CHECK(bench.log->segments().size() == 1);
}

TEST_CASE("after a restart at any moment it goes on where its durable archive ends") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  Random random(7);
  for (int life = 0; life < 40; ++life) {
    for (std::uint64_t i = random.below(30); i > 0; --i) {
      bench.commit(1 + random.below(20));
      if (random.below(3) == 0) bench.obey();
      if (random.below(3) == 0 && bench.desk->has_work()) (void)good(bench.desk->step());
    }
    const Index last = bench.last();
    bench.die();
    bench.start();
    CHECK(bench.last() == last);
    CHECK(bench.head().last.index == last);
  }
  CHECK(bench.read(first, bench.last()) == history.between(first, bench.last()));
  CHECK(bench.desk->archive().manifest().gaps.empty());
}

TEST_CASE("a logger that was away for long takes an image, and says which entries it lacks") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.commit(100);
  bench.settle();
  bench.bring_image(Index{500});
  bench.settle();
  CHECK(bench.progress.back().phase == transfer::ImagePhase::installed);
  REQUIRE(bench.warnings.size() == 1);
  CHECK(bench.warnings.front().find("entries 101 to 500 ") != std::string::npos);
  CHECK(bench.desk->archived() == transfer::LogPoint{Index{500}, history.at(Index{500}).term,
                                                     history.at(Index{500}).time, history.at(Index{500}).digest});
  CHECK(bench.head().first == first);
  CHECK(bench.head().gaps == std::vector<transfer::IndexRange>{{Index{101}, Index{500}}});
  CHECK(bench.head().images == std::vector<Index>{Index{500}});
  bench.commit(50);
  bench.settle();
  CHECK(bench.read(first, Index{100}) == history.between(first, Index{100}));
  CHECK(bench.read(Index{501}, Index{550}) == history.between(Index{501}, Index{550}));
  const auto ticket = bench.ask(Index{200}, Index{550});
  const auto outcome = bench.outcome(ticket);
  REQUIRE(outcome);
  CHECK(std::get<replica::EntriesGone>(*outcome).first == Index{501});
  bench.die();
  const archive::Summary summary = good(archive_testing::verify(bench.disk));
  REQUIRE(summary.gaps.size() == 1);
  CHECK(summary.gaps.front().from == Index{101});
  bench.start();
  CHECK(bench.head().gaps.size() == 1);
}

TEST_CASE("an image of no use stays what it is, and the sender is told") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.commit(100);
  bench.settle();
  bench.has_use_for_images = false;
  bench.bring_image(Index{80});
  bench.settle();
  CHECK(bench.progress.back().phase == transfer::ImagePhase::refused);
  CHECK(bench.head().images == std::vector<Index>{Index{80}});
  CHECK(bench.head().gaps.empty());
  CHECK(bench.read(first, Index{100}) == history.between(first, Index{100}));
}

TEST_CASE("an image that does not fit on the disk is refused, and the archive goes on") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.commit(10);
  bench.settle();
  bench.disk.set_capacity(bench.disk.used_bytes() + 100);
  bench.bring_image(Index{500}, 40);
  bench.settle();
  CHECK(bench.warnings.size() == 1);
  CHECK(bench.progress.back().phase == transfer::ImagePhase::refused);
  bench.disk.set_capacity(UINT64_MAX);
  bench.bring_image(Index{500}, 40);
  bench.settle();
  CHECK(bench.progress.back().phase == transfer::ImagePhase::installed);
}

}  // namespace
}  // namespace parley::logger_testing
