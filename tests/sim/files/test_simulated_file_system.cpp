#include <catch2/catch.hpp>

#include "tests/sim/files/simulated_file_system.hpp"

using namespace parley;
using sim::SimulatedFileSystem;
using sim::Unsynced;

namespace {

const std::filesystem::path folder = "/data/log";

std::unique_ptr<files::File> make_file(SimulatedFileSystem& files, const std::string& name, BytesView content) {
  REQUIRE(files.make_directories(folder));
  auto file = files.create(folder / name);
  REQUIRE(file);
  REQUIRE((*file)->write_at(0, content));
  return std::move(*file);
}

bool exists(SimulatedFileSystem& files, const std::string& name) {
  const auto names = files.list(folder);
  REQUIRE(names);
  return std::ranges::find(*names, name) != names->end();
}

}  // namespace

TEST_CASE("a crash keeps what was synced and forgets what was not") {
  SimulatedFileSystem files;
  Random random(1);
  const auto file = make_file(files, "a", "synced");
  REQUIRE(file->sync());
  REQUIRE(files.sync_directory(folder));
  REQUIRE(file->write_at(0, "SYN"));
  CHECK(files.contents(folder / "a") == "SYNced");
  files.crash(random, Unsynced::lost);
  CHECK(files.contents(folder / "a") == "synced");
  CHECK(file->write_at(0, "x").error().code == ErrorCode::io);
}

TEST_CASE("the death of a process alone keeps everything and releases its locks") {
  SimulatedFileSystem files;
  Random random(1);
  const auto file = make_file(files, "a", "written");
  const auto lock = files.lock_directory(folder);
  REQUIRE(lock);
  CHECK(files.lock_directory(folder).error().code == ErrorCode::locked);
  files.crash(random, Unsynced::kept);
  CHECK(files.contents(folder / "a") == "written");
  CHECK(files.lock_directory(folder));
}

TEST_CASE("a crash undoes creations, renames and removals that were not synced") {
  SimulatedFileSystem files;
  Random random(1);
  REQUIRE(make_file(files, "old", "1")->sync());
  REQUIRE(make_file(files, "gone", "2")->sync());
  REQUIRE(files.sync_directory(folder));
  REQUIRE(make_file(files, "new", "3")->sync());
  REQUIRE(files.rename(folder / "old", folder / "renamed"));
  REQUIRE(files.remove(folder / "gone"));
  SECTION("all of them") {
    files.crash(random, Unsynced::lost);
    CHECK(*files.list(folder) == std::vector<std::string>{"gone", "old"});
    CHECK(files.contents(folder / "old") == "1");
  }
  SECTION("none once the folder is synced") {
    REQUIRE(files.sync_directory(folder));
    files.crash(random, Unsynced::lost);
    CHECK(*files.list(folder) == std::vector<std::string>{"new", "renamed"});
  }
  SECTION("each by itself, with some seed") {
    bool kept_the_later_alone = false;
    for (std::uint64_t seed = 0; seed < 64; ++seed) {
      SimulatedFileSystem other;
      Random chance(seed);
      REQUIRE(make_file(other, "first", "1")->sync());
      REQUIRE(make_file(other, "second", "2")->sync());
      other.crash(chance);
      kept_the_later_alone |= exists(other, "second") && !exists(other, "first");
    }
    CHECK(kept_the_later_alone);
  }
}

TEST_CASE("a renaming from one folder to another is lost or kept as a whole, and certain once both are synced") {
  const std::filesystem::path other = "/data/other";
  std::size_t lost = 0;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    SimulatedFileSystem files;
    Random random(seed);
    REQUIRE(files.make_directories(other));
    REQUIRE(make_file(files, "a", "1")->sync());
    REQUIRE(files.sync_directory(folder));
    REQUIRE(files.rename(folder / "a", other / "b"));
    CHECK_FALSE(exists(files, "a"));
    CHECK(files.contents(other / "b") == "1");
    const bool both = seed % 4 == 3;
    if (seed % 4 == 1 || both) REQUIRE(files.sync_directory(folder));
    if (seed % 4 == 2 || both) REQUIRE(files.sync_directory(other));
    const bool certainly_lost = seed % 8 < 4 && !both;
    files.crash(random, certainly_lost ? Unsynced::lost : Unsynced::any);
    const bool is_there = !files.list(other)->empty();
    CHECK(exists(files, "a") == !is_there);
    if (both) CHECK(is_there);
    if (certainly_lost) CHECK_FALSE(is_there);
    lost += !is_there && !certainly_lost;
  }
  CHECK(lost > 4);
  CHECK(lost < 20);
}

