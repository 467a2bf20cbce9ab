#include <algorithm>
#include <set>

#include "tests/wal/wal_testing.hpp"

using namespace parley;
using namespace parley::wal_testing;
using sim::SimulatedFileSystem;

namespace {

constexpr std::uint64_t small = wal::small_record_bytes;
/// What each of the unsynced entries takes.
constexpr std::uint64_t each = wal::entry_record_bytes(10);

struct Scene {
  std::vector<Entry> synced;
  std::vector<Entry> unsynced;
};

/// Three entries synced, and a batch of a vote and three entries that is not.
Scene play(SimulatedFileSystem& files) {
  EntryMaker maker;
  Scene scene{maker.many(Term{1}, 3), {}};
  wal::Log log = create_log(files);
  wal::Batch first = batch_of(scene.synced);
  first.hard_state = raft::HardState{Term{1}, ServerId{7}};
  write_and_sync(log, first);
  scene.unsynced = maker.many(Term{2}, 3, 10);
  wal::Batch second = batch_of(scene.unsynced);
  second.hard_state = raft::HardState{Term{2}, ServerId{9}};
  write(log, second);
  return scene;
}

std::vector<std::string> torn_copies(SimulatedFileSystem& files) {
  const auto found = wal::look_into(files, folder);
  REQUIRE(found);
  return found->torn_copies;
}

}  // namespace

TEST_CASE("a torn tail is cut at whichever byte the crash came, and a copy of it is kept") {
  SimulatedFileSystem whole;
  play(whole);
  const std::uint64_t size = whole.unsynced_bytes();
  const Bytes written = whole.contents(segment_path(1));
  const std::uint64_t begin = written.find_last_not_of('\0') / 8 * 8 + 8 - size;
  for (std::uint64_t kept = 0; kept <= size; ++kept) {
    SimulatedFileSystem files;
    const Scene scene = play(files);
    files.crash_after(kept);
    const Bytes on_disk = files.contents(segment_path(1));
    // A record is whole when it reads as it was written: what is missing of it may be zeros.
    const std::vector<std::uint64_t> ends{small, 2 * small, 2 * small + each, 2 * small + 2 * each, size};
    std::size_t whole_records = 0;
    std::uint64_t boundary = 0;
    while (whole_records < ends.size() &&
           on_disk.substr(begin, ends[whole_records]) == written.substr(begin, ends[whole_records])) {
      boundary = ends[whole_records++];
    }
    CHECK(boundary <= kept + 16);
    const Bytes tail = on_disk.substr(begin + boundary);
    const std::size_t tail_bytes = tail.find_last_not_of('\0') + 1;
    INFO("kept " << kept);
    {
      const wal::OpenedLog opened = open_log(files);
      const raft::HardState expected =
          whole_records < 2 ? raft::HardState{Term{1}, ServerId{7}} : raft::HardState{Term{2}, ServerId{9}};
      CHECK(opened.recovered.hard_state == expected);
      const std::vector<Entry> entries = joined(scene.synced, scene.unsynced);
      const std::size_t left = 3 + (whole_records < 2 ? 0 : whole_records - 2);
      CHECK(read_all(opened.log) ==
            std::vector<Entry>(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(left)));
      REQUIRE(opened.recovered.torn.has_value() == (tail_bytes > 0));
      if (tail_bytes > 0) {
        CHECK(opened.recovered.torn->segment == segment_path(1));
        CHECK(opened.recovered.torn->offset == begin + boundary);
        CHECK(opened.recovered.torn->bytes == tail_bytes);
        REQUIRE(opened.recovered.torn->copy);
        CHECK(files.contents(*opened.recovered.torn->copy) == tail.substr(0, tail_bytes));
      }
    }
    CHECK(files.contents(segment_path(1)).find_first_not_of('\0', begin + boundary) == Bytes::npos);
    CHECK_FALSE(open_log(files).recovered.torn);
  }
}

TEST_CASE("after a torn tail was cut the log goes on, and what was cut never comes back") {
  // The first of two unsynced batches is lost, the second stands; a new batch of the size of the first meets it.
  bool met = false;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    SimulatedFileSystem files;
    Random random(seed);
    EntryMaker maker;
    {
      wal::Log log = create_log(files);
      write_and_sync(log, maker.many(Term{1}, 2));
      write(log, maker.many(Term{1}, 1));
      write(log, maker.many(Term{1}, 1));
    }
    files.crash(random);
    const Bytes bytes = files.contents(segment_path(1));
    const std::uint64_t end = wal::header_bytes(0) + small + 2 * wal::entry_record_bytes(1);
    const std::uint64_t next = end + small + wal::entry_record_bytes(1);
    const bool first_is_lost = bytes.substr(end, next - end).find_first_not_of('\0') == Bytes::npos;
    if (!first_is_lost || bytes.find_first_not_of('\0', next) == Bytes::npos) continue;
    met = true;
    maker.go_back_to(Index{3});
    {
      wal::OpenedLog opened = open_log(files);
      CHECK(opened.recovered.last.index == Index{2});
      REQUIRE(opened.recovered.torn);
      write_and_sync(opened.log, maker.many(Term{1}, 1));
    }
    CHECK(open_log(files).recovered.last == maker.last());
  }
  CHECK(met);
}

