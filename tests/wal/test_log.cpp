#include "common/base/chain.hpp"
#include "common/wal/inspect.hpp"
#include "tests/wal/wal_testing.hpp"

using namespace parley;
using namespace parley::wal_testing;
using sim::SimulatedFileSystem;

TEST_CASE("a new log is empty and survives a crash") {
  SimulatedFileSystem files;
  Random random(1);
  CHECK_FALSE(*wal::Log::exists(files, folder));
  { const wal::Log log = create_log(files); }
  files.crash(random, sim::Unsynced::lost);
  CHECK(*wal::Log::exists(files, folder));
  const wal::OpenedLog opened = open_log(files);
  CHECK(opened.recovered.identity == test_identity());
  CHECK(opened.recovered.hard_state == raft::HardState{});
  CHECK(opened.recovered.start == wal::Start{Index{0}, Term{0}, chain_start(test_identity().cluster)});
  CHECK(opened.recovered.last == opened.recovered.start);
  CHECK(opened.recovered.memberships.empty());
  CHECK(opened.recovered.term_runs.empty());
  CHECK_FALSE(opened.recovered.torn);
  CHECK(read_all(opened.log).empty());
}

TEST_CASE("a second log is not made in the same folder") {
  SimulatedFileSystem files;
  { const wal::Log log = create_log(files); }
  CHECK(wal::Log::create(files, folder, test_identity(), small_segments).error().code == ErrorCode::usage);
}

TEST_CASE("a log belongs to one process at a time") {
  SimulatedFileSystem files;
  {
    const wal::Log log = create_log(files);
    CHECK(wal::Log::open(files, folder, small_segments).error().code == ErrorCode::locked);
    CHECK(wal::Log::open(files, folder, small_segments, wal::OpenMode::inspect));
  }
  CHECK(wal::Log::open(files, folder, small_segments));
}

TEST_CASE("what was appended and synced is read back, at once and after a crash") {
  SimulatedFileSystem files;
  Random random(1);
  EntryMaker maker;
  const auto first = maker.many(Term{1}, 5);
  std::vector<Entry> second{maker.next(Term{2}, "", EntryKind::noop)};
  second = joined(second, maker.many(Term{2}, 3, 200));
  {
    wal::Log log = create_log(files);
    write_and_sync(log, first);
    wal::Batch batch = batch_of(second);
    batch.commit = Index{4};
    write_and_sync(log, batch);
    CHECK(read_all(log) == joined(first, second));
    CHECK(log.first() == Index{1});
    CHECK(log.last() == maker.last());
    CHECK(log.counters().writes == 2);
    CHECK(log.counters().syncs == 2);
  }
  files.crash(random, sim::Unsynced::lost);
  const wal::OpenedLog opened = open_log(files);
  CHECK(read_all(opened.log) == joined(first, second));
  CHECK(opened.recovered.last == maker.last());
  CHECK(opened.recovered.commit_hint == Index{4});
  CHECK(opened.recovered.term_runs == std::vector<wal::TermRun>{{Index{1}, Term{1}}, {Index{6}, Term{2}}});
  CHECK(opened.log.term_at(Index{5}) == Term{1});
  CHECK(opened.log.term_at(Index{6}) == Term{2});
  CHECK_FALSE(opened.log.term_at(Index{10}));
}

TEST_CASE("what was not synced may be gone after a crash") {
  SimulatedFileSystem files;
  Random random(1);
  EntryMaker maker;
  {
    wal::Log log = create_log(files);
    write_and_sync(log, maker.many(Term{1}, 2));
    write(log, maker.many(Term{1}, 2));
  }
  files.crash(random, sim::Unsynced::lost);
  CHECK(open_log(files).recovered.last.index == Index{2});
}

TEST_CASE("term and vote are kept, with entries and without, and the last ones count") {
  SimulatedFileSystem files;
  EntryMaker maker;
  {
    wal::Log log = create_log(files);
    wal::Batch vote;
    vote.hard_state = raft::HardState{Term{3}, ServerId{7}};
    write_and_sync(log, vote);
    CHECK(log.hard_state() == *vote.hard_state);
    const auto entries = maker.many(Term{4}, 1);
    wal::Batch both = batch_of(entries);
    both.hard_state = raft::HardState{Term{4}, nobody};
    write_and_sync(log, both);
  }
  {
    const wal::OpenedLog opened = open_log(files);
    CHECK(opened.recovered.hard_state == raft::HardState{Term{4}, nobody});
    CHECK(opened.recovered.last.index == Index{1});
  }
}

