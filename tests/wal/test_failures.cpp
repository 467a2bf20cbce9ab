#include "tests/wal/wal_testing.hpp"

using namespace parley;
using namespace parley::wal_testing;
using sim::SimulatedFileSystem;
using sim::Unsynced;

namespace {

/// Writes batches of five entries until the disk is full; returns what was acknowledged.
std::vector<Entry> write_until_full(wal::Log& log, EntryMaker& maker) {
  std::vector<Entry> all;
  while (true) {
    const Index before = maker.last().index;
    const auto entries = maker.many(Term{1}, 5, 100);
    const Status written = log.write(batch_of(entries));
    if (!written) {
      CHECK(written.error().code == ErrorCode::disk_full);
      maker.go_back_to(before.next());
      return all;
    }
    REQUIRE(log.sync());
    all = joined(all, entries);
    REQUIRE(all.size() < 10'000);
  }
}

}  // namespace

TEST_CASE(
    "a disk that is full at any point refuses a new log and leaves nothing of it, or refuses entries and keeps the "
    "rest") {
  bool refused_log = false;
  bool refused_entries = false;
  for (std::uint64_t capacity = 0; capacity < 60 * limits::KiB; capacity += 1021) {
    SimulatedFileSystem files;
    Random random(capacity);
    files.set_capacity(capacity);
    INFO("capacity " << capacity);
    EntryMaker maker;
    std::vector<Entry> all;
    {
      auto log = wal::Log::create(files, folder, test_identity(), small_segments);
      if (!log) {
        refused_log = true;
        CHECK(log.error().code == ErrorCode::disk_full);
        CHECK(files.used_bytes() == 0);
        CHECK_FALSE(*wal::Log::exists(files, folder));
        continue;
      }
      refused_entries = true;
      all = write_until_full(*log, maker);
      CHECK(log->prepare().error().code == ErrorCode::disk_full);
      CHECK(read_all(*log) == all);
      CHECK(log->last() == maker.last());
    }
    files.crash(random, Unsynced::lost);
    wal::OpenedLog opened = open_log(files);
    CHECK(read_all(opened.log) == all);
    CHECK_FALSE(opened.recovered.torn);
    files.set_capacity(limits::MiB);
    for (int batch = 0; batch < 50; ++batch) {
      const auto entries = maker.many(Term{1}, 5, 100);
      write_and_sync(opened.log, entries);
      all = joined(all, entries);
    }
    CHECK(read_all(opened.log) == all);
  }
  CHECK(refused_log);
  CHECK(refused_entries);
}

TEST_CASE("a full disk still takes votes") {
  SimulatedFileSystem files;
  files.set_capacity(17 * limits::KiB);
  EntryMaker maker;
  {
    wal::Log log = create_log(files);
    write_until_full(log, maker);
    for (std::uint64_t term = 1; term <= 20; ++term) {
      wal::Batch vote;
      vote.hard_state = raft::HardState{Term{term}, ServerId{term}};
      write_and_sync(log, vote);
    }
    const auto one = maker.many(Term{20}, 1);
    CHECK(log.write(batch_of(one)).error().code == ErrorCode::disk_full);
    maker.go_back_to(one[0].index);
  }
  const wal::OpenedLog opened = open_log(files);
  CHECK(opened.recovered.hard_state == raft::HardState{Term{20}, ServerId{20}});
  CHECK(opened.recovered.last == maker.last());
}

TEST_CASE("a batch that needs more segments than the disk has room for is refused before any of it is written") {
  SimulatedFileSystem files;
  files.set_capacity(40 * limits::KiB);
  EntryMaker maker;
  wal::Log log = create_log(files);
  const auto entries = maker.many(Term{1}, 300, 100);
  const Bytes before = files.contents(segment_path(1));
  CHECK(log.write(batch_of(entries)).error().code == ErrorCode::disk_full);
  CHECK(files.contents(segment_path(1)) == before);
  CHECK(log.last().index == Index{0});
  files.set_capacity(limits::MiB);
  write_and_sync(log, entries);
  CHECK(read_all(log) == entries);
}

TEST_CASE("a failed sync is never retried: every later write and sync fails with it") {
  SimulatedFileSystem files;
  EntryMaker maker;
  wal::Log log = create_log(files);
  write_and_sync(log, maker.many(Term{1}, 1));
  write(log, maker.many(Term{1}, 1));
  files.fail_next_sync();
  CHECK(log.sync().error().code == ErrorCode::sync_failed);
  const auto syncs = files.counters().syncs;
  CHECK(log.sync().error().code == ErrorCode::sync_failed);
  const auto entries = maker.many(Term{1}, 1);
  CHECK(log.write(batch_of(entries)).error().code == ErrorCode::sync_failed);
  CHECK(log.prepare().error().code == ErrorCode::sync_failed);
  CHECK(log.trim_before(Index{1}).error().code == ErrorCode::sync_failed);
  CHECK(log.start_after(maker.last(), {}).error().code == ErrorCode::sync_failed);
  CHECK(files.counters().syncs == syncs);
  CHECK(read_all(log).size() == 2);
}

TEST_CASE("a failed sync while a segment is begun or prepared stops the log as well") {
  SimulatedFileSystem files;
  EntryMaker maker;
  wal::Log log = create_log(files);
  const auto fail_once = [&] {
    SECTION("of a file") { files.fail_next_sync(); }
    SECTION("of the folder") { files.fail_next_directory_sync(); }
  };
  SECTION("begun") {
    make_spare(log);
    const auto entries = maker.many(Term{1}, 200, 100);
    fail_once();
    CHECK(log.write(batch_of(entries)).error().code == ErrorCode::sync_failed);
    CHECK(log.write(batch_of(entries)).error().code == ErrorCode::sync_failed);
  }
  SECTION("prepared") {
    fail_once();
    auto more = log.prepare();
    while (more && *more) more = log.prepare();
    REQUIRE_FALSE(more);
    CHECK(more.error().code == ErrorCode::sync_failed);
  }
  CHECK(log.sync().error().code == ErrorCode::sync_failed);
}

TEST_CASE("a write that fails in the middle is taken back, and what is written instead stands alone") {
  for (std::uint64_t written = 0; written <= 400; written += 13) {
    for (const ErrorCode code : {ErrorCode::disk_full, ErrorCode::io}) {
      SimulatedFileSystem files;
      Random random(written);
      EntryMaker maker;
      std::vector<Entry> all = maker.many(Term{1}, 2);
      {
        wal::Log log = create_log(files);
        write_and_sync(log, all);
        const auto failed = maker.many(Term{1}, 3, 20);
        files.fail_next_write(written, code);
        CHECK(log.write(batch_of(failed)).error().code == code);
        CHECK(log.last().index == Index{2});
        maker.go_back_to(Index{3});
        const auto instead = maker.many(Term{2}, 1, 20);
        write_and_sync(log, instead);
        all = joined(all, instead);
      }
      files.crash(random, Unsynced::any);
      const wal::OpenedLog opened = open_log(files);
      CHECK(read_all(opened.log) == all);
      CHECK_FALSE(opened.recovered.torn);
    }
  }
}

TEST_CASE("a write that can not be taken back stops the log") {
  SimulatedFileSystem files;
  EntryMaker maker;
  wal::Log log = create_log(files);
  files.stop_after(0);
  const auto entries = maker.many(Term{1}, 1);
  CHECK(log.write(batch_of(entries)).error().code == ErrorCode::io);
  Random random(1);
  CHECK(log.sync().error().code == ErrorCode::io);
}

TEST_CASE("a header that can not be written leaves the log as it was, and the next attempt succeeds") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  wal::Log log = create_log(files);
  while (log.segments().back().end_offset() < 14 * limits::KiB) {
    all = joined(all, maker.many(Term{1}, 1, 100));
    write_and_sync(log, {all.back()});
  }
  make_spare(log);
  const auto entries = maker.many(Term{1}, 1, 3000);
  files.fail_next_write(100, ErrorCode::disk_full);
  CHECK(log.write(batch_of(entries)).error().code == ErrorCode::disk_full);
  CHECK_FALSE(log.has_spare());
  CHECK(read_all(log) == all);
  write_and_sync(log, entries);
  CHECK(read_all(log) == joined(all, entries));
}

