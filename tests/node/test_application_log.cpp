#include "node/application_log.hpp"
#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using node::ApplicationLog;

namespace {

const wal::Options small{16 * limits::KiB, true};

/// A node's application log, beside what its cluster commits.
struct Logged {
  Logged() { open(); }
  Status open() {
    log.reset();
    auto opened = ApplicationLog::open(disk, root, small);
    if (!opened) return std::unexpected(opened.error());
    log = *std::move(opened);
    return {};
  }
  /// The entries [from, to] are about to be applied.
  Status append(std::uint64_t from, std::uint64_t to) {
    const std::vector<Entry> entries = history.between(Index{from}, Index{to});
    // As they wait: in several batches.
    const std::size_t half = entries.size() / 2;
    const std::span<const Entry> all(entries);
    const std::vector<std::span<const Entry>> runs = {all.first(half), all.subspan(half)};
    return log->append(cluster, runs);
  }
  Status begin_behind(std::uint64_t index) {
    const archive::ImageFileHead head = image_head(history.place(Index{index}));
    const auto writer = log->image_writer();
    writer->expect(head);
    Status done = writer->begin();
    if (done) done = writer->add(some_rows(Index{index}, 0));
    if (done) done = writer->complete(head.image);
    if (!done) return done;
    return log->begin_behind(cluster, head.image);
  }
  Status settle() {
    while (true) {
      const auto more = log->step();
      if (!more) return std::unexpected(more.error());
      if (!*more) return {};
    }
  }
  /// Everything [from, last] is there once, and the verifier agrees.
  void check(std::uint64_t from = 1) {
    const std::uint64_t last = log->last().index.value;
    const auto entries = walk_all(disk, Index{from});
    INFO((entries ? "" : entries.error().what));
    REQUIRE(entries);
    REQUIRE(*entries == history.between(Index{from}, Index{last}));
    const auto summary = verify(disk);
    INFO((summary ? "" : summary.error().what));
    REQUIRE(summary);
  }

  sim::SimulatedFileSystem disk;
  History history;
  ClusterId cluster = wal_testing::test_identity().cluster;
  std::unique_ptr<ApplicationLog> log;
};

}  // namespace

TEST_CASE("entries are logged once, also such as are applied again after a crash") {
  Logged node;
  CHECK(node.log->cluster().is_nil());
  good(node.append(1, 20));
  CHECK(node.log->cluster() == node.cluster);
  good(node.append(11, 30));
  good(node.append(5, 12));
  CHECK(node.log->last() == node.history.place(Index{30}));
  good(node.open());
  good(node.append(25, 40));
  CHECK(node.log->last().index == Index{40});
  node.check();
}

TEST_CASE("full segments leave the live log and are sealed, a batch of them at a time") {
  Logged node;
  for (std::uint64_t at = 1; at < 2000; at += 50) {
    good(node.append(at, at + 49));
    if (at % 3 == 0) REQUIRE(node.log->step());
  }
  good(node.settle());
  node.check();
  const auto archive = good(archive::Archive::open(node.disk, root, wal::OpenMode::inspect));
  CHECK(archive.manifest().segments.size() > 10);
  CHECK(node.disk.list(layout.live())->size() <= 3);
}

TEST_CASE("a crash at any operation leaves all that was synced, and what comes again is not doubled") {
  bool has_ended = false;
  std::size_t crashes = 0;
  for (std::uint64_t operations = 0; !has_ended; operations += 1 + operations / 12) {
    CAPTURE(operations);
    Random random(operations);
    Logged node;
    good(node.append(1, 100));
    node.disk.stop_after(operations);
    std::uint64_t synced = 100;
    has_ended = true;
    for (std::uint64_t at = 101; has_ended && at < 900; at += 40) {
      has_ended = node.append(at, at + 39).has_value();
      if (has_ended) synced = at + 39;
      for (int i = 0; has_ended && i < 3; ++i) has_ended = node.log->step().has_value();
      if (has_ended && at == 501) {
        has_ended = node.begin_behind(at + 60).has_value();
        if (has_ended) synced = at = at + 60;
        if (has_ended) at -= 39;
      }
    }
    ++crashes;
    node.log.reset();
    node.disk.crash(random);
    const Status opened = node.open();
    INFO((opened ? "" : opened.error().what));
    REQUIRE(opened);
    const std::uint64_t last = node.log->last().index.value;
    REQUIRE(last >= synced);
    // What is applied again, and what follows.
    const std::uint64_t from = last > 30 ? last - 30 : 1;
    good(node.append(from, last + 50));
    good(node.settle());
    const bool has_gap = last > 560;
    node.check(has_gap ? 562 : 1);
  }
  CHECK(crashes > 40);
}

TEST_CASE("behind an image the log goes on with a gap, of which the archive says what it lacks") {
  Logged node;
  good(node.append(1, 50));
  CHECK_FALSE(node.log->wants_image(Index{50}));
  CHECK(node.log->wants_image(Index{51}));
  good(node.begin_behind(200));
  CHECK(node.log->last() == node.history.place(Index{200}));
  good(node.append(190, 260));
  good(node.settle());
  node.check(201);
  const auto summary = good(verify(node.disk));
  REQUIRE(summary.gaps.size() == 1);
  const auto archive = good(archive::Archive::open(node.disk, root, wal::OpenMode::inspect));
  REQUIRE(archive.manifest().gaps.size() == 1);
  CHECK(archive.manifest().gaps[0].from == Index{51});
  CHECK(archive.manifest().gaps[0].after == node.history.place(Index{200}));
  CHECK(archive.manifest().image_of(Index{200}) != nullptr);
  // An image of what it has is none that it wants.
  good(node.begin_behind(230));
  CHECK(node.log->last().index == Index{260});
}