TEST_CASE("a batch without news writes nothing") {
  SimulatedFileSystem files;
  wal::Log log = create_log(files);
  wal::Batch batch;
  batch.hard_state = raft::HardState{Term{1}, ServerId{7}};
  batch.commit = Index{1};
  write_and_sync(log, batch);
  write_and_sync(log, batch);
  write_and_sync(log, wal::Batch{});
  CHECK(log.counters().writes == 1);
  CHECK(log.counters().syncs == 1);
}

TEST_CASE("a commit hint alone is kept") {
  SimulatedFileSystem files;
  EntryMaker maker;
  {
    wal::Log log = create_log(files);
    write(log, maker.many(Term{1}, 3));
    wal::Batch hint;
    hint.commit = Index{3};
    write_and_sync(log, hint);
  }
  CHECK(open_log(files).recovered.commit_hint == Index{3});
}

TEST_CASE("a joiner's log adopts its cluster, with which the chain begins") {
  SimulatedFileSystem files;
  const wal::Identity identity = test_identity();
  EntryMaker maker(identity.cluster);
  {
    wal::Log log = create_log(files, small_segments, {ClusterId{}, identity.server});
    CHECK(log.last().digest == chain_start(ClusterId{}));
    const auto entries = maker.many(Term{1}, 2);
    wal::Batch batch = batch_of(entries);
    batch.adopt = identity.cluster;
    write_and_sync(log, batch);
    CHECK(log.identity() == identity);
    CHECK(log.start().digest == chain_start(identity.cluster));
  }
  const wal::OpenedLog opened = open_log(files);
  CHECK(opened.recovered.identity == identity);
  CHECK(opened.recovered.start.digest == chain_start(identity.cluster));
  CHECK(opened.recovered.last == maker.last());
}

TEST_CASE("an entry that is not above the last one replaces it and all that follow") {
  SimulatedFileSystem files;
  EntryMaker maker;
  const auto first = maker.many(Term{1}, 6);
  maker.go_back_to(Index{4});
  const auto second = maker.many(Term{2}, 2);
  maker.go_back_to(Index{5});
  const auto third = maker.many(Term{5}, 1);
  std::vector<Entry> expected(first.begin(), first.begin() + 3);
  expected.push_back(second[0]);
  expected.push_back(third[0]);
  {
    wal::Log log = create_log(files);
    SECTION("in batches of their own") {
      write_and_sync(log, first);
      write_and_sync(log, second);
      CHECK(log.last().index == Index{5});
      write_and_sync(log, third);
    }
    SECTION("within one batch") {
      wal::Batch batch;
      batch.entries = {first, second, third};
      write_and_sync(log, batch);
      CHECK(log.counters().writes == 1);
    }
    CHECK(read_all(log) == expected);
    CHECK(log.last() == maker.last());
  }
  const wal::OpenedLog opened = open_log(files);
  CHECK(read_all(opened.log) == expected);
  CHECK(opened.recovered.last == maker.last());
  CHECK(opened.recovered.term_runs ==
        std::vector<wal::TermRun>{{Index{1}, Term{1}}, {Index{4}, Term{2}}, {Index{5}, Term{5}}});
}

TEST_CASE("a whole log can be replaced from its first entry on") {
  SimulatedFileSystem files;
  EntryMaker maker;
  {
    wal::Log log = create_log(files);
    write(log, maker.many(Term{1}, 4));
    maker.go_back_to(Index{1});
    write_and_sync(log, maker.many(Term{2}, 1));
  }
  const wal::OpenedLog opened = open_log(files);
  CHECK(opened.recovered.last == maker.last());
  CHECK(opened.recovered.term_runs == std::vector<wal::TermRun>{{Index{1}, Term{2}}});
}

TEST_CASE("memberships are kept with their index and go with their entry") {
  SimulatedFileSystem files;
  EntryMaker maker;
  const std::vector<Entry> entries{maker.next(Term{1}, "one", EntryKind::membership), maker.next(Term{1}, "x"),
                                   maker.next(Term{1}, "three", EntryKind::membership)};
  {
    wal::Log log = create_log(files);
    write_and_sync(log, entries);
  }
  const std::vector<wal::MembershipAt> both{{Index{1}, "one"}, {Index{3}, "three"}};
  {
    wal::OpenedLog opened = open_log(files);
    CHECK(opened.recovered.memberships == both);
    maker.go_back_to(Index{3});
    write_and_sync(opened.log, maker.many(Term{2}, 1));
  }
  CHECK(open_log(files).recovered.memberships == std::vector<wal::MembershipAt>{{Index{1}, "one"}});
}

