#include "common/wal/folder.hpp"
#include "common/wal/record_reader.hpp"
#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using sim::SimulatedFileSystem;

namespace {

constexpr Index image{300};

/// Sealed segments, a gap with its image, another image, retired segments that are not sealed yet, and a live log of
/// two segments with several batches in the last. Small, since every bit of it is flipped.
void build(SimulatedFileSystem& disk, History& history) {
  Logger logger(disk, history, layout, 8 * limits::KiB);
  good(logger.start());
  REQUIRE(logger.fill(3));
  good(logger.add_image(Index{20}, 1));
  good(logger.restart_behind(image));
  REQUIRE(logger.fill(2));
  good(logger.retire());
  good(logger.settle());
  REQUIRE(logger.fill(4));
  good(logger.retire(2));
  REQUIRE(logger.write(3));
  REQUIRE(logger.write(3));
  REQUIRE(logger.log().segments().size() == 2);
}

/// Each offset at which a record begins, and the entry that stands there or behind it.
std::map<std::uint64_t, Index> records_of(SimulatedFileSystem& disk, const std::filesystem::path& where) {
  const auto header = wal::decode_header(disk.contents(where));
  REQUIRE(header);
  const auto file = good(disk.open(where, wal::Access::read_only));
  const std::uint64_t first = wal::header_bytes(header->membership.payload.size());
  wal::RecordReader reader(*file, {header->identity.server, header->sequence, header->begin}, first,
                           header->segment_bytes, limits::log_read_bytes);
  std::map<std::uint64_t, Index> records;
  Index next = header->before.index.next();
  records[0] = next;
  while (*reader.read() == wal::Finding::record) {
    records[reader.offset()] = next;
    if (std::holds_alternative<wal::EntryRecord>(reader.record())) next = next.next();
  }
  records[reader.offset()] = next;
  return records;
}

std::vector<std::uint64_t> live_segments(SimulatedFileSystem& disk) {
  return good(wal::look_into(disk, layout.live())).segments;
}

/// Offsets at which a bit is flipped: each of what is written, some of the zeros.
std::vector<std::uint64_t> offsets_in(const Bytes& bytes) {
  std::vector<std::uint64_t> offsets;
  for (std::uint64_t offset = 0; offset < bytes.size(); ++offset) {
    if (bytes[offset] != 0 || offset % 41 == 0 || offset + 1 == bytes.size()) offsets.push_back(offset);
  }
  return offsets;
}

}  // namespace

