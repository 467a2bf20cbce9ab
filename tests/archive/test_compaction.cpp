#include "common/archive/compaction_state.hpp"
#include "common/base/chain.hpp"
#include "common/base/hex.hpp"
#include "common/wal/folder.hpp"
#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using archive::CompactionOptions;
using sim::SimulatedFileSystem;
using sim::Unsynced;
using Mode = CompactionOptions::Mode;

namespace {

constexpr Mode modes[] = {Mode::immediate, Mode::interval, Mode::delayed};
constexpr std::uint64_t period = 150;

CompactionOptions options_of(Mode mode) {
  CompactionOptions options;
  options.mode = mode;
  options.period = Count{period};
  options.save_bytes = 10'000;
  return options;
}

/// Which entries of an archive are reduced.
std::vector<Index> reduced_in(wal::FileSystem& disk) {
  std::vector<Index> reduced;
  for (const archive::ArchivedEntry& archived : good(walk_archived(disk))) {
    if (archived.is_reduced()) reduced.push_back(archived.entry.index);
  }
  return reduced;
}

std::vector<Index> thirds_to(Index last) {
  std::vector<Index> indexes;
  for (Index index{3}; index <= last; index = index + Count{3}) indexes.push_back(index);
  return indexes;
}

/// All that is retired is sealed and compacted, as far as it can be.
void seal(Logger& logger) {
  good(logger.retire());
  good(logger.settle());
}

/// Where the segments end that end at or before this entry, the last of them.
Index last_end_at(const archive::Manifest& manifest, Index index) {
  Index end = manifest.begin.index;
  for (const archive::SealedSegment& segment : manifest.segments) {
    if (segment.last.index <= index) end = segment.last.index;
  }
  return end;
}

}  // namespace

TEST_CASE("a compacted archive has every entry in its place, whole or with its hash, and is smaller") {
  for (const Mode mode : modes) {
    DYNAMIC_SECTION("mode " << static_cast<int>(mode)) {
      SimulatedFileSystem disk;
      History history(200);
      Logger logger(disk, history);
      logger.compact(options_of(mode));
      good(logger.start());
      REQUIRE(logger.fill(15));
      seal(logger);
      const archive::Manifest& manifest = logger.archive().manifest();
      const Index last = logger.archive().last();
      Index expected = last;
      const std::uint64_t windows = last.value / period;
      if (mode == Mode::interval) expected = last_end_at(manifest, Index{windows * period});
      if (mode == Mode::delayed) expected = last_end_at(manifest, Index{(windows - 1) * period});
      REQUIRE(expected > Index{300});
      CHECK(reduced_in(disk) == thirds_to(expected));
      const auto entries = good(walk_archived(disk));
      bool are_right = true;
      for (const archive::ArchivedEntry& archived : entries)
        are_right &= is_kept(archived, history.at(archived.entry.index));
      CHECK(are_right);
      const archive::Summary summary = good(verify(disk));
      CHECK(summary.reduced == expected.value / 3);
      CHECK(summary.missing_indexes == 0);
      CHECK(summary.last == logger.log().last());
      CHECK(manifest.segments.front().reduced);
      CHECK(manifest.segments.front().bytes < 14 * limits::KiB);
      // From any place, in any portion.
      for (Index from{1}; from <= last; from = from + Count{7}) {
        const auto run = good(logger.archive().read(from, last, 1500));
        REQUIRE_FALSE(run.entries.empty());
        CHECK(run.before == (from == Index{1} ? chain_start(wal_testing::test_identity().cluster)
                                              : history.at(from.previous()).digest));
        Index next = from;
        for (const archive::ArchivedEntry& archived : run.entries) {
          CHECK(is_kept(archived, history.at(next)));
          next = next.next();
        }
      }
      CHECK_FALSE(logger.archive().has_work());
    }
  }
}

TEST_CASE("a stream that reads while segments are rewritten under it reads on") {
  SimulatedFileSystem disk;
  History history(200);
  Logger logger(disk, history);
  logger.compact(options_of(Mode::interval));
  good(logger.start());
  REQUIRE(logger.fill(10));
  good(logger.retire());
  while (logger.archive().is_taking_up()) REQUIRE(logger.archive().step());
  Index next{1};
  const Index last = logger.archive().last();
  std::size_t reduced = 0;
  while (next <= last) {
    const auto run = good(logger.archive().read(next, last, 300));
    for (const archive::ArchivedEntry& archived : run.entries) {
      CHECK(is_kept(archived, history.at(next)));
      reduced += archived.is_reduced();
      next = next.next();
    }
    REQUIRE(logger.archive().step());
  }
  CHECK(reduced > 0);
  CHECK(reduced < last.value / 3);
}