TEST_CASE("a segment stands under its name for good before anything is written to it") {
  // The same run on a disk that does not sync folders loses the segment: the log does sync them, and it matters.
  for (const bool ignored : {false, true}) {
    SimulatedFileSystem files;
    Random random(1);
    EntryMaker maker;
    {
      wal::Log log = create_log(files);
      files.ignore_directory_syncs(ignored);
      while (log.segments().size() < 3) write_and_sync(log, maker.many(Term{1}, 5, 100));
    }
    files.crash(random, Unsynced::lost);
    const auto opened = wal::Log::open(files, folder, small_segments);
    CHECK((opened && opened->recovered.last == maker.last()) == !ignored);
  }
}

TEST_CASE("a process dies at any operation, the next one goes on, and then the machine loses all that was not synced") {
  for (std::uint64_t operations = 0;; ++operations) {
    SimulatedFileSystem files;
    Random random(operations);
    EntryMaker maker;
    bool died = false;
    {
      wal::Log log = create_log(files);
      write_and_sync(log, maker.many(Term{1}, 3, 100));
      files.stop_after(operations);
      EntryMaker unsynced = maker;
      while (log.segments().size() < 2 && !died) died = !log.write(batch_of(unsynced.many(Term{1}, 5, 100)));
    }
    files.crash(random, Unsynced::kept);
    {
      wal::OpenedLog opened = open_log(files);
      maker = EntryMaker(opened.log.last());
      write_and_sync(opened.log, maker.many(Term{2}, 3, 100));
    }
    files.crash(random, Unsynced::lost);
    INFO("operations " << operations);
    CHECK(open_log(files).recovered.last == maker.last());
    if (!died) return;
  }
}