TEST_CASE("any flipped bit of an archive is found, with its file and, in a segment, the entry that is lost") {
  SimulatedFileSystem disk;
  History history;
  build(disk, history);
  const archive::Summary whole = good(verify(disk));
  CHECK(whole.gaps.size() == 1);
  CHECK(whole.images.size() == 2);
  CHECK(whole.segments == 8);
  const auto live = live_segments(disk);
  std::size_t flipped = 0;
  for (const auto& [name, bytes] : disk.everything()) {
    if (name.ends_with(".spare") || name == (layout.live() / wal::segment_name(live.back())).string()) continue;
    const bool is_segment = name.ends_with(".segment");
    const auto records = is_segment ? records_of(disk, name) : std::map<std::uint64_t, Index>{};
    for (const std::uint64_t offset : offsets_in(bytes)) {
      const auto bit = static_cast<unsigned>(offset % 8);
      disk.flip_bit(name, offset, bit);
      ++flipped;
      const auto summary = verify(disk);
      disk.flip_bit(name, offset, bit);
      INFO(name << ", offset " << offset);
      REQUIRE_FALSE(summary);
      CHECK(summary.error().code == ErrorCode::corrupt);
      CHECK(summary.error().what.find(name) != std::string::npos);
      if (!is_segment) continue;
      const Index lost = std::prev(records.upper_bound(offset))->second;
      const bool names_it = summary.error().what.find("entry " + std::to_string(lost.value) + " ") != std::string::npos;
      // What follows a segment is looked at for where that one ends, before it is known which entries it has.
      const bool is_header = offset < wal::header_alignment;
      CHECK((names_it || (is_header && summary.error().what.find(", where entry") == std::string::npos)));
    }
  }
  CHECK(flipped > 20'000);
  CHECK(good(verify(disk)).last == whole.last);
}

TEST_CASE("a flipped bit in the last live segment is found, or the batch that nothing declares synced is not there") {
  SimulatedFileSystem disk;
  History history;
  build(disk, history);
  const archive::Summary whole = good(verify(disk));
  const std::filesystem::path last = layout.live() / wal::segment_name(live_segments(disk).back());
  const auto records = records_of(disk, last);
  const Bytes bytes = disk.contents(last);
  const std::uint64_t batch = wal::small_record_bytes + 3 * wal::entry_record_bytes(100);
  const std::uint64_t end = records.rbegin()->first;
  std::size_t found = 0;
  for (const std::uint64_t offset : offsets_in(bytes)) {
    const auto bit = static_cast<unsigned>(offset % 8);
    disk.flip_bit(last, offset, bit);
    const auto summary = verify(disk);
    const auto entries = walk_all(disk);
    disk.flip_bit(last, offset, bit);
    INFO("offset " << offset);
    if (offset < end - batch) {
      REQUIRE_FALSE(summary);
      CHECK(summary.error().code == ErrorCode::corrupt);
      CHECK(summary.error().what.find(last.string()) != std::string::npos);
      const Index lost = std::prev(records.upper_bound(offset))->second;
      if (offset >= wal::header_alignment)
        CHECK(summary.error().what.find("entry " + std::to_string(lost.value) + " ") != std::string::npos);
      ++found;
      continue;
    }
    REQUIRE(summary);
    CHECK(summary->unfinished_bytes > 0);
    CHECK(summary->last.index >= Index{whole.last.index.value - 3});
    CHECK(entries->size() == summary->entries);
  }
  CHECK(found > 500);
}

TEST_CASE("any file that is missing is missed") {
  SimulatedFileSystem whole;
  History history;
  build(whole, history);
  for (const auto& [name, bytes] : whole.everything()) {
    SimulatedFileSystem disk;
    build(disk, history);
    disk.lose(name);
    INFO(name);
    const auto summary = verify(disk);
    if (name.ends_with(".spare")) {
      CHECK(summary);
    } else if (name.ends_with(".index")) {
      CHECK(good(summary).missing_indexes == 1);
    } else {
      REQUIRE_FALSE(summary);
      CHECK(summary.error().code == ErrorCode::corrupt);
      // One that is retired and not yet in the manifest may have been in either folder.
      const std::string file = std::filesystem::path(name).filename().string();
      CHECK(summary.error().what.find(file) != std::string::npos);
    }
    const bool is_sealed_or_image = name.find("/live/") == std::string::npos && !name.ends_with(".index");
    const auto before = disk.everything();
    const auto opened = archive::Archive::open(disk, root, wal::OpenMode::use);
    if (is_sealed_or_image && !opened) {
      CHECK(opened.error().code == ErrorCode::corrupt);
      CHECK(opened.error().what.find(name) != std::string::npos);
      CHECK(disk.everything() == before);
    }
  }
}

TEST_CASE("the whole live log being gone is seen once something was sealed") {
  SimulatedFileSystem disk;
  History history;
  build(disk, history);
  for (const auto& [name, bytes] : disk.everything()) {
    if (name.find("/live/") != std::string::npos) disk.lose(name);
  }
  const auto summary = verify(disk);
  REQUIRE_FALSE(summary);
  CHECK(summary.error().code == ErrorCode::corrupt);
}

TEST_CASE("files of another archive are found") {
  SimulatedFileSystem disk;
  SimulatedFileSystem other;
  History history;
  History other_history(101);
  build(disk, history);
  const auto exchange = [&](const std::filesystem::path& where) {
    auto file = good(disk.create(where));
    good(file->write_at(0, other.contents(where)));
    good(file->sync());
  };
  SECTION("a segment") {
    build(other, other_history);
    exchange(layout.segment(2));
  }
  SECTION("an image") {
    build(other, other_history);
    exchange(layout.image(image));
  }
  SECTION("a seek index") {
    build(other, other_history);
    exchange(layout.index(2));
  }
  SECTION("the manifest") {
    build(other, other_history);
    exchange(layout.manifest());
  }
  SECTION("a live segment") {
    build(other, other_history);
    exchange(layout.live() / wal::segment_name(live_segments(disk).front()));
  }
  const auto summary = verify(disk);
  REQUIRE_FALSE(summary);
  CHECK(summary.error().code == ErrorCode::corrupt);
}

TEST_CASE("opening an archive finds damage to manifest, headers and images without reading records") {
  SimulatedFileSystem disk;
  History history;
  build(disk, history);
  const auto opens = [&] { return archive::Archive::open(disk, root, wal::OpenMode::use).has_value(); };
  const auto finds = [&](const std::filesystem::path& where, std::uint64_t offset) {
    disk.flip_bit(where, offset, 1);
    const auto before = disk.everything();
    const bool found = !opens() && disk.everything() == before;
    disk.flip_bit(where, offset, 1);
    return found;
  };
  CHECK(finds(layout.manifest(), 100));
  CHECK(finds(layout.segment(1), 100));
  CHECK(finds(layout.image(image), 100));
  CHECK(finds(layout.image(image), disk.contents(layout.image(image)).size() - 1));
  CHECK(opens());
}

TEST_CASE("a segment that was replaced by another one which is sound in itself does not fit the manifest") {
  SimulatedFileSystem disk;
  History history;
  build(disk, history);
  archive::Manifest manifest = *archive::decode_manifest(disk.contents(layout.manifest()));
  archive::SealedSegment& segment = manifest.segments[1];
  SECTION("fewer payloads") { --segment.payload_bytes; }
  SECTION("another end") { segment.end -= 8; }
  SECTION("of another server") { segment.server = ServerId{5}; }
  SECTION("of another size") { segment.bytes += 8; }
  auto file = good(disk.open(layout.manifest(), wal::Access::read_write));
  good(file->write_at(0, archive::encode_manifest(manifest)));
  const auto summary = verify(disk);
  REQUIRE_FALSE(summary);
  CHECK(summary.error().code == ErrorCode::corrupt);
  CHECK(summary.error().what.find(layout.segment(segment.sequence).string()) != std::string::npos);
}

TEST_CASE("a segment whose last records are gone, as a disk that lost a write would show it, is damaged") {
  SimulatedFileSystem disk;
  History history;
  build(disk, history);
  const archive::Manifest manifest = *archive::decode_manifest(disk.contents(layout.manifest()));
  const auto live = live_segments(disk);
  std::filesystem::path where;
  SECTION("a sealed one") { where = layout.segment(manifest.segments[0].sequence); }
  SECTION("a retired one") { where = layout.segment(manifest.next_sequence()); }
  SECTION("a live one") { where = layout.live() / wal::segment_name(live.front()); }
  const auto records = records_of(disk, where);
  // The last record is the seal, and behind it is the place of another one.
  const auto last = std::prev(records.end(), 3);
  auto file = good(disk.open(where, wal::Access::read_write));
  good(file->write_at(last->first, Bytes(disk.contents(where).size() - last->first, '\0')));
  const auto summary = verify(disk);
  REQUIRE_FALSE(summary);
  CHECK(summary.error().what == where.string() + ": offset " + std::to_string(last->first) + ", where entry " +
                                    std::to_string(last->second.value) +
                                    " should stand: no intact record stands there");
}

TEST_CASE("a header that is intact and says something else than the segment before it is damage") {
  SimulatedFileSystem disk;
  History history;
  build(disk, history);
  const archive::Manifest manifest = *archive::decode_manifest(disk.contents(layout.manifest()));
  std::filesystem::path where;
  SECTION("of a sealed segment") { where = layout.segment(2); }
  SECTION("of a live one") { where = layout.live() / wal::segment_name(live_segments(disk).back()); }
  const wal::SegmentHeader whole = *wal::decode_header(disk.contents(where));
  const auto is_found = [&](auto&& change) {
    wal::SegmentHeader header = whole;
    change(header);
    auto file = good(disk.open(where, wal::Access::read_write));
    good(file->write_at(0, wal::encode_header(header)));
    const auto summary = verify(disk);
    good(file->write_at(0, wal::encode_header(whole)));
    return !summary && summary.error().what.find(where.string() + ": offset 0") != std::string::npos;
  };
  using Header = wal::SegmentHeader;
  CHECK(is_found([](Header& header) { header.hard_state.term = header.hard_state.term.next(); }));
  CHECK(is_found([](Header& header) { header.hard_state.vote = ServerId{5}; }));
  CHECK(is_found([](Header& header) { header.membership.index = Index{3}; }));
  CHECK(is_found([](Header& header) { header.before.time.wall_us += 1; }));
  CHECK(is_found([](Header& header) { header.before.term = header.before.term.next(); }));
  CHECK(is_found([](Header& header) { header.identity.cluster.bytes[3] ^= 1; }));
  CHECK(good(verify(disk)).entries > 0);
}

TEST_CASE("an entry whose digest does not follow is damage although its record is intact") {
  SimulatedFileSystem disk;
  History history;
  auto archive = good(archive::Archive::open(disk, root, wal::OpenMode::use));
  auto log = good(wal::Log::create(disk, layout.live(), wal_testing::test_identity(), live_options(layout)));
  auto entries = history.between(Index{1}, Index{300});
  entries[20].digest = blake2b("forged");
  wal_testing::write_and_sync(log, entries);
  const auto summary = verify(disk);
  REQUIRE_FALSE(summary);
  CHECK(summary.error().what.find("where entry 21 should stand: the entry's digest") != std::string::npos);
  good(log.trim_before(log.last().index));
  archive.live_begins(log.segments().front().sequence, log.segments().front().before);
  auto more = archive.step();
  while (more && *more) more = archive.step();
  REQUIRE_FALSE(more);
  CHECK(more.error().what.find("where entry 21 should stand: the entry's digest") != std::string::npos);
  CHECK(archive.last() == Index{0});
}

TEST_CASE("a segment that replaces an entry, as no logger's does, is not sealed") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.write(10));
  wal_testing::write_and_sync(logger.log(), history.between(Index{5}, Index{10}));
  REQUIRE(logger.fill(2));
  good(logger.retire());
  const Status settled = logger.settle();
  REQUIRE_FALSE(settled);
  CHECK(settled.error().what.find("replaces an entry") != std::string::npos);
}