TEST_CASE("a read gives what there is in the range, and at least one entry") {
  SimulatedFileSystem files;
  EntryMaker maker;
  const auto entries = maker.many(Term{1}, 300, 100);
  wal::Log log = create_log(files);
  write_and_sync(log, entries);
  const std::size_t each = entry_bytes(entries[0]);
  const auto read = [&](std::uint64_t from, std::uint64_t to, std::size_t bytes) {
    auto found = log.read(Index{from}, Index{to}, bytes);
    REQUIRE(found);
    return std::move(*found);
  };
  const auto expected = [&](std::size_t from, std::size_t to) {
    return std::vector<Entry>(entries.begin() + static_cast<std::ptrdiff_t>(from - 1),
                              entries.begin() + static_cast<std::ptrdiff_t>(to));
  };
  CHECK(read(1, 300, 1'000'000) == entries);
  CHECK(read(70, 71, 1'000'000) == expected(70, 71));
  CHECK(read(128, 400, 1'000'000) == expected(128, 300));
  CHECK(read(5, 300, 10 * each) == expected(5, 14));
  CHECK(read(5, 300, 0) == expected(5, 5));
  CHECK(read(0, 300, 1'000'000).empty());
  CHECK(read(301, 301, 1'000'000).empty());
  CHECK(read(9, 8, 1'000'000).empty());
}

TEST_CASE("payloads outlive the reads that follow") {
  SimulatedFileSystem files;
  EntryMaker maker;
  const auto entries = maker.many(Term{1}, 50, 100);
  std::vector<Entry> kept;
  {
    wal::Log log = create_log(files);
    write_and_sync(log, entries);
    for (const Entry& entry : entries) {
      auto one = log.read(entry.index, entry.index, 1);
      REQUIRE(one);
      kept.push_back(one->front());
    }
  }
  CHECK(kept == entries);
}

TEST_CASE("without syncs nothing is synced and nothing is claimed to be") {
  SimulatedFileSystem files;
  Random random(1);
  EntryMaker maker;
  const wal::Options options{16 * limits::KiB, false};
  {
    wal::Log log = create_log(files, options);
    const auto before = files.counters().syncs;
    for (int i = 0; i < 3; ++i) write_and_sync(log, maker.many(Term{1}, 2));
    CHECK(files.counters().syncs == before);
    CHECK(log.counters().syncs == 0);
  }
  SECTION("a process that dies loses nothing") {
    files.crash(random, sim::Unsynced::kept);
    CHECK(open_log(files, options).recovered.last.index == Index{6});
  }
  SECTION("a machine that dies loses what it will, and that is a torn tail") {
    for (std::uint64_t bytes = 0; bytes < 500; bytes += 7) {
      SimulatedFileSystem other;
      EntryMaker again;
      {
        wal::Log log = create_log(other, options);
        for (int i = 0; i < 3; ++i) write_and_sync(log, again.many(Term{1}, 2));
      }
      other.crash_after(bytes);
      CHECK(open_log(other, options).recovered.last.index < Index{6});
    }
  }
}

TEST_CASE("inspection reports what stands in the folder and changes nothing") {
  SimulatedFileSystem files;
  EntryMaker maker;
  {
    wal::Log log = create_log(files);
    for (int i = 0; i < 10; ++i) write_and_sync(log, maker.many(Term{1}, 20, 100));
    write(log, maker.many(Term{1}, 2));
  }
  files.crash_after(100);
  const auto before = files.everything();
  const auto report = wal::inspect(files, folder);
  REQUIRE(report);
  CHECK(report->recovered.last.index == Index{200});
  REQUIRE(report->recovered.torn);
  CHECK_FALSE(report->recovered.torn->copy);
  REQUIRE(report->segments.size() > 1);
  CHECK(report->segments[0].file == segment_path(1));
  CHECK(report->segments[0].before == Index{0});
  CHECK(report->segments[1].begin == report->segments[0].bytes);
  CHECK(report->segments[1].used < report->segments[1].bytes);
  CHECK(files.everything() == before);
}
