#include "common/base/archive_limits.hpp"
#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using sim::SimulatedFileSystem;
using sim::Unsynced;

namespace {

constexpr Index image{1000};

constexpr Index first{1};

}  // namespace

TEST_CASE("a new archive is empty, and a folder without one is said to be none") {
  SimulatedFileSystem disk;
  CHECK(archive::Archive::open(disk, root, wal::OpenMode::inspect).error().code == ErrorCode::usage);
  CHECK(verify(disk).error().code == ErrorCode::usage);
  CHECK(disk.everything().empty());
  History history;
  Logger logger(disk, history);
  good(logger.start());
  CHECK_FALSE(logger.archive().has_work());
  CHECK(logger.archive().first() == Index{1});
  CHECK(logger.archive().last() == Index{0});
  CHECK(good(logger.archive().read(Index{1}, Index{10}, 1000)).entries.empty());
  const archive::Summary summary = good(verify(disk));
  CHECK(summary.entries == 0);
  CHECK(summary.first == Index{1});
}

TEST_CASE("an archive in use is locked for others who would change it, and open to those who look") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  CHECK(archive::Archive::open(disk, root, wal::OpenMode::use).error().code == ErrorCode::locked);
  CHECK(archive::Archive::open(disk, root, wal::OpenMode::inspect));
}

TEST_CASE("what the live log retires is verified, sealed and read, and the rest is live") {
  SimulatedFileSystem disk;
  Random random(1);
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(6));
  CHECK_FALSE(logger.archive().has_work());
  good(logger.retire(2));
  CHECK(logger.archive().has_work());
  CHECK(logger.archive().last() == Index{0});
  good(logger.settle());
  const Index last = logger.archive().last();
  CHECK(last == logger.log().start().index);
  CHECK(logger.archive().manifest().segments.size() == 4);
  CHECK(logger.archive().manifest().cluster == wal_testing::test_identity().cluster);
  CHECK(read_sealed(logger.archive(), Index{1}) == history.between(Index{1}, last));
  const Index written = logger.last();
  logger.die();
  disk.crash(random, Unsynced::lost);
  CHECK(good(walk_all(disk)) == history.between(first, written));
  const archive::Summary summary = good(verify(disk));
  CHECK(summary.entries == written.value);
  CHECK(summary.last == history.place(written));
  CHECK(summary.cluster == wal_testing::test_identity().cluster);
  CHECK(summary.segments == 6);
  CHECK(summary.live_from == 5);
  CHECK(summary.missing_indexes == 0);
  good(logger.start());
  CHECK_FALSE(logger.archive().has_work());
  CHECK(read_sealed(logger.archive(), Index{1}) == history.between(Index{1}, last));
  REQUIRE(logger.fill(4));
  good(logger.retire());
  good(logger.settle());
  CHECK(read_sealed(logger.archive(), Index{1}) == history.between(Index{1}, logger.archive().last()));
  CHECK(good(walk_all(disk)) == history.between(first, logger.last()));
}

TEST_CASE("entries are read from any index, up to any other, in answers of any size") {
  SimulatedFileSystem disk;
  History history(900);
  Logger logger(disk, history, layout, 256 * limits::KiB);
  good(logger.start());
  while (logger.log().segments().size() < 4) REQUIRE(logger.write(100));
  good(logger.retire());
  good(logger.settle());
  archive::Archive& archive = logger.archive();
  const Index last = archive.last();
  for (std::uint64_t from = 1; from <= last.value; from += 23) {
    const auto run = good(archive.read(Index{from}, last, 1));
    REQUIRE(run.entries.size() == 1);
    CHECK(run.entries[0].entry == history.at(Index{from}));
    CHECK(run.before == history.place(Index{from - 1}).digest);
  }
  for (std::uint64_t from = 1; from <= last.value; from += 97) {
    const Index to{from + from % 40};
    const auto entries = good(archive.read(Index{from}, to, 1'000'000)).entries;
    CHECK(entries.size() == std::min(to, last).value - from + 1);
    CHECK(entries.back().entry == history.at(std::min(to, last)));
  }
  CHECK(good(archive.read(last.next(), last.next(), 1000)).entries.empty());
  CHECK(good(archive.read(Index{5}, Index{4}, 1000)).entries.empty());
  CHECK(good(archive.read(Index{0}, Index{4}, 1000)).entries.empty());
}

TEST_CASE("streams that read on keep their places, as many as there are cursors") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(5));
  good(logger.retire());
  good(logger.settle());
  archive::Archive& archive = logger.archive();
  const std::uint64_t before = archive.reader().seeks();
  std::vector<Index> next;
  for (std::uint64_t stream = 0; stream < limits::archive_cursors; ++stream) next.push_back(Index{1 + 7 * stream});
  while (next.back() <= archive.last()) {
    for (Index& from : next) {
      const auto run = good(archive.read(from, archive.last(), 700));
      CHECK(run.before == history.place(from.previous()).digest);
      for (const auto& entry : run.entries) {
        CHECK(entry.entry == history.at(from));
        from = from.next();
      }
    }
  }
  const std::uint64_t segments = archive.manifest().segments.size();
  CHECK(archive.reader().seeks() - before <= segments * limits::archive_cursors);
}