TEST_CASE("a crash may keep a later write and lose an earlier one, and may tear one") {
  bool reordered = false;
  bool torn = false;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedFileSystem files;
    Random random(seed);
    const auto file = make_file(files, "a", Bytes(4, '-'));
    REQUIRE(file->sync());
    REQUIRE(files.sync_directory(folder));
    REQUIRE(file->write_at(0, "11"));
    REQUIRE(file->write_at(2, "22"));
    files.crash(random);
    const Bytes content = files.contents(folder / "a");
    reordered |= content == "--22";
    torn |= content == "1---";
  }
  CHECK(reordered);
  CHECK(torn);
}

TEST_CASE("a crash can be placed at any byte of what was not synced") {
  for (std::uint64_t bytes = 0; bytes <= 4; ++bytes) {
    SimulatedFileSystem files;
    const auto file = make_file(files, "a", "....");
    REQUIRE(file->sync());
    REQUIRE(file->write_at(0, "11"));
    REQUIRE(file->write_at(2, "22"));
    CHECK(files.unsynced_bytes() == 4);
    files.crash_after(bytes);
    CHECK(files.contents(folder / "a") == Bytes("1122").substr(0, bytes) + Bytes(4 - bytes, '.'));
  }
}

TEST_CASE("what a failed sync should have written is lost although later syncs succeed") {
  SimulatedFileSystem files;
  Random random(1);
  const auto file = make_file(files, "a", "old");
  REQUIRE(file->sync());
  REQUIRE(files.sync_directory(folder));
  REQUIRE(file->write_at(0, "new"));
  files.fail_next_sync();
  CHECK(file->sync().error().code == ErrorCode::sync_failed);
  CHECK(file->sync());
  CHECK(files.contents(folder / "a") == "new");
  files.crash(random, Unsynced::lost);
  CHECK(files.contents(folder / "a") == "old");
}

TEST_CASE("a full disk takes what fits and overwrites as before") {
  SimulatedFileSystem files;
  const auto file = make_file(files, "a", "1234");
  files.set_capacity(6);
  CHECK(*files.free_bytes(folder) == 2);
  CHECK(file->write_at(4, "5678").error().code == ErrorCode::disk_full);
  CHECK(files.contents(folder / "a") == "123456");
  CHECK(file->write_at(0, "abcdef"));
  CHECK(file->reserve(7).error().code == ErrorCode::disk_full);
}

TEST_CASE("a machine that stops at an operation does nothing more until it comes up") {
  SimulatedFileSystem files;
  Random random(1);
  const auto file = make_file(files, "a", "1");
  files.stop_after(1);
  CHECK(file->write_at(0, "2"));
  CHECK_FALSE(files.has_stopped());
  CHECK_FALSE(file->write_at(0, "3"));
  CHECK(files.has_stopped());
  CHECK_FALSE(file->size());
  CHECK_FALSE(files.open(folder / "a", files::Access::read_only));
  files.crash(random, Unsynced::kept);
  CHECK(files.contents(folder / "a") == "2");
}

TEST_CASE("a mapping shows later writes within it, and a crash takes nothing from it") {
  Random random(1);
  SimulatedFileSystem files;
  const auto file = make_file(files, "a", "content");
  const auto mapping = file->map(5);
  REQUIRE(mapping);
  REQUIRE(file->write_at(3, "TENDED"));
  CHECK((*mapping)->bytes() == "conTE");
  CHECK(*file->next_data(4) == 4);
  REQUIRE(file->write_at(3000, "x"));
  CHECK(*file->next_data(9) == 2560);
  files.crash(random, Unsynced::lost);
  CHECK((*mapping)->bytes() == "conTE");
}
