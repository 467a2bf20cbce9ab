#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using sim::SimulatedFileSystem;
using sim::Unsynced;

namespace {

constexpr Index image{1000};

/// Six sealed segments.
void fill(Logger& logger) {
  good(logger.start());
  REQUIRE(logger.fill(7));
  good(logger.retire());
  good(logger.settle());
  REQUIRE(logger.archive().manifest().segments.size() == 6);
}

}  // namespace

TEST_CASE("truncation removes whole segments from the front, behind an image") {
  SimulatedFileSystem disk;
  Random random(1);
  History history;
  Logger logger(disk, history);
  fill(logger);
  archive::Archive& archive = logger.archive();
  const Index written = logger.last();
  const auto segments = archive.manifest().segments;
  const Index kept = segments[2].last.index.next();
  good(logger.add_image(Index{5}));
  good(logger.add_image(kept.previous()));
  good(archive.truncate_before(kept));
  CHECK(archive.first() == kept);
  CHECK(archive.manifest().begin == segments[2].last);
  CHECK(archive.has_work());
  CHECK(good(archive.read(kept.previous(), kept, 1000)).entries.empty());
  CHECK(read_sealed(archive, kept) == history.between(kept, archive.last()));
  SECTION("then the files go") {
    good(logger.settle());
    for (const std::uint64_t gone : {1, 2, 3}) {
      CHECK_FALSE(disk.everything().contains(layout.segment(gone).string()));
      CHECK_FALSE(disk.everything().contains(layout.index(gone).string()));
    }
    CHECK_FALSE(disk.everything().contains(layout.image(Index{5}).string()));
    CHECK(disk.everything().contains(layout.segment(4).string()));
    CHECK(disk.everything().contains(layout.image(kept.previous()).string()));
  }
  SECTION("or at the next start") {
    logger.die();
    disk.crash(random, Unsynced::lost);
    CHECK(disk.everything().contains(layout.segment(3).string()));
    CHECK(good(verify(disk)).first == kept);
    good(logger.start());
    good(logger.settle());
    CHECK_FALSE(disk.everything().contains(layout.segment(3).string()));
  }
  const archive::Summary summary = good(verify(disk));
  CHECK(summary.first == kept);
  CHECK(summary.entries == written.value - kept.value + 1);
  CHECK(good(walk_all(disk)) == history.between(kept, written));
}

TEST_CASE("truncation in the middle of a segment keeps that segment") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  fill(logger);
  const auto segments = logger.archive().manifest().segments;
  good(logger.add_image(logger.last()));
  good(logger.archive().truncate_before(segments[1].last.index));
  CHECK(logger.archive().first() == segments[1].before.index.next());
  good(logger.archive().truncate_before(segments[1].last.index));
  good(logger.archive().truncate_before(Index{1}));
  CHECK(logger.archive().first() == segments[1].before.index.next());
}

TEST_CASE("truncation without an image at or above the entry before is refused, and changes nothing") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  fill(logger);
  const auto segments = logger.archive().manifest().segments;
  const Index kept = segments[2].last.index.next();
  const auto before = disk.everything();
  CHECK(logger.archive().truncate_before(kept).error().code == ErrorCode::refused);
  CHECK(disk.everything() == before);
  good(logger.add_image(Index{kept.value - 2}));
  const Status refused = logger.archive().truncate_before(kept);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.find("entry " + std::to_string(kept.value - 1)) != std::string::npos);
  CHECK(logger.archive().first() == Index{1});
  good(logger.archive().truncate_before(kept.previous()));
  CHECK(logger.archive().first() == segments[1].last.index.next());
}

TEST_CASE("everything that is sealed can go, and the archive goes on with its live log") {
  SimulatedFileSystem disk;
  Random random(1);
  History history;
  Logger logger(disk, history);
  fill(logger);
  good(logger.add_image(logger.last()));
  good(logger.archive().truncate_before(logger.log().last().index));
  good(logger.settle());
  CHECK(logger.archive().manifest().segments.empty());
  CHECK(logger.archive().first() == logger.log().first());
  logger.die();
  disk.crash(random, Unsynced::lost);
  good(logger.start());
  CHECK_FALSE(logger.archive().has_work());
  REQUIRE(logger.fill(4));
  good(logger.retire());
  good(logger.settle());
  const Index first = logger.archive().first();
  CHECK(read_sealed(logger.archive(), first) == history.between(first, logger.archive().last()));
  CHECK(good(verify(disk)).last == logger.log().last());
}

TEST_CASE("a gap goes once all of it lies before the truncation, and its image with it only behind it") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(3));
  good(logger.restart_behind(image));
  REQUIRE(logger.fill(4));
  good(logger.retire());
  good(logger.settle());
  archive::Archive& archive = logger.archive();
  good(archive.truncate_before(Index{900}));
  CHECK(archive.first() == image.next());
  CHECK(archive.manifest().gaps.size() == 1);
  CHECK(archive.manifest().begin.index < Index{900});
  CHECK(good(verify(disk)).gaps.size() == 1);
  good(archive.truncate_before(image.next()));
  CHECK(archive.manifest().gaps.empty());
  CHECK(archive.manifest().begin == history.place(image));
  CHECK(archive.manifest().image_of(image));
  good(logger.settle());
  CHECK(good(verify(disk)).first == image.next());
  good(logger.add_image(logger.last()));
  good(archive.truncate_before(logger.log().last().index));
  CHECK_FALSE(archive.manifest().image_of(image));
  good(logger.settle());
  CHECK(good(verify(disk)).images.size() == 1);
}

TEST_CASE("segments without entries and gaps go in their order") {
  archive::Manifest manifest;
  const auto place = [](std::uint64_t index) {
    return wal::Start{Index{index}, Term{index / 100 + 1}, blake2b(std::to_string(index)), {index, index}};
  };
  manifest.begin = place(10);
  manifest.begin_sequence = 4;
  const auto segment = [&](std::uint64_t sequence, std::uint64_t before, std::uint64_t last) {
    manifest.segments.push_back({sequence, ServerId{1}, 8192, 5000, 10, place(before), place(last), false});
  };
  segment(4, 10, 10);
  manifest.gaps.push_back({Index{11}, place(20)});
  segment(5, 20, 20);
  manifest.gaps.push_back({Index{21}, place(30)});
  segment(6, 30, 35);
  for (const std::uint64_t index : {5, 20, 30}) manifest.images.push_back({Index{index}, 100, blake2b("i")});
  REQUIRE(archive::decode_manifest(archive::encode_manifest(manifest)) == manifest);
  const auto begin_after = [&](std::uint64_t first_kept) {
    const archive::Manifest left = archive::truncated(manifest, Index{first_kept});
    CHECK(archive::decode_manifest(archive::encode_manifest(left)) == left);
    return std::tuple(left.begin.index.value, left.begin_sequence, left.segments.size(), left.gaps.size(),
                      left.images.size());
  };
  using Left = std::tuple<std::uint64_t, std::uint64_t, std::size_t, std::size_t, std::size_t>;
  CHECK(begin_after(10) == Left(10, 4, 3, 2, 2));
  CHECK(begin_after(11) == Left(10, 5, 2, 2, 2));
  CHECK(begin_after(20) == Left(10, 5, 2, 2, 2));
  CHECK(begin_after(21) == Left(20, 6, 1, 1, 2));
  CHECK(begin_after(31) == Left(30, 6, 1, 0, 1));
  CHECK(begin_after(36) == Left(35, 7, 0, 0, 0));
}