TEST_CASE("a batch of which only the first record survives does not pass off what it was to replace as committed") {
  for (std::uint64_t kept = 0; kept <= small + each; ++kept) {
    SimulatedFileSystem files;
    EntryMaker maker;
    {
      wal::Log log = create_log(files);
      write_and_sync(log, maker.many(Term{1}, 4));
      maker.go_back_to(Index{3});
      const auto instead = maker.many(Term{2}, 2);
      wal::Batch batch = batch_of(instead);
      batch.commit = Index{4};
      write(log, batch);
    }
    files.crash_after(kept);
    CHECK(open_log(files).recovered.commit_hint < Index{3});
  }
}

TEST_CASE("a crash while a torn tail is cut leaves one that is cut the next time") {
  for (std::uint64_t operations = 0;; ++operations) {
    SimulatedFileSystem files;
    Random random(operations);
    const Scene scene = play(files);
    files.crash_after(2 * small + 5);
    files.stop_after(operations);
    const auto opened = wal::Log::open(files, folder, small_segments);
    const bool finished = opened.has_value();
    if (!finished) CHECK(files.has_stopped());
    files.crash(random);
    wal::OpenedLog again = open_log(files);
    CHECK(again.recovered.hard_state == raft::HardState{Term{2}, ServerId{9}});
    CHECK(read_all(again.log) == scene.synced);
    if (finished) break;
    REQUIRE(operations < 1000);
  }
}

TEST_CASE("a bounded number of copies is kept, and the newest is among them") {
  SimulatedFileSystem files;
  EntryMaker maker;
  { const wal::Log log = create_log(files); }
  std::set<std::string> seen;
  for (std::size_t crash = 0; crash < limits::torn_copies + 4; ++crash) {
    {
      wal::OpenedLog opened = open_log(files);
      write_and_sync(opened.log, maker.many(Term{1}, 1));
      write(opened.log, maker.many(Term{1}, 1));
      maker.go_back_to(maker.last().index);
    }
    files.crash_after(40);
    const wal::OpenedLog opened = open_log(files);
    REQUIRE(opened.recovered.torn);
    REQUIRE(opened.recovered.torn->copy);
    const std::string name = opened.recovered.torn->copy->filename().string();
    CHECK(seen.insert(name).second);
    const auto copies = torn_copies(files);
    CHECK(copies.size() <= limits::torn_copies);
    CHECK(std::ranges::find(copies, name) != copies.end());
  }
}

TEST_CASE("a copy does not overwrite the one before that began at the same place") {
  SimulatedFileSystem files;
  EntryMaker maker;
  { const wal::Log log = create_log(files); }
  std::vector<std::filesystem::path> copies;
  for (const std::uint64_t kept : {9, 14}) {
    {
      wal::OpenedLog opened = open_log(files);
      write(opened.log, maker.many(Term{1}, 1));
      maker.go_back_to(Index{1});
    }
    files.crash_after(kept);
    const wal::OpenedLog opened = open_log(files);
    REQUIRE(opened.recovered.torn);
    CHECK(opened.recovered.torn->offset == wal::header_bytes(0));
    copies.push_back(opened.recovered.torn->copy.value());
  }
  CHECK(files.contents(copies[0]).size() == 9);
  CHECK(files.contents(copies[1]).size() == 14);
}

TEST_CASE("a torn tail is cut without a copy when the disk is too full for one") {
  SimulatedFileSystem files;
  const Scene scene = play(files);
  files.crash_after(100);
  files.set_capacity(files.used_bytes() + 3);
  const wal::OpenedLog opened = open_log(files);
  REQUIRE(opened.recovered.torn);
  CHECK_FALSE(opened.recovered.torn->copy);
  CHECK(torn_copies(files).empty());
  CHECK(read_all(opened.log) == scene.synced);
}

TEST_CASE("what an opened log reports is durable, even if the sync before it failed and the process alone died") {
  SimulatedFileSystem files;
  Random random(1);
  EntryMaker maker;
  {
    wal::Log log = create_log(files);
    write_and_sync(log, maker.many(Term{1}, 2));
    write(log, maker.many(Term{1}, 2));
    files.fail_next_sync();
    CHECK(log.sync().error().code == ErrorCode::sync_failed);
  }
  files.crash(random, sim::Unsynced::kept);
  CHECK(open_log(files).recovered.last.index == Index{4});
  files.crash(random, sim::Unsynced::lost);
  CHECK(open_log(files).recovered.last.index == Index{4});
}