TEST_CASE("a seek index that is missing is made again, and without it entries are found all the same") {
  SimulatedFileSystem disk;
  History history(900);
  Logger logger(disk, history, layout, 256 * limits::KiB);
  good(logger.start());
  while (logger.log().segments().size() < 3) REQUIRE(logger.write(100));
  good(logger.retire());
  good(logger.settle());
  const Bytes index = disk.contents(layout.index(1));
  const Index last = logger.archive().manifest().segments[0].last.index;
  logger.die();
  SECTION("missing when the archive is opened") {
    disk.lose(layout.index(1));
    CHECK(good(verify(disk)).missing_indexes == 1);
    good(logger.start());
  }
  SECTION("damaged, as is seen when it is needed") {
    disk.flip_bit(layout.index(1), 80, 2);
    good(logger.start());
    CHECK_FALSE(logger.archive().has_work());
  }
  CHECK(good(logger.archive().read(last, last, 1)).entries.front().entry == history.at(last));
  good(logger.settle());
  CHECK(disk.contents(layout.index(1)) == index);
  CHECK(good(verify(disk)).missing_indexes == 0);
}

TEST_CASE("entries that the logger never got are a gap, which has its image") {
  SimulatedFileSystem disk;
  Random random(1);
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(3));
  const Index before = logger.last();
  good(logger.restart_behind(image));
  good(logger.settle());
  const archive::Gap gap{before.next(), history.place(image)};
  CHECK(logger.archive().manifest().gaps == std::vector<archive::Gap>{gap});
  CHECK(logger.archive().last() == before);
  REQUIRE(logger.write(5));
  logger.die();
  disk.crash(random, Unsynced::lost);
  const archive::Summary summary = good(verify(disk));
  CHECK(summary.gaps == std::vector<archive::Gap>{gap});
  CHECK(summary.images.size() == 1);
  CHECK(summary.entries == before.value + 5);
  CHECK(summary.last == history.place(image + Count{5}));
  good(logger.start());
  REQUIRE(logger.fill(3));
  good(logger.retire());
  good(logger.settle());
  CHECK(logger.archive().manifest().gaps == std::vector<archive::Gap>{gap});
  CHECK(read_sealed(logger.archive(), first) == history.between(first, before));
  CHECK(good(logger.archive().read(gap.from, image, 1000)).entries.empty());
  CHECK(read_sealed(logger.archive(), image.next()) == history.between(image.next(), logger.archive().last()));
  const auto behind = history.between(image.next(), logger.last());
  CHECK(good(walk_all(disk)) == wal_testing::joined(history.between(first, before), behind));
  CHECK(good(walk_all(disk, Index{900})) == behind);
}

TEST_CASE("a logger that joins late has a gap from the first entry on") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  good(logger.restart_behind(image));
  good(logger.settle());
  CHECK(logger.archive().manifest().gaps == std::vector<archive::Gap>{{first, history.place(image)}});
  CHECK(logger.archive().first() == image.next());
  CHECK(logger.archive().last() < logger.archive().first());
  SECTION("and another one, if it falls behind again at once") {
    constexpr Index later{1200};
    good(logger.restart_behind(later));
    good(logger.settle());
    CHECK(logger.archive().manifest().gaps ==
          std::vector<archive::Gap>{{first, history.place(image)}, {image.next(), history.place(later)}});
    CHECK(logger.archive().first() == later.next());
    CHECK(good(verify(disk)).first == later.next());
  }
  SECTION("and goes on behind it") {
    REQUIRE(logger.write(10));
    const archive::Summary summary = good(verify(disk));
    CHECK(summary.first == image.next());
    CHECK(summary.entries == 10);
  }
}

TEST_CASE("a gap whose image is not there is a fault") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(2));
  good(logger.log().start_after(history.place(image), {}));
  const auto summary = verify(disk);
  REQUIRE_FALSE(summary);
  CHECK(summary.error().code == ErrorCode::corrupt);
  CHECK(summary.error().what.find(layout.image(image).string()) != std::string::npos);
}

