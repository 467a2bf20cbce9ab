#include "common/base/archive_limits.hpp"
#include "common/base/hex.hpp"
#include "common/transfer/rows.hpp"
#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using archive::ImageFileReader;
using archive::ImageFileWriter;
using sim::SimulatedFileSystem;
using sim::Unsynced;

namespace {

const std::filesystem::path folder = "/images";
const wal::Start at{Index{70}, Term{3}, blake2b("image"), {77, 88}};
const std::filesystem::path where = folder / archive::image_name(at.index);

Status write_image(wal::FileSystem& files, std::size_t chunks, const wal::Start& of = at) {
  if (Status made = files.make_directories(folder); !made) return made;
  ImageFileWriter writer(files, folder);
  writer.expect(image_head(of));
  Status done = writer.begin();
  for (std::size_t chunk = 0; done && chunk < chunks; ++chunk) done = writer.add(some_rows(of.index, chunk));
  return done ? writer.complete(image_head(of).image) : done;
}

/// All chunks, or the fault.
Result<std::vector<Bytes>> read_image(wal::FileSystem& files) {
  auto reader = ImageFileReader::open(files, where);
  if (!reader) return std::unexpected(reader.error());
  std::vector<Bytes> chunks;
  while (true) {
    auto rows = reader->next();
    if (!rows) return std::unexpected(rows.error());
    if (!*rows) return chunks;
    chunks.push_back(std::move(**rows));
  }
}

}  // namespace

TEST_CASE("an image file has golden bytes") {
  SimulatedFileSystem disk;
  good(disk.make_directories(folder));
  ImageFileWriter writer(disk, folder);
  writer.expect(image_head(at));
  good(writer.begin());
  Bytes rows;
  transfer::append_row(rows, "k", "v");
  good(writer.add(rows));
  good(writer.complete(image_head(at).image));
  const Bytes bytes = disk.contents(where);
  REQUIRE(bytes.size() == 112 + 11 + 24 + 10 + 80);
  // clang-format off
  CHECK(to_hex(bytes) ==
        "504c4559494d4731" "b2ddb6daf1e32dbe"  // magic, checksum
        "01000000" "0b000000"  // version, bytes of the membership
        "0102030405060708090a0b0c0d0e0f10"  // cluster
        "4600000000000000" "0300000000000000"
        "fb80366173a878739d3228b671ae7f65fa6b2f5025f59f503f23ce8bc4a36d93"  // index, term, digest
        "4d00000000000000" "5800000000000000"  // times
        "0100000000000000" "746865206d656d62657273"  // membership: index of its entry, bytes
        "23fa335419956737" "01000000" "0a000000" "0000000000000000"  // chunk: checksum, kind, bytes, number
        "010000006b" "0100000076"  // key, value
        "fc50340f60a302b5" "02000000" "38000000" "0100000000000000"  // end: checksum, kind, bytes, chunks before
        "0100000000000000" "0100000000000000" "0a00000000000000"  // chunks, rows, their bytes
        "2e0b378cc258139a2f90b7019dbc7cd088d26f278c65f589e48e6aa5a50edfc0");  // digest of all
  // clang-format on
}

TEST_CASE("an image is read as it was written, chunk by chunk") {
  for (const std::size_t chunks : {0, 1, 7}) {
    SimulatedFileSystem disk;
    good(write_image(disk, chunks));
    const auto read = good(read_image(disk));
    REQUIRE(read.size() == chunks);
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) CHECK(read[chunk] == some_rows(at.index, chunk));
    const auto reader = good(ImageFileReader::open(disk, where));
    CHECK(reader.head() == image_head(at));
    CHECK(reader.end().chunks == chunks);
    CHECK(reader.end().rows == 5 * chunks);
  }
}

TEST_CASE("reading an image goes on with any chunk") {
  SimulatedFileSystem disk;
  good(write_image(disk, 9));
  auto reader = good(ImageFileReader::open(disk, where));
  for (const std::uint64_t chunk : {4, 5, 0, 8, 2, 2}) {
    good(reader.go_to(chunk));
    CHECK(reader.sequence() == chunk);
    CHECK(good(reader.next()) == some_rows(at.index, chunk));
  }
  good(reader.go_to(9));
  CHECK(good(reader.next()) == std::nullopt);
}

