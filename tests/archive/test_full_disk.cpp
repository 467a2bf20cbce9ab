#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using sim::SimulatedFileSystem;
using sim::Unsynced;

namespace {

/// A logger with retired segments that are not sealed yet.
void prepare(Logger& logger) {
  good(logger.start());
  REQUIRE(logger.fill(4));
  good(logger.retire());
}

}  // namespace

TEST_CASE("a disk that is full at any point refuses a new archive, or holds one that is whole") {
  bool refused = false;
  for (std::uint64_t capacity = 0; capacity < 20 * limits::KiB; capacity += 61) {
    SimulatedFileSystem disk;
    disk.set_capacity(capacity);
    History history;
    Logger logger(disk, history);
    const Status started = logger.start();
    logger.die();
    if (!started) {
      refused = true;
      CHECK(started.error().code == ErrorCode::disk_full);
      CHECK(disk.everything().size() <= 1);
    }
    disk.set_capacity(limits::MiB);
    good(logger.start());
  }
  CHECK(refused);
}

TEST_CASE("what is verified while the disk is full can be read, and is recorded once there is room") {
  for (const std::uint64_t room : {0, 10, 71, 72, 90, 200, 400, 600}) {
    SimulatedFileSystem disk;
    Random random(room);
    History history;
    Logger logger(disk, history);
    prepare(logger);
    disk.set_capacity(disk.used_bytes() + room);
    INFO("room " << room);
    const auto before = disk.everything();
    const Status settled = logger.settle();
    if (!settled) {
      CHECK(settled.error().code == ErrorCode::disk_full);
      CHECK(logger.archive().step().error().code == ErrorCode::disk_full);
      CHECK(logger.archive().has_work());
      for (const auto& [name, bytes] : disk.everything()) CHECK_FALSE(name.ends_with(".tmp"));
      const Index last = logger.archive().last();
      CHECK(last > Index{0});
      CHECK(read_sealed(logger.archive(), Index{1}) == history.between(Index{1}, last));
      CHECK(good(verify(disk)).entries == logger.last().value);
    }
    disk.set_capacity(limits::MiB);
    good(logger.settle());
    CHECK(logger.archive().manifest().segments.size() == 3);
    logger.die();
    disk.crash(random, Unsynced::lost);
    good(logger.start());
    CHECK(logger.archive().manifest().segments.size() == 3);
    CHECK(good(verify(disk)).missing_indexes == 0);
  }
}

TEST_CASE("a full disk leaves an archive as it was when an image or a truncation has no room") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  prepare(logger);
  good(logger.settle());
  good(logger.add_image(logger.last()));
  const auto before = disk.everything();
  const archive::Manifest manifest = logger.archive().manifest();
  disk.set_capacity(disk.used_bytes());
  CHECK(logger.archive().truncate_before(Index{100}).error().code == ErrorCode::disk_full);
  CHECK(disk.everything() == before);
  CHECK(logger.archive().manifest() == manifest);
  for (std::uint64_t room = 0; room < 700; room += 13) {
    disk.set_capacity(disk.used_bytes() + room);
    const Status added = logger.add_image(Index{50}, 1);
    INFO("room " << room);
    if (added) break;
    CHECK(added.error().code == ErrorCode::disk_full);
    CHECK(logger.archive().manifest() == manifest);
    // The image may be complete, and only the manifest not have had room: then it is taken up later.
    auto after = disk.everything();
    if (after.erase(layout.image(Index{50}).string()) > 0) disk.lose(layout.image(Index{50}));
    CHECK(after == before);
  }
  disk.set_capacity(limits::MiB);
  good(logger.add_image(Index{50}, 1));
  good(logger.archive().truncate_before(Index{100}));
  good(logger.settle());
  CHECK(good(verify(disk)).missing_indexes == 0);
}

TEST_CASE("truncation makes room on a full disk for what could not be recorded") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(5));
  good(logger.retire(3));
  good(logger.settle());
  good(logger.add_image(logger.archive().last()));
  good(logger.retire(1));
  // Room for one more manifest, which is shorter than that which would name the new segments.
  disk.set_capacity(disk.used_bytes() + 500);
  while (logger.archive().step()) {
  }
  good(logger.archive().truncate_before(logger.archive().manifest().segments[1].last.index.next()));
  good(logger.settle());
  CHECK(logger.archive().manifest().next_sequence() == logger.log().segments().front().sequence);
  CHECK(good(verify(disk)).last == logger.log().last());
}

TEST_CASE("a seek index for which there is no room is left out, and made again at a later start") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  prepare(logger);
  good(logger.settle());
  logger.die();
  disk.lose(layout.index(2));
  disk.set_capacity(disk.used_bytes() + 50);
  good(logger.start());
  good(logger.settle());
  const Index last = logger.archive().manifest().segments[1].last.index;
  CHECK(good(logger.archive().read(last, last, 1)).entries.front().entry == history.at(last));
  good(logger.settle());
  CHECK_FALSE(logger.archive().has_work());
  CHECK(good(verify(disk)).missing_indexes == 1);
  logger.die();
  disk.set_capacity(limits::MiB);
  good(logger.start());
  good(logger.settle());
  CHECK(good(verify(disk)).missing_indexes == 0);
}