TEST_CASE("a log that is switched on later begins behind an image, in an archive that had nothing") {
  Logged node;
  CHECK(node.log->wants_image(Index{70}));
  good(node.begin_behind(70));
  good(node.append(71, 90));
  good(node.open());
  good(node.append(80, 95));
  good(node.settle());
  node.check(71);
}

TEST_CASE("what was applied without it is taken from the node's own log, as far as that has it") {
  Logged node;
  node.append(1, 10).value();
  sim::SimulatedFileSystem own_disk;
  wal::Log own = wal_testing::create_log(own_disk);
  wal_testing::write_and_sync(own, node.history.between(Index{1}, Index{600}));
  SECTION("all of it") {
    good(node.log->catch_up(node.cluster, own, Index{550}));
    CHECK(node.log->last().index == Index{550});
    node.check();
  }
  SECTION("nothing, since it was trimmed") {
    good(own.trim_before(Index{300}));
    REQUIRE(own.start().index > Index{10});
    good(node.log->catch_up(node.cluster, own, Index{550}));
    CHECK(node.log->last().index == Index{10});
  }
  SECTION("nothing, since it is ahead") {
    good(node.append(11, 580));
    good(node.log->catch_up(node.cluster, own, Index{550}));
    CHECK(node.log->last().index == Index{580});
  }
  SECTION("into one that has nothing yet") {
    sim::SimulatedFileSystem disk;
    const auto empty = good(ApplicationLog::open(disk, root, small));
    good(empty->catch_up(node.cluster, own, Index{600}));
    CHECK(empty->last() == node.history.place(Index{600}));
  }
}

TEST_CASE("a log of another cluster, or of another history, is not gone on with") {
  Logged node;
  good(node.append(1, 30));
  const auto fails = [](const Status& done, ErrorCode code, const std::string& what) {
    REQUIRE_FALSE(done);
    CHECK(done.error().code == code);
    CHECK(done.error().what.find(what) != std::string::npos);
  };
  ClusterId other = node.cluster;
  other.bytes[0] ^= 1;
  sim::SimulatedFileSystem own_disk;
  wal::Log own = wal_testing::create_log(own_disk);
  SECTION("another cluster") {
    std::vector<Entry> next = node.history.between(Index{31}, Index{31});
    const std::span<const Entry> run(next);
    fails(node.log->append(other, std::span(&run, 1)), ErrorCode::usage, "belongs to cluster " + other.text());
    fails(node.log->catch_up(other, own, Index{}), ErrorCode::usage, node.cluster.text());
  }
  SECTION("another entry at its end") {
    std::vector<Entry> same = node.history.between(Index{30}, Index{31});
    same[0].digest = blake2b("another");
    const std::span<const Entry> run(same);
    fails(node.log->append(node.cluster, std::span(&run, 1)), ErrorCode::corrupt, "differ at entry 30");
  }
  SECTION("another entry behind its end") {
    std::vector<Entry> next = node.history.between(Index{31}, Index{31});
    next[0].digest = blake2b("another");
    const std::span<const Entry> run(next);
    fails(node.log->append(node.cluster, std::span(&run, 1)), ErrorCode::corrupt, "differ at entry 31");
  }
  SECTION("another log of the node") {
    History another(90);
    wal_testing::write_and_sync(own, another.between(Index{1}, Index{40}));
    fails(node.log->catch_up(node.cluster, own, Index{40}), ErrorCode::corrupt, "differ at entry 30");
  }
  CHECK(node.log->last().index == Index{30});
}

TEST_CASE("what an own log has behind what is applied may never have been committed, and is not compared") {
  Logged node;
  good(node.append(1, 30));
  sim::SimulatedFileSystem own_disk;
  wal::Log own = wal_testing::create_log(own_disk);
  std::vector<Entry> entries = node.history.between(Index{1}, Index{25});
  EntryMaker maker(node.history.place(Index{25}));
  entries = wal_testing::joined(entries, maker.many(Term{9}, 20));
  wal_testing::write_and_sync(own, entries);
  good(node.log->catch_up(node.cluster, own, Index{25}));
  CHECK(node.log->last() == node.history.place(Index{30}));
}

TEST_CASE("a full disk changes nothing, and with room again the log goes on") {
  Logged node;
  good(node.append(1, 20));
  good(node.settle());
  node.disk.set_capacity(node.disk.used_bytes());
  std::uint64_t at = 21;
  Status full;
  while ((full = node.append(at, at + 19)).has_value()) at += 20;
  CHECK(full.error().code == ErrorCode::disk_full);
  CHECK(node.log->last().index.value == at - 1);
  CHECK(node.log->step().has_value());
  CHECK_FALSE(node.append(at, at + 19));
  node.disk.set_capacity(~std::uint64_t{0});
  good(node.append(at, at + 19));
  good(node.settle());
  node.check();
}

TEST_CASE("an archive is locked while a node has it") {
  Logged node;
  const auto second = ApplicationLog::open(node.disk, root, small);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::locked);
}