TEST_CASE("what is no row, or too much for a chunk, ends an image and leaves nothing of it") {
  SimulatedFileSystem disk;
  good(disk.make_directories(folder));
  ImageFileWriter writer(disk, folder);
  writer.expect(image_head(at));
  good(writer.begin());
  good(writer.add(some_rows(at.index, 0)));
  Bytes rows;
  SECTION("no rows") { rows = "no rows"; }
  SECTION("too many") {
    while (rows.size() <= limits::image_chunk_most_bytes) transfer::append_row(rows, "key", Bytes(100'000, 'v'));
  }
  CHECK(writer.add(rows).error().code == ErrorCode::protocol);
  CHECK(disk.everything().empty());
}

TEST_CASE("an image that is given up, or begun anew, leaves nothing") {
  SimulatedFileSystem disk;
  good(write_image(disk, 1));
  {
    ImageFileWriter writer(disk, folder);
    writer.expect(image_head(at));
    good(writer.begin());
    good(writer.add(some_rows(at.index, 8)));
    writer.expect(image_head({Index{71}, Term{3}, blake2b("other"), {}}));
    good(writer.begin());
    good(writer.add(some_rows(Index{71}, 0)));
    CHECK(disk.everything().size() == 2);
  }
  CHECK(disk.everything().size() == 1);
  CHECK(good(read_image(disk)).size() == 1);
}

TEST_CASE("an image of the same state stays, unless it is damaged or of another history") {
  SimulatedFileSystem disk;
  good(write_image(disk, 1));
  SECTION("the same") {
    good(write_image(disk, 3));
    CHECK(good(read_image(disk)).size() == 1);
  }
  SECTION("damaged") {
    disk.flip_bit(where, disk.contents(where).size() - 1, 3);
    good(write_image(disk, 3));
    CHECK(good(read_image(disk)).size() == 3);
  }
  SECTION("of another history") {
    good(write_image(disk, 3, {at.index, at.term, blake2b("other"), at.time}));
    CHECK(good(read_image(disk)).size() == 3);
  }
  CHECK(disk.everything().size() == 1);
}

TEST_CASE("a large image is synced on its way") {
  SimulatedFileSystem disk;
  good(disk.make_directories(folder));
  ImageFileWriter writer(disk, folder);
  writer.expect(image_head(at));
  good(writer.begin());
  Bytes rows;
  transfer::append_row(rows, "key", Bytes(limits::value_bytes, 'v'));
  for (int chunk = 0; chunk < 40; ++chunk) {
    good(writer.add(rows));
    CHECK(disk.unsynced_bytes() < limits::image_sync_bytes + rows.size());
  }
  CHECK(disk.counters().syncs == 1);
  good(writer.complete(image_head(at).image));
}

TEST_CASE("each flipped bit of an image is found") {
  SimulatedFileSystem whole;
  good(write_image(whole, 3));
  const std::size_t size = whole.contents(where).size();
  for (std::size_t offset = 0; offset < size; ++offset) {
    SimulatedFileSystem disk;
    good(write_image(disk, 3));
    disk.flip_bit(where, offset, static_cast<unsigned>(offset % 8));
    INFO("offset " << offset);
    const auto read = read_image(disk);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::corrupt);
    CHECK(read.error().what.find(where.string() + ": offset ") != std::string::npos);
  }
}

TEST_CASE("an image that is cut short, or has parts of another, is damaged") {
  SimulatedFileSystem disk;
  good(write_image(disk, 3));
  const Bytes bytes = disk.contents(where);
  const std::size_t head = 112 + 11;
  const std::size_t chunk = 24 + some_rows(at.index, 0).size();
  Bytes other;
  SECTION("cut") { other = bytes.substr(0, bytes.size() - 1); }
  SECTION("cut in its head") { other = bytes.substr(0, 100); }
  SECTION("cut behind its head") { other = bytes.substr(0, head); }
  SECTION("empty") {}
  SECTION("a chunk is missing") { other = bytes.substr(0, head + chunk) + bytes.substr(head + 2 * chunk); }
  SECTION("two chunks are exchanged") {
    other = bytes.substr(0, head) + bytes.substr(head + chunk, chunk) + bytes.substr(head, chunk) +
            bytes.substr(head + 2 * chunk);
  }
  SECTION("a chunk is of another image of the same entry") {
    SimulatedFileSystem second;
    wal::Start same = at;
    same.time.wall_us = 1;
    good(write_image(second, 3, same));
    other = bytes.substr(0, head) + second.contents(where).substr(head, chunk) + bytes.substr(head + chunk);
  }
  auto file = good(disk.create(where));
  good(file->write_at(0, other));
  const auto read = read_image(disk);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::corrupt);
}

TEST_CASE("a crash at any operation leaves an image whole, or none") {
  for (std::uint64_t operations = 0;; ++operations) {
    bool finished = false;
    for (const Unsynced fate : {Unsynced::lost, Unsynced::any, Unsynced::any}) {
      SimulatedFileSystem disk;
      Random random(operations * 2 + (fate == Unsynced::any));
      disk.stop_after(operations);
      finished = write_image(disk, 4).has_value();
      disk.crash(random, fate);
      INFO("operations " << operations);
      const bool is_there = disk.everything().contains(where.string());
      CHECK((is_there || !finished));
      if (is_there) CHECK(good(read_image(disk)).size() == 4);
    }
    if (finished) break;
  }
}

TEST_CASE("a disk that fills at any byte leaves nothing of an image") {
  SimulatedFileSystem disk;
  std::uint64_t room = 0;
  for (bool finished = false; !finished; ++room) {
    disk.set_capacity(room);
    const Status written = write_image(disk, 3);
    finished = written.has_value();
    if (finished) continue;
    CHECK(written.error().code == ErrorCode::disk_full);
    CHECK(disk.everything().empty());
  }
  CHECK(good(read_image(disk)).size() == 3);
}
