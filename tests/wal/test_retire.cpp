#include <algorithm>
#include <optional>
#include <set>

#include "common/wal/record_reader.hpp"
#include "tests/wal/wal_testing.hpp"

using namespace parley;
using namespace parley::wal_testing;
using sim::SimulatedFileSystem;
using sim::Unsynced;

namespace {

const std::filesystem::path retired = "/data/retired";
const wal::Options retiring{16 * limits::KiB, true, retired};
const wal::Start image{Index{1000}, Term{4}, blake2b("image")};

void fill(wal::Log& log, EntryMaker& maker, std::size_t segments, std::vector<Entry>& all, Term term = Term{1}) {
  while (log.segments().size() < segments) {
    const auto entries = maker.many(term, 10, 100);
    all = joined(all, entries);
    write_and_sync(log, entries);
  }
}

std::vector<std::uint64_t> segments_in(SimulatedFileSystem& files, const std::filesystem::path& where) {
  const auto found = wal::look_into(files, where);
  REQUIRE(found);
  return found->segments;
}

/// Every segment that was ever begun is in exactly one of the two folders; those retired come first, and each file is
/// the one that its name says.
void check_each_once(SimulatedFileSystem& files) {
  const auto gone = segments_in(files, retired);
  const auto live = segments_in(files, folder);
  std::uint64_t next = 1;
  for (const auto& [where, sequences] : {std::pair{retired, gone}, std::pair{folder, live}}) {
    for (const std::uint64_t sequence : sequences) {
      CHECK(sequence == next++);
      const auto header = wal::decode_header(files.contents(where / wal::segment_name(sequence)));
      REQUIRE(header);
      CHECK(header->sequence == sequence);
    }
  }
  CHECK_FALSE(live.empty());
}

/// Behind the records of each retired segment stands its seal, whole, and nothing else.
void check_sealed(SimulatedFileSystem& files) {
  for (const std::uint64_t sequence : segments_in(files, retired)) {
    const Bytes bytes = files.contents(retired / wal::segment_name(sequence));
    const auto file = files.open(retired / wal::segment_name(sequence), wal::Access::read_only);
    const auto header = wal::decode_header(bytes);
    wal::Segment segment = wal::Segment::from(*header);
    wal::RecordReader reader(**file, segment.place(header->identity.server), segment.first_record, segment.bytes,
                             limits::log_read_bytes);
    bool is_sealed = false;
    while (*reader.read() == wal::Finding::record) {
      CHECK_FALSE(is_sealed);
      is_sealed = std::holds_alternative<wal::SealRecord>(reader.record());
    }
    CHECK(is_sealed);
    CHECK(bytes.find_first_not_of('\0', reader.next_offset()) == Bytes::npos);
  }
}

/// The entries of the retired segments, which hold none that was replaced.
std::vector<Entry> retired_entries(SimulatedFileSystem& files) {
  std::vector<Entry> entries;
  for (const std::uint64_t sequence : segments_in(files, retired)) {
    const auto file = files.open(retired / wal::segment_name(sequence), wal::Access::read_only);
    REQUIRE(file);
    const auto header = wal::decode_header(files.contents(retired / wal::segment_name(sequence)));
    const auto segment = wal::Segment::from(*header);
    wal::RecordReader reader(**file, segment.place(header->identity.server), segment.first_record, segment.bytes,
                             limits::log_read_bytes);
    while (*reader.read() == wal::Finding::record) {
      if (const auto* record = std::get_if<wal::EntryRecord>(&reader.record())) {
        entries.push_back({record->index, record->term, record->kind, record->time, SharedBytes(Bytes(record->payload)),
                           record->digest});
      }
    }
  }
  return entries;
}

constexpr Unsynced fates[] = {Unsynced::lost, Unsynced::kept, Unsynced::any, Unsynced::any};

}  // namespace

TEST_CASE("a trimmed segment goes to the folder for retired ones, as it was") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  wal::Log log = create_log(files, retiring);
  fill(log, maker, 5, all);
  const Bytes first = files.contents(segment_path(1));
  REQUIRE(log.trim_before(log.segments()[2].before.index.next()));
  CHECK(segments_in(files, retired) == std::vector<std::uint64_t>{1, 2});
  CHECK(segments_in(files, folder) == std::vector<std::uint64_t>{3, 4, 5});
  CHECK(files.contents(retired / wal::segment_name(1)) == first);
  CHECK(joined(retired_entries(files), read_all(log)) == all);
  fill(log, maker, 5, all);
  CHECK(joined(retired_entries(files), read_all(log)) == all);
}