TEST_CASE("an image that is complete and not yet in the manifest is taken up when the archive is opened") {
  SimulatedFileSystem disk;
  Random random(1);
  History history;
  Logger logger(disk, history);
  good(logger.start());
  {
    const auto writer = logger.archive().image_writer();
    writer->expect(image_head(history.place(image)));
    good(writer->begin());
    good(writer->add(some_rows(image, 0)));
    good(writer->complete(image_head(history.place(image)).image));
  }
  CHECK(logger.archive().manifest().images.empty());
  CHECK(good(verify(disk)).images.size() == 1);
  logger.die();
  disk.crash(random, Unsynced::lost);
  good(logger.start());
  CHECK(logger.archive().image_not_above(Index{1100}) == image);
  CHECK(logger.archive().image_not_above(Index{999}) == std::nullopt);
  CHECK(logger.archive().image_not_below(Index{1000}) == image);
  CHECK(logger.archive().image_not_below(Index{1001}) == std::nullopt);
  CHECK(good(logger.archive().open_image(image)).head() == image_head(history.place(image)));
}

TEST_CASE("an image of another cluster, of another history or of another entry than its name says is refused") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(3));
  good(logger.retire());
  good(logger.settle());
  archive::ImageFileHead head = image_head(history.place(image));
  head.cluster.bytes[0] ^= 1;
  const auto writer = logger.archive().image_writer();
  writer->expect(head);
  good(writer->begin());
  good(writer->complete(head.image));
  CHECK(logger.archive().add_image(image).error().code == ErrorCode::refused);
  good(disk.rename(layout.image(image), layout.image(Index{7})));
  CHECK(logger.archive().add_image(Index{7}).error().code == ErrorCode::refused);
  wal::Start other = history.place(Index{20});
  other.digest = blake2b("other");
  writer->expect(image_head(other));
  good(writer->begin());
  good(writer->complete(image_head(other).image));
  CHECK(logger.archive().add_image(Index{20}).error().code == ErrorCode::refused);
  CHECK(logger.archive().manifest().images.empty());
}

TEST_CASE("a live log that does not go on where the archive ends is found, and what is sealed can be read") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(4));
  good(logger.retire(2));
  good(logger.settle());
  const std::size_t sealed = read_sealed(logger.archive(), Index{1}).size();
  wal::Start other = logger.log().segments().front().before;
  SECTION("another digest") { other.digest = blake2b("other"); }
  SECTION("a lower index") { other.index = other.index.previous(); }
  logger.archive().live_begins(3, other);
  const auto refused = logger.archive().step();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::corrupt);
  CHECK(logger.archive().step().error().what == refused.error().what);
  CHECK(read_sealed(logger.archive(), Index{1}).size() == sealed);
}

TEST_CASE("a retired segment that is damaged is not sealed, and what is sealed before it can be read") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(5));
  good(logger.retire());
  disk.flip_bit(layout.segment(3), 9000, 1);
  const Status settled = logger.settle();
  REQUIRE_FALSE(settled);
  CHECK(settled.error().code == ErrorCode::corrupt);
  CHECK(settled.error().what.find(layout.segment(3).string()) != std::string::npos);
  CHECK(settled.error().what.find(", where entry ") != std::string::npos);
  CHECK(logger.archive().manifest().segments.size() == 2);
  CHECK(read_sealed(logger.archive(), Index{1}) == history.between(Index{1}, logger.archive().last()));
  CHECK_FALSE(logger.archive().step());
  CHECK_FALSE(logger.archive().has_work());
}

TEST_CASE("a failed sync ends every change") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(3));
  good(logger.add_image(Index{20}));
  good(logger.retire());
  SECTION("of a file") { disk.fail_next_sync(); }
  SECTION("of a folder") { disk.fail_next_directory_sync(); }
  CHECK(logger.settle().error().code == ErrorCode::sync_failed);
  CHECK(logger.archive().step().error().code == ErrorCode::sync_failed);
  CHECK(logger.archive().truncate_before(Index{10}).error().code == ErrorCode::sync_failed);
  CHECK(logger.archive().add_image(Index{20}).error().code == ErrorCode::sync_failed);
  CHECK_FALSE(logger.archive().has_work());
}

TEST_CASE("a segment that is retired in the middle of a batch is sealed with the cluster that it adopted") {
  SimulatedFileSystem disk;
  auto archive = good(archive::Archive::open(disk, root, wal::OpenMode::use));
  const wal::Identity identity = wal_testing::test_identity();
  auto log = good(wal::Log::create(disk, layout.live(), {ClusterId{}, identity.server}, live_options(layout)));
  EntryMaker maker(identity.cluster);
  const auto entries = maker.many(Term{2}, 400, 100);
  wal::Batch batch = wal_testing::batch_of(entries);
  batch.adopt = identity.cluster;
  batch.hard_state = raft::HardState{Term{2}, ServerId{9}};
  wal_testing::write_and_sync(log, batch);
  good(log.trim_before(log.last().index));
  archive.live_begins(log.segments().front().sequence, log.segments().front().before);
  while (*archive.step()) CHECK(archive.has_work());
  CHECK(archive.manifest().cluster == identity.cluster);
  CHECK(archive.last() == log.start().index);
  CHECK(good(verify(disk)).entries == 400);
}
