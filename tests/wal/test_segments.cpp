#include "common/base/chain.hpp"
#include "tests/wal/wal_testing.hpp"

using namespace parley;
using namespace parley::wal_testing;
using sim::SimulatedFileSystem;

namespace {

std::vector<std::string> names(SimulatedFileSystem& files) { return *files.list(folder); }

/// Writes synced batches of ten entries until the log has so many segments; appends them to `all`.
void fill(wal::Log& log, EntryMaker& maker, std::size_t segments, std::vector<Entry>& all, Term term = Term{1}) {
  while (log.segments().size() < segments) {
    const auto entries = maker.many(term, 10, 100);
    all = joined(all, entries);
    write_and_sync(log, entries);
  }
}

std::vector<Entry> from(const std::vector<Entry>& all, Index first) {
  return {all.begin() + static_cast<std::ptrdiff_t>(first.value - 1), all.end()};
}

}  // namespace

TEST_CASE("a full segment is followed by the next, and the log reads across them") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  {
    wal::Log log = create_log(files);
    fill(log, maker, 5, all);
    CHECK(read_all(log) == all);
    CHECK(log.counters().segments == 5);
  }
  wal::OpenedLog opened = open_log(files);
  CHECK(read_all(opened.log) == all);
  CHECK(opened.log.segments().size() == 5);
  fill(opened.log, maker, 7, all);
  CHECK(read_all(opened.log) == all);
}

TEST_CASE("a batch goes on in the next segments where it does not fit") {
  SimulatedFileSystem files;
  Random random(1);
  EntryMaker maker;
  const auto entries = maker.many(Term{1}, 300, 100);
  const auto more = maker.many(Term{2}, 5);
  {
    wal::Log log = create_log(files);
    wal::Batch batch;
    batch.hard_state = raft::HardState{Term{2}, ServerId{7}};
    batch.entries = {entries, more};
    write_and_sync(log, batch);
    CHECK(log.segments().size() > 4);
    CHECK(log.counters().writes == log.segments().size());
    CHECK(read_all(log) == joined(entries, more));
  }
  files.crash(random, sim::Unsynced::lost);
  const wal::OpenedLog opened = open_log(files);
  CHECK(read_all(opened.log) == joined(entries, more));
  CHECK(opened.recovered.hard_state == raft::HardState{Term{2}, ServerId{7}});
}

TEST_CASE("a replaced suffix may reach back over several segments") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  {
    wal::Log log = create_log(files);
    fill(log, maker, 4, all);
    maker.go_back_to(Index{15});
    all.resize(14);
    fill(log, maker, 6, all, Term{2});
    CHECK(read_all(log) == all);
  }
  const wal::OpenedLog opened = open_log(files);
  CHECK(read_all(opened.log) == all);
  CHECK(opened.recovered.term_runs == std::vector<wal::TermRun>{{Index{1}, Term{1}}, {Index{15}, Term{2}}});
}

