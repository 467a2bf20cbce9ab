#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using sim::SimulatedFileSystem;
using sim::Unsynced;

namespace {

constexpr Index image{1000};

class Scenario {
 public:
  Scenario(Logger& logger, Promises& promises) : logger_(logger), promises_(promises) {}

  /// Does what a logger does in its life; false where the machine stopped.
  bool play() {
    return logger_.start().has_value() && fill(5) && logger_.retire(3) && logger_.settle() && fill(5) &&
           logger_.retire(1) && step(3) && add_image(Index{300}) && truncate(Index{250}) && logger_.settle() &&
           restart() && step(2) && write(10) && logger_.settle() && fill(4) && logger_.retire(2) && logger_.settle() &&
           add_image(Index{1040}) && truncate(Index{1030}) && logger_.settle();
  }

 private:
  bool write(std::size_t count) {
    if (!logger_.write(count)) return false;
    promises_.synced = logger_.last();
    return true;
  }
  bool fill(std::size_t segments) {
    while (logger_.log().segments().size() < segments) {
      if (!write(40)) return false;
    }
    return true;
  }
  bool step(int times) {
    for (int done = 0; done < times; ++done) {
      if (!logger_.archive().step()) return false;
    }
    return true;
  }
  bool add_image(Index index) {
    if (!logger_.add_image(index)) return false;
    promises_.images.push_back(index);
    return true;
  }
  bool truncate(Index first_kept) {
    promises_.truncated = first_kept;
    return logger_.archive().truncate_before(first_kept).has_value();
  }
  bool restart() {
    promises_.restart = image;
    if (!logger_.restart_behind(image)) return false;
    promises_.images.push_back(image);
    promises_.synced = image;
    return true;
  }

  Logger& logger_;
  Promises& promises_;
};

void check_goes_on(SimulatedFileSystem& disk, Logger& logger) {
  const std::size_t segments = logger.log().segments().size();
  while (logger.log().segments().size() < segments + 2) REQUIRE(logger.write(40));
  good(logger.retire());
  good(logger.settle());
  CHECK(good(verify(disk)).last == logger.log().last());
}

/// An archive that compacts itself often, and saves how far it has come nearly as often.
archive::CompactionOptions often() {
  archive::CompactionOptions options;
  options.mode = archive::CompactionOptions::Mode::interval;
  options.period = Count{70};
  options.save_bytes = 8'000;
  return options;
}

constexpr Unsynced fates[] = {Unsynced::lost, Unsynced::any, Unsynced::any, Unsynced::any};

}  // namespace

TEST_CASE("a crash at any operation of an archive's life loses nothing and leaves nothing twice") {
  History history;
  for (std::uint64_t operations = 0;; ++operations) {
    bool finished = false;
    for (std::size_t fate = 0; fate < std::size(fates); ++fate) {
      SimulatedFileSystem disk;
      Random random(operations * std::size(fates) + fate);
      Logger logger(disk, history);
      Promises promises;
      disk.stop_after(operations);
      finished = Scenario(logger, promises).play() && !disk.has_stopped();
      logger.die();
      disk.crash(random, fates[fate]);
      INFO("operations " << operations << ", fate " << fate);
      good(logger.start());
      good(logger.settle());
      check_kept(disk, logger, history, promises);
      check_goes_on(disk, logger);
    }
    if (finished) {
      CHECK(operations > 200);
      break;
    }
    REQUIRE(operations < 2000);
  }
}

TEST_CASE("a crash at any operation of an archive that compacts itself loses nothing but what may go") {
  History history;
  std::uint64_t reduced_in_the_end = 0;
  for (std::uint64_t operations = 0;; ++operations) {
    bool finished = false;
    for (std::size_t fate = 0; fate < std::size(fates); ++fate) {
      SimulatedFileSystem disk;
      Random random(operations * std::size(fates) + fate);
      Logger logger(disk, history);
      logger.compact(often());
      Promises promises;
      disk.stop_after(operations);
      finished = Scenario(logger, promises).play() && !disk.has_stopped();
      logger.die();
      disk.crash(random, fates[fate]);
      INFO("operations " << operations << ", fate " << fate);
      // What is there can be read before anybody has mended it.
      if (finished) CHECK(good(verify(disk)).reduced > 0);
      good(logger.start());
      good(logger.settle());
      check_kept(disk, logger, history, promises);
      check_goes_on(disk, logger);
      reduced_in_the_end = good(verify(disk)).reduced;
    }
    if (finished) {
      CHECK(operations > 300);
      CHECK(reduced_in_the_end > 100);
      break;
    }
    REQUIRE(operations < 3000);
  }
}