TEST_CASE("a verifier and a walk that read while segments are rewritten find no fault") {
  SimulatedFileSystem disk;
  History history(200);
  Logger logger(disk, history);
  logger.compact(options_of(Mode::immediate));
  good(logger.start());
  REQUIRE(logger.fill(12));
  good(logger.retire());
  while (logger.archive().is_taking_up()) REQUIRE(logger.archive().step());
  archive::Verifier verifier(disk, root);
  while (good(verifier.step())) {
    for (int step = 0; step < 3; ++step) REQUIRE(logger.archive().step());
  }
  CHECK(verifier.summary().entries == logger.last().value);
  CHECK(verifier.summary().segments == 12);
  good(logger.settle());
  CHECK(good(verify(disk)).reduced > 100);
}

TEST_CASE("compaction goes on behind a restart from what it saved, and without that from the begin") {
  for (const bool is_lost : {false, true}) {
    for (const Mode mode : modes) {
      SimulatedFileSystem disk;
      Random random(1);
      History history(200);
      Logger logger(disk, history);
      logger.compact(options_of(mode));
      for (std::size_t segments = 3; segments < 20; segments += 3) {
        good(logger.start());
        REQUIRE(logger.fill(4));
        good(logger.retire());
        for (int step = 0; step < 11; ++step) REQUIRE(logger.archive().step());
        logger.die();
        disk.crash(random, Unsynced::kept);
        const auto names = good(disk.list(root));
        const bool is_there = std::ranges::binary_search(names, "compaction");
        if (is_lost && is_there) disk.lose(layout.compaction());
      }
      good(logger.start());
      good(logger.settle());
      const Index last =
          last_end_at(logger.archive().manifest(), Index{logger.archive().last().value / period * period});
      const auto reduced = reduced_in(disk);
      const auto expected = thirds_to(last);
      REQUIRE(reduced.size() > 50);
      if (mode == Mode::interval) CHECK(reduced == expected);
      CHECK(good(verify(disk)).last == logger.log().last());
      CHECK((is_lost || good(disk.list(root)).front() == "compaction"));
    }
  }
}

TEST_CASE("compaction begins again behind a gap and behind what was truncated, from an image") {
  SimulatedFileSystem disk;
  Random random(1);
  History history(200);
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(6));
  good(logger.retire());
  good(logger.settle());
  good(logger.add_image(Index{100}));
  good(logger.archive().truncate_before(Index{95}));
  const Index before_gap = logger.last();
  good(logger.restart_behind(Index{1000}));
  REQUIRE(logger.fill(8));
  good(logger.retire());
  good(logger.settle());
  CHECK(reduced_in(disk).empty());
  logger.die();
  disk.crash(random, Unsynced::kept);
  logger.compact(options_of(Mode::interval));
  good(logger.start());
  good(logger.settle());
  const auto reduced = reduced_in(disk);
  const auto in = [&](Index from, Index to) {
    return std::ranges::count_if(reduced, [&](Index index) { return index > from && index <= to; });
  };
  CHECK(in(Index{0}, Index{100}) == 0);
  CHECK(in(Index{100}, before_gap) == static_cast<std::ptrdiff_t>(before_gap.value / 3 - 33));
  CHECK(in(Index{1000}, logger.last()) > 50);
  CHECK(good(verify(disk)).gaps.size() == 1);
}

TEST_CASE("a segment of which too little can be reduced stays as it is") {
  SimulatedFileSystem disk;
  History history(200);
  Logger logger(disk, history);
  CompactionOptions options = options_of(Mode::interval);
  options.worth = 2;
  logger.compact(options);
  good(logger.start());
  REQUIRE(logger.fill(10));
  seal(logger);
  CHECK(reduced_in(disk).empty());
  CHECK_FALSE(logger.archive().has_work());
}