TEST_CASE("damage far behind the records of a large segment is found when it is sealed") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history, layout, 4 * limits::MiB);
  good(logger.start());
  REQUIRE(logger.write(10));
  good(logger.restart_behind(image));
  disk.flip_bit(layout.segment(1), 4 * limits::MiB - 1, 7);
  const Status settled = logger.settle();
  REQUIRE_FALSE(settled);
  CHECK(settled.error().what.find("offset " + std::to_string(4 * limits::MiB - 1)) != std::string::npos);
}

TEST_CASE("an image of another history than the entries is a fault, wherever it stands") {
  SimulatedFileSystem disk;
  History history;
  Logger logger(disk, history);
  good(logger.start());
  REQUIRE(logger.fill(3));
  wal::Start other = history.place(Index{20});
  SECTION("at an entry") {}
  SECTION("in a gap") { other = history.place(image); }
  const auto writer = logger.archive().image_writer();
  const auto head = image_head({other.index, other.term, blake2b("other"), other.time});
  writer->expect(head);
  good(writer->begin());
  good(writer->complete(head.image));
  // The entries are live, so that the archive cannot tell yet.
  good(logger.archive().add_image(other.index));
  if (other.index == image) good(logger.log().start_after(history.place(image), {}));
  const auto summary = verify(disk);
  REQUIRE_FALSE(summary);
  CHECK(summary.error().what.find(layout.image(other.index).string()) != std::string::npos);
  CHECK(summary.error().what.find("another history") != std::string::npos);
}