TEST_CASE("a crash at any operation loses nothing that was synced") {
  for (std::uint64_t operations = 0;; ++operations) {
    SimulatedFileSystem files;
    Random random(operations);
    EntryMaker maker;
    std::vector<Entry> written;
    Index synced;
    Index trimmed;
    bool created = false;
    files.stop_after(operations);
    {
      auto log = wal::Log::create(files, folder, test_identity(), small_segments);
      created = log.has_value();
      while (created && maker.last().index < Index{300}) {
        const auto entries = maker.many(Term{1}, 30, 100);
        written = joined(written, entries);
        if (!log->write(batch_of(entries)) || !log->sync()) break;
        synced = maker.last().index;
        if (synced == Index{150}) trimmed = Index{120};
        if (!log->prepare() || (synced == Index{150} && !log->trim_before(trimmed))) break;
      }
    }
    const bool finished = !files.has_stopped();
    files.crash(random);
    INFO("operations " << operations);
    const auto exists = wal::Log::exists(files, folder);
    REQUIRE(exists);
    CHECK((*exists || !created));
    if (*exists) {
      const wal::OpenedLog opened = open_log(files);
      CHECK(opened.recovered.last.index >= synced);
      CHECK(opened.log.first() <= std::max(trimmed, Index{1}));
      const auto found = read_all(opened.log);
      REQUIRE(opened.recovered.last.index.value <= written.size());
      CHECK(found ==
            std::vector<Entry>(written.begin() + static_cast<std::ptrdiff_t>(opened.recovered.start.index.value),
                               written.begin() + static_cast<std::ptrdiff_t>(opened.recovered.last.index.value)));
    }
    if (finished) break;
    REQUIRE(operations < 10'000);
  }
}