TEST_CASE("a spare is made in steps, kept across a restart and used for the next segment") {
  SimulatedFileSystem files;
  const wal::Options options{3 * limits::MiB, true};
  EntryMaker maker;
  {
    wal::Log log = create_log(files, options);
    int steps = 1;
    while (*log.prepare()) ++steps;
    CHECK(steps == 5);  // made, three times filled, named
    CHECK(log.has_spare());
    CHECK_FALSE(*log.prepare());
    CHECK(names(files) == std::vector<std::string>{wal::segment_name(1), wal::spare_name(2)});
  }
  wal::OpenedLog opened = open_log(files, options);
  CHECK(opened.log.has_spare());
  const auto before = files.counters().bytes_written;
  for (int batch = 0; batch < 4; ++batch) write_and_sync(opened.log, maker.many(Term{1}, 10, 100'000));
  CHECK(files.counters().bytes_written - before < 5 * limits::MiB);
  CHECK(names(files) == std::vector<std::string>{wal::segment_name(1), wal::segment_name(2)});
}

TEST_CASE("a spare of another size, or one that is not finished, is removed when the log is opened") {
  SimulatedFileSystem files;
  {
    wal::Log log = create_log(files);
    SECTION("another size") { make_spare(log); }
    SECTION("not finished") { REQUIRE(*log.prepare()); }
  }
  CHECK(names(files).size() == 2);
  wal::OpenedLog opened = open_log(files, {32 * limits::KiB, true});
  CHECK(names(files) == std::vector<std::string>{wal::segment_name(1)});
  EntryMaker maker;
  std::vector<Entry> all;
  fill(opened.log, maker, 3, all);
  CHECK(files.contents(segment_path(1)).size() == 16 * limits::KiB);
  CHECK(files.contents(segment_path(2)).size() == 32 * limits::KiB);
  CHECK(read_all(opened.log) == all);
}

TEST_CASE("a spare into which a crash left a header is not used") {
  SimulatedFileSystem files;
  {
    wal::Log log = create_log(files);
    make_spare(log);
  }
  auto file = files.open(folder / wal::spare_name(2), wal::Access::read_write);
  REQUIRE((*file)->write_at(5000, "left over"));
  REQUIRE((*file)->sync());
  const wal::OpenedLog opened = open_log(files);
  CHECK_FALSE(opened.log.has_spare());
  CHECK(names(files) == std::vector<std::string>{wal::segment_name(1)});
}

TEST_CASE("trimming removes whole segments, and the log begins with the one that has the first entry to keep") {
  SimulatedFileSystem files;
  Random random(1);
  EntryMaker maker;
  std::vector<Entry> all{maker.next(Term{1}, "members", EntryKind::membership)};
  Index first;
  {
    wal::Log log = create_log(files);
    write_and_sync(log, all);
    fill(log, maker, 5, all);
    first = log.segments()[2].before.index.next();
    REQUIRE(log.trim_before(first));
    CHECK(log.segments().size() == 3);
    CHECK(log.first() == first);
    CHECK(log.start().digest == all[first.value - 2].digest);
    CHECK(read_all(log) == from(all, first));
    CHECK(log.read(first.previous(), first, 10'000)->empty());
    CHECK(log.term_at(log.start().index) == Term{1});
    REQUIRE(log.trim_before(log.segments()[1].before.index));
    CHECK(log.first() == first);
  }
  files.crash(random, sim::Unsynced::lost);
  wal::OpenedLog opened = open_log(files);
  CHECK(opened.recovered.start.index == first.previous());
  CHECK(opened.recovered.memberships == std::vector<wal::MembershipAt>{{Index{1}, "members"}});
  CHECK(opened.recovered.term_runs == std::vector<wal::TermRun>{{first, Term{1}}});
  CHECK(read_all(opened.log) == from(all, first));
  fill(opened.log, maker, 5, all);
  CHECK(read_all(opened.log) == from(all, first));
}

TEST_CASE("the last segment stays, even if all its entries may go") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  wal::Log log = create_log(files);
  fill(log, maker, 3, all);
  REQUIRE(log.trim_before(log.last().index.next()));
  CHECK(log.segments().size() == 1);
  CHECK(log.last() == maker.last());
  CHECK(read_all(log) == from(all, log.first()));
}

TEST_CASE("the log does not begin with a segment whose header names an entry that was replaced") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  wal::Log log = create_log(files);
  fill(log, maker, 2, all);
  // The second segment begins behind an entry that is replaced within it.
  const Index named = log.segments()[1].before.index;
  maker.go_back_to(named);
  all.resize(named.value - 1);
  fill(log, maker, 3, all, Term{2});
  REQUIRE(log.trim_before(named.next()));
  CHECK(log.segments().size() == 3);
  CHECK(log.first() == Index{1});
  const Index third = log.segments()[2].before.index.next();

  SECTION("it goes when a later one can be the first") {
    REQUIRE(log.trim_before(third));
    CHECK(log.segments().size() == 1);
    CHECK(read_all(log) == from(all, third));
  }
  SECTION("and a crash in between leaves a log that begins there") {
    make_spare(log);
    files.stop_after(2);  // the removal of the first segment, and the sync of the folder
    CHECK_FALSE(log.trim_before(third));
    Random random(1);
    { const wal::Log gone = std::move(log); }
    files.crash(random, sim::Unsynced::lost);
    CHECK(names(files).front() == wal::segment_name(2));
    const wal::OpenedLog opened = open_log(files);
    CHECK(opened.recovered.start.index == third.previous());
    CHECK(read_all(opened.log) == from(all, third));
    CHECK(names(files).front() == wal::segment_name(3));
  }
}

TEST_CASE("a log that starts after an image has nothing from before it") {
  SimulatedFileSystem files;
  Random random(1);
  EntryMaker maker;
  std::vector<Entry> all;
  const wal::Start image{Index{1000}, Term{4}, blake2b("image")};
  const wal::MembershipAt membership{Index{900}, "members"};
  EntryMaker behind(image);
  const raft::HardState vote{Term{5}, ServerId{3}};
  const auto check = [&](const wal::Recovered& recovered) {
    CHECK(recovered.identity == test_identity());
    CHECK(recovered.hard_state == vote);
    CHECK(recovered.start == image);
    CHECK(recovered.memberships == std::vector<wal::MembershipAt>{membership});
    CHECK(recovered.commit_hint == image.index);
  };
  {
    wal::Log log = create_log(files);
    fill(log, maker, 3, all);
    wal::Batch batch;
    batch.hard_state = vote;
    write(log, batch);
    REQUIRE(log.start_after(image, membership));
    CHECK(log.last() == image);
    CHECK(log.first() == Index{1001});
    CHECK(log.segments().size() == 1);
    CHECK(log.read(Index{1}, Index{5}, 1000)->empty());
  }
  files.crash(random, sim::Unsynced::lost);
  std::vector<Entry> entries;
  {
    wal::OpenedLog opened = open_log(files);
    check(opened.recovered);
    CHECK(opened.recovered.last == image);
    entries = behind.many(Term{5}, 3);
    write_and_sync(opened.log, entries);
  }
  const wal::OpenedLog opened = open_log(files);
  check(opened.recovered);
  CHECK(read_all(opened.log) == entries);
}

TEST_CASE("starting after an image is all or nothing wherever the crash comes") {
  const wal::Start image{Index{1000}, Term{4}, blake2b("image")};
  bool kept = false;
  bool replaced = false;
  for (std::uint64_t operations = 0;; ++operations) {
    SimulatedFileSystem files;
    Random random(operations);
    EntryMaker maker;
    std::vector<Entry> all;
    bool finished = false;
    {
      wal::Log log = create_log(files);
      fill(log, maker, 3, all);
      files.stop_after(operations);
      finished = log.start_after(image, {Index{900}, "members"}).has_value();
    }
    files.crash(random);
    const wal::OpenedLog opened = open_log(files);
    INFO("operations " << operations);
    if (opened.recovered.start == image) {
      replaced = true;
      CHECK(opened.recovered.last == image);
      CHECK(opened.log.segments().size() == 1);
    } else {
      kept = true;
      CHECK_FALSE(finished);
      CHECK(read_all(opened.log) == all);
    }
    if (finished) break;
    REQUIRE(operations < 1000);
  }
  CHECK(kept);
  CHECK(replaced);
}

TEST_CASE("a log that adopted a cluster keeps it from segment to segment") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  {
    wal::Log log = create_log(files, small_segments, {ClusterId{}, ServerId{9}});
    wal::Batch batch;
    batch.adopt = test_identity().cluster;
    write_and_sync(log, batch);
    fill(log, maker, 4, all);
    REQUIRE(log.trim_before(log.last().index));
  }
  CHECK(open_log(files).recovered.identity == wal::Identity{test_identity().cluster, ServerId{9}});
}