TEST_CASE("an archive that died at any operation of compaction is verified as it lies there") {
  History history(200);
  std::size_t rewritten_and_not_said = 0;
  for (std::uint64_t operations = 0;; ++operations) {
    SimulatedFileSystem disk;
    Random random(operations);
    Logger logger(disk, history);
    logger.compact(often());
    good(logger.start());
    REQUIRE(logger.fill(8));
    good(logger.retire());
    while (logger.archive().is_taking_up()) REQUIRE(logger.archive().step());
    disk.stop_after(operations);
    const bool finished = logger.settle().has_value() && !disk.has_stopped();
    const Index last = logger.last();
    logger.die();
    disk.crash(random, operations % 2 == 0 ? Unsynced::kept : Unsynced::any);
    INFO("operations " << operations);
    const archive::Summary summary = good(verify(disk));
    CHECK(summary.entries == last.value);
    const auto archived = good(walk_archived(disk));
    for (const archive::ArchivedEntry& each : archived) CHECK(is_kept(each, history.at(each.entry.index)));
    const auto manifest = *archive::decode_manifest(disk.contents(layout.manifest()));
    const auto is_reduced = [](const archive::SealedSegment& segment) { return segment.reduced; };
    const auto said = std::ranges::count_if(manifest.segments, is_reduced);
    good(logger.start());
    rewritten_and_not_said +=
        static_cast<std::size_t>(std::ranges::count_if(logger.archive().manifest().segments, is_reduced) - said);
    good(logger.settle());
    CHECK(good(verify(disk)).reduced > 50);
    if (finished) break;
    REQUIRE(operations < 1000);
  }
  CHECK(rewritten_and_not_said > 3);
}

TEST_CASE("a process dies at any operation, the next goes on, and then the machine loses what was not synced") {
  History history;
  for (std::uint64_t operations = 0;; ++operations) {
    SimulatedFileSystem disk;
    Random random(operations);
    Logger logger(disk, history);
    Promises promises;
    disk.stop_after(operations);
    const bool finished = Scenario(logger, promises).play() && !disk.has_stopped();
    logger.die();
    disk.crash(random, Unsynced::kept);
    INFO("operations " << operations);
    good(logger.start());
    good(logger.settle());
    const archive::Manifest manifest = logger.archive().manifest();
    logger.die();
    disk.crash(random, Unsynced::lost);
    good(logger.start());
    CHECK(logger.archive().manifest() == manifest);
    good(logger.settle());
    check_kept(disk, logger, history, promises);
    if (finished) break;
  }
}

TEST_CASE("a crash at any operation of taking up what a crash left is one from which the next opening goes on") {
  History history;
  for (std::uint64_t first = 5;; first += 37) {
    bool finished = false;
    bool first_finished = false;
    for (std::uint64_t operations = 0; !finished; ++operations) {
      SimulatedFileSystem disk;
      Random random(operations * 1000 + first);
      Logger logger(disk, history);
      if (first % 2 == 0) logger.compact(often());
      Promises promises;
      disk.stop_after(first);
      first_finished = Scenario(logger, promises).play() && !disk.has_stopped();
      logger.die();
      disk.crash(random, Unsynced::any);
      disk.stop_after(operations);
      finished = logger.start().has_value() && logger.settle().has_value() && !disk.has_stopped();
      logger.die();
      disk.crash(random, operations % 2 == 0 ? Unsynced::any : Unsynced::lost);
      INFO("first " << first << ", operations " << operations);
      good(logger.start());
      good(logger.settle());
      check_kept(disk, logger, history, promises);
      REQUIRE(operations < 1000);
    }
    if (first_finished) break;
  }
}

TEST_CASE("an archive that does not sync its folders loses segments when the machine stops: the syncs matter") {
  History history;
  for (const bool ignored : {false, true}) {
    SimulatedFileSystem disk;
    Random random(1);
    Logger logger(disk, history);
    good(logger.start());
    REQUIRE(logger.fill(4));
    good(logger.retire());
    disk.ignore_directory_syncs(ignored);
    good(logger.settle());
    logger.die();
    disk.crash(random, Unsynced::lost);
    good(logger.start());
    CHECK(logger.archive().manifest().segments.empty() == ignored);
    good(logger.settle());
    CHECK(logger.archive().manifest().segments.size() == 3);
  }
}
