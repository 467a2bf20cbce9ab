#include "tests/wal/wal_testing.hpp"

using namespace parley;
using namespace parley::wal_testing;
using sim::SimulatedFileSystem;

namespace {

constexpr std::size_t entries_per_batch = 3;
constexpr std::size_t batches = 4;

/// Synced batches with a vote each; returns all entries.
std::vector<Entry> play(SimulatedFileSystem& files) {
  EntryMaker maker;
  std::vector<Entry> all;
  wal::Log log = create_log(files);
  for (std::size_t at = 1; at <= batches; ++at) {
    const auto entries = maker.many(Term{at}, entries_per_batch, 5);
    all = joined(all, entries);
    wal::Batch batch = batch_of(entries);
    batch.hard_state = raft::HardState{Term{at}, ServerId{at}};
    write_and_sync(log, batch);
  }
  return all;
}

/// Many segments; the last has several synced batches.
std::vector<Entry> fill_segments(SimulatedFileSystem& files, bool with_spare) {
  EntryMaker maker;
  std::vector<Entry> all;
  wal::Log log = create_log(files);
  while (log.segments().size() < 4 || log.segments().back().end_offset() < 8 * limits::KiB) {
    const auto entries = maker.many(Term{1}, 10, 100);
    all = joined(all, entries);
    write_and_sync(log, entries);
  }
  if (with_spare) make_spare(log);
  return all;
}

Error corruption(SimulatedFileSystem& files) {
  const auto before = files.everything();
  auto opened = wal::Log::open(files, folder, small_segments);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::corrupt);
  CHECK(files.everything() == before);
  return opened.error();
}

}  // namespace

TEST_CASE("a flipped bit is found as corruption, or cut if it is in the batch that nothing yet declares synced") {
  SimulatedFileSystem whole;
  play(whole);
  const Bytes bytes = whole.contents(segment_path(1));
  const std::uint64_t begin = wal::header_bytes(0);
  const std::uint64_t end = bytes.find_last_not_of('\0') / 8 * 8 + 8;
  const std::uint64_t batch_bytes = (end - begin) / batches;
  REQUIRE(batch_bytes == 2 * wal::small_record_bytes + entries_per_batch * wal::entry_record_bytes(5));
  const std::uint64_t last_batch = end - batch_bytes;
  for (std::uint64_t offset = 0; offset < end; offset += offset < begin && offset >= 200 ? 97 : 1) {
    SimulatedFileSystem files;
    const auto all = play(files);
    files.flip_bit(segment_path(1), offset, static_cast<unsigned>(offset % 8));
    INFO("offset " << offset);
    if (offset < last_batch) {
      const Error error = corruption(files);
      CHECK(error.what.find(segment_path(1).string()) != std::string::npos);
      if (offset >= begin) {
        const std::uint64_t within = (offset - begin) % batch_bytes;
        const std::uint64_t small = 2 * wal::small_record_bytes;
        const std::uint64_t record = within < small ? 0 : (within - small) / wal::entry_record_bytes(5);
        const std::uint64_t index = (offset - begin) / batch_bytes * entries_per_batch + record + 1;
        CHECK(error.what.find("entry " + std::to_string(index) + " should stand") != std::string::npos);
      }
      continue;
    }
    const wal::OpenedLog opened = open_log(files);
    REQUIRE(opened.recovered.torn);
    const std::uint64_t left = opened.recovered.last.index.value;
    CHECK(left >= (batches - 1) * entries_per_batch);
    CHECK(left < batches * entries_per_batch);
    CHECK(read_all(opened.log) == std::vector<Entry>(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(left)));
  }
}

TEST_CASE("a flipped bit in the last batch is found as corruption once something was written behind it") {
  SimulatedFileSystem files;
  play(files);
  const std::uint64_t end = files.contents(segment_path(1)).find_last_not_of('\0');
  {
    wal::OpenedLog opened = open_log(files);
    wal::Batch vote;
    vote.hard_state = raft::HardState{Term{90}, ServerId{1}};
    write(opened.log, vote);
  }
  files.crash_after(wal::small_record_bytes);
  files.flip_bit(segment_path(1), end, 3);
  corruption(files);
}

TEST_CASE("records that vanish from the middle of the log are corruption") {
  SimulatedFileSystem files;
  play(files);
  // All the bytes of the third batch, as a disk that lost a write would show it.
  const std::uint64_t begin = wal::header_bytes(0);
  const Bytes bytes = files.contents(segment_path(1));
  const std::uint64_t batch_bytes = (bytes.find_last_not_of('\0') / 8 * 8 + 8 - begin) / batches;
  auto file = files.open(segment_path(1), wal::Access::read_write);
  REQUIRE((*file)->write_at(begin + 2 * batch_bytes, Bytes(batch_bytes, '\0')));
  REQUIRE((*file)->sync());
  CHECK(corruption(files).what.find("entry 7 should stand") != std::string::npos);
}