TEST_CASE("all segments before an image are retired when the log starts after it") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  wal::Log log = create_log(files, retiring);
  fill(log, maker, 4, all);
  REQUIRE(log.start_after(image, {Index{900}, "members"}));
  CHECK(segments_in(files, retired) == std::vector<std::uint64_t>{1, 2, 3, 4});
  CHECK(segments_in(files, folder) == std::vector<std::uint64_t>{5});
  CHECK(retired_entries(files) == all);
}

TEST_CASE("a crash at any operation leaves each segment live or retired, never both or neither, and no entry is lost") {
  for (const bool restarts : {false, true}) {
    for (const Unsynced fate : fates) {
      std::set<std::size_t> retired_counts;
      for (std::uint64_t operations = 0;; ++operations) {
        SimulatedFileSystem files;
        Random random(operations * 4 + static_cast<std::uint64_t>(&fate - fates));
        EntryMaker maker;
        std::vector<Entry> all;
        bool finished = false;
        {
          wal::Log log = create_log(files, retiring);
          fill(log, maker, 4, all);
          files.stop_after(operations);
          const Status done =
              restarts ? log.start_after(image, {}) : log.trim_before(log.segments()[3].before.index.next());
          finished = done.has_value();
        }
        files.crash(random, fate);
        INFO("restarts " << restarts << ", operations " << operations);
        check_each_once(files);
        const wal::OpenedLog opened = open_log(files, retiring);
        check_each_once(files);
        check_sealed(files);
        retired_counts.insert(segments_in(files, retired).size());
        if (opened.recovered.start == image) {
          CHECK(opened.log.segments().size() == 1);
          CHECK(retired_entries(files) == all);
        } else {
          CHECK_FALSE((finished && restarts));
          CHECK(joined(retired_entries(files), read_all(opened.log)) == all);
        }
        if (finished) break;
        REQUIRE(operations < 100);
      }
      if (!restarts) CHECK(retired_counts == std::set<std::size_t>{0, 1, 2, 3});
      if (restarts) CHECK(retired_counts == std::set<std::size_t>{0, 4});
    }
  }
}

TEST_CASE("a seal that a crash tears, at once or after another process went on, is whole when its segment is retired") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SimulatedFileSystem files;
    Random random(seed);
    EntryMaker maker;
    std::vector<Entry> all;
    const bool restarts = seed % 2 == 0;
    {
      wal::Log log = create_log(files, retiring);
      fill(log, maker, 2, all);
      make_spare(log);
      while (log.segments().back().room() > 4000) write_and_sync(log, maker.many(Term{1}, 5, 100));
      // Synced are the header and the name of the next segment; the seal is written.
      files.stop_after(restarts ? 5 : 7);
      CHECK_FALSE((restarts ? log.start_after(image, {}) : log.write(batch_of(maker.many(Term{1}, 30, 100)))));
    }
    const bool process_alone = seed % 4 < 2;
    files.crash(random, process_alone ? Unsynced::kept : Unsynced::any);
    {
      wal::OpenedLog opened = open_log(files, retiring);
      maker = EntryMaker(opened.log.last());
      fill(opened.log, maker, opened.log.segments().size() + 1, all, Term{5});
    }
    files.crash(random, Unsynced::any);
    wal::OpenedLog opened = open_log(files, retiring);
    REQUIRE(opened.log.trim_before(opened.log.last().index));
    INFO("seed " << seed);
    check_each_once(files);
    check_sealed(files);
  }
}