TEST_CASE("a full disk puts compaction off, and changes nothing") {
  for (std::uint64_t room = 0; room < 40'000; room += 1777) {
    SimulatedFileSystem disk;
    Random random(room);
    History history(200);
    Logger logger(disk, history);
    logger.compact(options_of(Mode::interval));
    good(logger.start());
    REQUIRE(logger.fill(10));
    good(logger.retire());
    while (logger.archive().is_taking_up()) REQUIRE(logger.archive().step());
    disk.set_capacity(disk.used_bytes() + room);
    INFO("room " << room);
    auto more = logger.archive().step();
    for (int step = 0; step < 200 && more && *more; ++step) more = logger.archive().step();
    if (!more) CHECK(more.error().code == ErrorCode::disk_full);
    CHECK(good(verify(disk)).last == logger.log().last());
    disk.set_capacity(limits::MiB);
    if (room % 2 == 0) {
      logger.die();
      disk.crash(random, Unsynced::kept);
      good(logger.start());
    }
    REQUIRE(logger.fill(3));
    seal(logger);
    CHECK(reduced_in(disk).size() > 60);
    CHECK(good(verify(disk)).last == logger.log().last());
  }
}

TEST_CASE("damage that compaction meets is said once, and everything else goes on") {
  SimulatedFileSystem disk;
  History history(200);
  Logger logger(disk, history);
  logger.compact(options_of(Mode::interval));
  good(logger.start());
  REQUIRE(logger.fill(10));
  good(logger.retire());
  while (logger.archive().is_taking_up()) REQUIRE(logger.archive().step());
  disk.flip_bit(layout.segment(2), 9000, 1);
  good(logger.settle());
  const auto failure = logger.archive().take_compaction_failure();
  REQUIRE(failure);
  CHECK(failure->code == ErrorCode::corrupt);
  CHECK(failure->what.starts_with(layout.segment(2).string() + ": offset "));
  CHECK_FALSE(logger.archive().take_compaction_failure());
  REQUIRE(logger.fill(3));
  seal(logger);
  CHECK(logger.archive().manifest().segments.size() == 11);
  CHECK_FALSE(logger.archive().has_work());
}

TEST_CASE("any flipped bit of a segment that was rewritten is found, with the entry that is lost") {
  SimulatedFileSystem disk;
  History history(100);
  Logger logger(disk, history, layout, 8 * limits::KiB);
  logger.compact(options_of(Mode::immediate));
  good(logger.start());
  REQUIRE(logger.fill(4));
  seal(logger);
  const std::filesystem::path where = layout.segment(2);
  const Bytes bytes = disk.contents(where);
  REQUIRE(good(verify(disk)).reduced > 10);
  for (std::uint64_t offset = 0; offset < bytes.size(); ++offset) {
    if (bytes[offset] == 0 && offset % 41 != 0) continue;
    disk.flip_bit(where, offset, offset % 8);
    const auto summary = verify(disk);
    disk.flip_bit(where, offset, offset % 8);
    INFO("offset " << offset);
    REQUIRE_FALSE(summary);
    CHECK(summary.error().code == ErrorCode::corrupt);
    CHECK(summary.error().what.starts_with(where.string() + ": offset "));
    CHECK(summary.error().what.find(", where entry ") != std::string::npos);
  }
  disk.flip_bit(layout.compaction(), 30, 1);
  CHECK(verify(disk).error().what.starts_with(layout.compaction().string()));
}

TEST_CASE("how far compaction has come has golden bytes, and survives them") {
  archive::CompactionState state;
  state.place = {Index{300}, Term{2}, blake2b("x"), {3, 4}};
  state.handled = Index{200};
  state.decided = {Index{201}, Index{300}};
  state.reduction = "rows";
  const Bytes bytes = archive::encode_compaction_state(state);
  CHECK(to_hex(bytes) ==
        "504c4559434d5431f7908875102c595e0100000000000000"  // magic, checksum, version
        "2c010000000000000200000000000000"                  // the place: index, term
        "d161d71145abeec5ef15abcf0459cec60a27321e2f0ac0ef7ace5254f5944476"
        "03000000000000000400000000000000"  // times
        "c8000000000000000200000000000000"  // handled, how many are decided
        "c9000000000000002c01000000000000"
        "0400000000000000726f7773");
  CHECK(archive::decode_compaction_state(bytes) == state);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    CHECK_FALSE(archive::decode_compaction_state(flipped));
    CHECK_FALSE(archive::decode_compaction_state(BytesView(bytes).substr(0, at)));
  }
  state.decided = {Index{201}, Index{301}};
  CHECK_FALSE(archive::decode_compaction_state(archive::encode_compaction_state(state)));
  state.decided = {Index{200}};
  CHECK_FALSE(archive::decode_compaction_state(archive::encode_compaction_state(state)));
}