TEST_CASE("a flipped bit in a segment that is not the last is corruption wherever a record stands") {
  SimulatedFileSystem whole;
  fill_segments(whole, true);
  const std::uint64_t used = wal::Log::open(whole, folder, small_segments)->log.segments()[1].end_offset();
  for (std::uint64_t offset = 0; offset < used; offset += 131) {
    SimulatedFileSystem files;
    fill_segments(files, true);
    files.flip_bit(segment_path(2), offset, 0);
    INFO("offset " << offset);
    CHECK(corruption(files).what.find(segment_path(2).string()) != std::string::npos);
  }
}

TEST_CASE("a missing segment is corruption") {
  SimulatedFileSystem files;
  fill_segments(files, true);
  const std::uint64_t last = wal::Log::open(files, folder, small_segments)->log.segments().back().sequence;
  SECTION("in the middle") {
    files.lose(segment_path(2));
    CHECK(corruption(files).what.find(segment_path(2).string()) != std::string::npos);
  }
  SECTION("at the end, as the spare that follows it shows") {
    files.lose(segment_path(last));
    CHECK(corruption(files).what.find(segment_path(last).string()) != std::string::npos);
  }
  SECTION("at the end, as the seal of the one before it shows") {
    for (const auto& [name, bytes] : files.everything()) {
      if (name.ends_with(".spare")) files.lose(name);
    }
    files.lose(segment_path(last));
    CHECK(corruption(files).what.find(segment_path(last).string()) != std::string::npos);
  }
  SECTION("at the end, with damage in the one before it") {
    for (const auto& [name, bytes] : files.everything()) {
      if (name.ends_with(".spare")) files.lose(name);
    }
    files.lose(segment_path(last));
    files.flip_bit(segment_path(last - 1), 8192, 3);
    CHECK(corruption(files).what.find("although the log was synced up to position") != std::string::npos);
  }
  SECTION("all of them: there was a log") {
    for (std::uint64_t sequence = 1; sequence <= last; ++sequence) files.lose(segment_path(sequence));
    CHECK(*wal::Log::exists(files, folder));
    corruption(files);
  }
}

TEST_CASE("a segment that is shorter than its header says, or stands under another's name, is corruption") {
  SimulatedFileSystem files;
  fill_segments(files, true);
  SECTION("shorter") {
    const Bytes bytes = files.contents(segment_path(2));
    auto file = files.create(segment_path(2));
    REQUIRE((*file)->write_at(0, BytesView(bytes).substr(0, bytes.size() - 8)));
    REQUIRE((*file)->sync());
  }
  SECTION("another's name") {
    const Bytes bytes = files.contents(segment_path(3));
    auto file = files.create(segment_path(2));
    REQUIRE((*file)->write_at(0, bytes));
    REQUIRE((*file)->sync());
  }
  REQUIRE(files.sync_directory(folder));
  corruption(files);
}

TEST_CASE("a segment of another history is corruption, even if it fits in size") {
  const auto fill = [](SimulatedFileSystem& files, Term term) {
    EntryMaker maker;
    wal::Log log = create_log(files);
    while (log.segments().size() < 2) write_and_sync(log, maker.many(term, 10, 100));
  };
  SimulatedFileSystem files;
  SimulatedFileSystem other;
  fill(files, Term{1});
  fill(other, Term{2});
  auto file = files.open(segment_path(2), wal::Access::read_write);
  REQUIRE((*file)->write_at(0, other.contents(segment_path(2))));
  REQUIRE((*file)->sync());
  CHECK(corruption(files).what.find("contradicts") != std::string::npos);
}

TEST_CASE("an entry whose digest does not follow from the one before is corruption, not a torn tail") {
  SimulatedFileSystem files;
  EntryMaker maker;
  {
    wal::Log log = create_log(files);
    auto entries = maker.many(Term{1}, 2);
    entries[1].digest = entries[0].digest;
    write_and_sync(log, entries);
  }
  CHECK(corruption(files).what.find("digest") != std::string::npos);
}

TEST_CASE("another replica's records are not taken for one's own") {
  SimulatedFileSystem files;
  SimulatedFileSystem other;
  play(files);
  EntryMaker maker;
  {
    wal::Log log = create_log(other, small_segments, {test_identity().cluster, ServerId{5}});
    write_and_sync(log, maker.many(Term{1}, 3));
  }
  const Bytes header = files.contents(segment_path(1)).substr(0, wal::header_bytes(0));
  auto file = other.open(segment_path(1), wal::Access::read_write);
  REQUIRE((*file)->write_at(0, header));
  REQUIRE((*file)->sync());
  const wal::OpenedLog opened = open_log(other);
  CHECK(opened.recovered.last.index == Index{0});
  CHECK(opened.recovered.torn);
}

TEST_CASE("damage that appears after opening is found when the entry is read") {
  SimulatedFileSystem files;
  EntryMaker maker;
  wal::Log log = create_log(files);
  write_and_sync(log, maker.many(Term{1}, 5, 100));
  files.flip_bit(segment_path(1),
                 wal::header_bytes(0) + wal::small_record_bytes + 2 * wal::entry_record_bytes(100) + 90, 1);
  CHECK(log.read(Index{1}, Index{2}, 1000));
  const auto damaged = log.read(Index{1}, Index{5}, 10'000);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().code == ErrorCode::corrupt);
  CHECK(damaged.error().what.find("entry 3") != std::string::npos);
}