TEST_CASE("a crash at any operation of an opening that retires void segments leaves each segment once") {
  for (std::uint64_t operations = 0;; ++operations) {
    SimulatedFileSystem files;
    Random random(operations);
    EntryMaker maker;
    std::vector<Entry> all;
    {
      wal::Log log = create_log(files, retiring);
      fill(log, maker, 3, all);
      make_spare(log);
      files.stop_after(6);  // the new segment has its name, but the old ones still have theirs
      CHECK_FALSE(log.start_after(image, {}));
    }
    files.crash(random, Unsynced::kept);
    REQUIRE(segments_in(files, folder) == std::vector<std::uint64_t>{1, 2, 3, 4});
    files.stop_after(operations);
    const bool finished = wal::Log::open(files, folder, retiring).has_value();
    files.crash(random);
    INFO("operations " << operations);
    check_each_once(files);
    CHECK(open_log(files, retiring).recovered.start == image);
    check_each_once(files);
    CHECK(retired_entries(files) == all);
    if (finished) break;
    REQUIRE(operations < 100);
  }
}

TEST_CASE("what an opened log takes for retired stays retired, although the process before died before its syncs") {
  for (std::uint64_t operations = 0;; ++operations) {
    SimulatedFileSystem files;
    Random random(operations);
    EntryMaker maker;
    std::vector<Entry> all;
    bool finished = false;
    {
      wal::Log log = create_log(files, retiring);
      fill(log, maker, 4, all);
      files.stop_after(operations);
      finished = log.trim_before(log.segments()[3].before.index.next()).has_value();
    }
    files.crash(random, Unsynced::kept);
    const auto taken = [&] {
      const wal::OpenedLog opened = open_log(files, retiring);
      return segments_in(files, retired);
    }();
    files.crash(random, Unsynced::lost);
    INFO("operations " << operations);
    CHECK(segments_in(files, retired) == taken);
    check_each_once(files);
    if (finished) break;
  }
}

TEST_CASE("a segment that was to be the first with those before it is retired with them after a crash") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  {
    wal::Log log = create_log(files, retiring);
    fill(log, maker, 2, all);
    // The second segment begins behind an entry that is replaced within it, so the log cannot begin there.
    maker.go_back_to(log.segments()[1].before.index);
    fill(log, maker, 3, all);
    files.stop_after(3);  // one renaming and its syncs
    CHECK_FALSE(log.trim_before(log.segments()[2].before.index.next()));
  }
  Random random(1);
  files.crash(random, Unsynced::lost);
  CHECK(segments_in(files, retired) == std::vector<std::uint64_t>{1});
  const wal::OpenedLog opened = open_log(files, retiring);
  CHECK(segments_in(files, retired) == std::vector<std::uint64_t>{1, 2});
  check_each_once(files);
}

TEST_CASE("a retired segment is never overwritten") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  wal::Log log = create_log(files, retiring);
  fill(log, maker, 3, all);
  {
    auto other = files.create(retired / wal::segment_name(1));
    REQUIRE((*other)->write_at(0, "of another log"));
  }
  const Status trimmed = log.trim_before(log.last().index);
  REQUIRE_FALSE(trimmed);
  CHECK(trimmed.error().code == ErrorCode::corrupt);
  CHECK(trimmed.error().what.find((retired / wal::segment_name(1)).string()) != std::string::npos);
  CHECK(files.contents(retired / wal::segment_name(1)) == "of another log");
  CHECK(segments_in(files, folder).size() == 3);
}

TEST_CASE("a full disk leaves a segment where it is, and the next trim takes it") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  wal::Log log = create_log(files, retiring);
  fill(log, maker, 4, all);
  const Index kept = log.segments()[2].before.index.next();
  files.fail_next_rename(ErrorCode::disk_full);
  REQUIRE(log.trim_before(kept));
  CHECK(log.segments().front().sequence == 1);
  CHECK(segments_in(files, folder).size() == 4);
  REQUIRE(log.trim_before(kept));
  CHECK(log.segments().front().sequence == 3);
  check_each_once(files);
  write_and_sync(log, maker.many(Term{1}, 1));
}

TEST_CASE("a failed sync of either folder while a segment is retired stops the log") {
  SimulatedFileSystem files;
  EntryMaker maker;
  std::vector<Entry> all;
  wal::Log log = create_log(files, retiring);
  fill(log, maker, 3, all);
  files.fail_next_directory_sync();
  CHECK(log.trim_before(log.last().index).error().code == ErrorCode::sync_failed);
  CHECK(log.sync().error().code == ErrorCode::sync_failed);
}
