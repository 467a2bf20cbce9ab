#include "common/base/hex.hpp"
#include "tests/wal/wal_testing.hpp"

using namespace parley;
using namespace parley::wal_testing;

namespace {
constexpr wal::Place place{ServerId{7}, 3, 4096};
}

TEST_CASE("a segment with a few records has golden bytes") {
  sim::SimulatedFileSystem files;
  EntryMaker maker;
  {
    wal::Log log = create_log(files, {8192, true}, {ClusterId{}, test_identity().server});
    const std::vector<Entry> entries{maker.next(Term{3}, "", EntryKind::settings), maker.next(Term{3}, "payload")};
    wal::Batch batch = batch_of(entries);
    batch.adopt = test_identity().cluster;
    batch.hard_state = raft::HardState{Term{3}, ServerId{9}};
    batch.commit = Index{1};
    write_and_sync(log, batch);
  }
  const Bytes bytes = files.contents(segment_path(1));
  REQUIRE(bytes.size() == 8192);
  CHECK(to_hex(BytesView(bytes).substr(0, 192)) ==
        "504c455957414c31" "ce3aeb67c0b24478"                    // magic, checksum
        "01000000" "00100000" "0020000000000000"                 // version, header bytes, segment bytes
        "0100000000000000" "0000000000000000"                    // sequence, begin
        "0000000000000000" "0000000000000000"                    // end of the previous, synced
        "00000000000000000000000000000000" "8877665544332211"    // cluster, server
        "0000000000000000" "0000000000000000"                    // term, vote
        "0000000000000000" "0000000000000000"                    // index and term before the first
        "94c1c088cc9453996779630ad3af45cbd92814828dd784cf2aa12df95d1b8afe"  // digest there
        "0000000000000000" "0000000000000000"                    // times there
        "0000000000000000" "00000000" "00000000" "0000000000000000");  // commit, flags, membership
  CHECK(bytes.find_first_not_of('\0', 192) == 4096);
  CHECK(to_hex(BytesView(bytes).substr(4096, 280)) ==
        "5d9117297cfb1fd3" "20000000" "5257" "01" "00" "0010000000000000" "0000000000000000"  // batch: synced, commit
        "f14b6dc83932c7a8" "20000000" "5257" "03" "00" "0300000000000000" "0900000000000000"  // hard state
        "34b475e53fafd81c" "20000000" "5257" "02" "00" "0102030405060708090a0b0c0d0e0f10"      // identity
        "f90d57ee1ab6e236" "50000000" "5257" "04" "03"                                        // entry, settings
        "0100000000000000" "0300000000000000" "0000000000000000" "0000000000000000"           // index, term, times
        "402ac047ee1fe165a841fc1d14cf8bc0c1b18f3f40d39aa07427a81b664ac679"                    // digest
        "f2797cd2e08b4b9b" "57000000" "5257" "04" "01"                                        // entry, command
        "0200000000000000" "0300000000000000" "0a00000000000000" "e803000000000000"
        "7a97c5f9aaa457279d50114032822bcbbebd1050dd1f53b0818831cfecf6219d"
        "7061796c6f6164" "00"  // payload and padding
        "00000000000000000000000000000000");  // nothing yet
  CHECK(bytes.find_first_not_of('\0', 4096 + 272) == Bytes::npos);
}

TEST_CASE("a seal has golden bytes and stands behind the last record of a segment that another follows") {
  sim::SimulatedFileSystem files;
  EntryMaker maker;
  std::uint64_t end = 0;
  {
    wal::Log log = create_log(files, {8192, true});
    while (log.segments().size() < 2) {
      end = log.segments().front().end_offset();
      write_and_sync(log, {maker.next(Term{1}, Bytes(1000, 'x'))});
    }
  }
  const Bytes bytes = files.contents(segment_path(1));
  CHECK(to_hex(BytesView(bytes).substr(end, 32)) ==
        "c1ccac8f37f400dd" "20000000" "5257" "05" "00" "081d000000000000" "0200000000000000");  // synced, successor
  CHECK(bytes.find_first_not_of('\0', end + 32) == Bytes::npos);
}

TEST_CASE("a header survives its bytes, and any flipped bit is found") {
  wal::SegmentHeader header;
  header.segment_bytes = 1 << 20;
  header.sequence = 5;
  header.begin = 1 << 22;
  header.previous_end = (1 << 22) - 100;
  header.synced = (1 << 22) - 100;
  header.identity = test_identity();
  header.hard_state = {Term{4}, ServerId{8}};
  header.before = {Index{77}, Term{3}, blake2b("x"), {12, 13}};
  header.commit = Index{70};
  header.restart = true;
  header.membership = {Index{60}, Bytes(5000, 'm')};
  Bytes bytes = wal::encode_header(header);
  CHECK(bytes.size() == 8192);
  CHECK(wal::decode_header(bytes) == header);
  CHECK(wal::decode_header(bytes + "whatever follows") == header);
  CHECK_FALSE(wal::decode_header(BytesView(bytes).substr(0, bytes.size() - 1)));
  CHECK_FALSE(wal::decode_header({}));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 16);
    CHECK_FALSE(wal::decode_header(bytes));
    bytes[at] = static_cast<char>(bytes[at] ^ 16);
  }
}

TEST_CASE("positions beyond 32 bits survive") {
  constexpr std::uint64_t far = (std::uint64_t{5} << 32) + 4096;
  wal::SegmentHeader header;
  header.segment_bytes = 1 << 20;
  header.sequence = far;
  header.begin = far;
  header.previous_end = far - 8;
  header.synced = far - 16;
  header.commit = Index{far};
  header.before.index = Index{far + 1};
  CHECK(wal::decode_header(wal::encode_header(header)) == header);
  const wal::Place place{ServerId{far}, far, far};
  Bytes bytes;
  wal::append_record(bytes, place, wal::BatchRecord{far, Index{far}});
  CHECK(wal::is_intact(bytes, place));
  CHECK_FALSE(wal::is_intact(bytes, {place.server, place.sequence, 4096}));
  CHECK(std::get<wal::BatchRecord>(wal::decode_record(bytes).value()).synced == far);
}

TEST_CASE("records survive their bytes, and each flipped bit of one is found, its padding included") {
  const Entry entry{Index{5}, Term{6}, EntryKind::time, {7, 8}, SharedBytes(Bytes("odd")), blake2b("d")};
  Bytes bytes;
  wal::append_record(bytes, place, entry);
  REQUIRE(bytes.size() == wal::entry_record_bytes(3));
  CHECK(wal::record_bytes(BytesView(bytes).substr(0, wal::record_head_bytes)) == bytes.size());
  REQUIRE(wal::is_intact(bytes, place));
  const auto record = wal::decode_record(bytes);
  REQUIRE(record);
  const auto& read = std::get<wal::EntryRecord>(*record);
  CHECK(Entry{read.index, read.term, read.kind, read.time, SharedBytes(Bytes(read.payload)), read.digest} == entry);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    CHECK_FALSE(wal::is_intact(bytes, place));
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
  }
  Bytes others;
  wal::append_record(others, place, wal::BatchRecord{11, Index{12}});
  wal::append_record(others, place, wal::IdentityRecord{test_identity().cluster});
  wal::append_record(others, place, raft::HardState{Term{13}, ServerId{14}});
  const auto at = [&](std::size_t number) { return *wal::decode_record(BytesView(others).substr(number * 32, 32)); };
  CHECK(std::get<wal::BatchRecord>(at(0)) == wal::BatchRecord{11, Index{12}});
  CHECK(std::get<wal::IdentityRecord>(at(1)) == wal::IdentityRecord{test_identity().cluster});
  CHECK(std::get<raft::HardState>(at(2)) == raft::HardState{Term{13}, ServerId{14}});
}

TEST_CASE("a reduced entry has golden bytes, and survives them") {
  const Entry entry{Index{5}, Term{6}, EntryKind::command, {7, 8}, SharedBytes(Bytes("left")), blake2b("d")};
  Bytes bytes;
  wal::append_reduced_record(bytes, place, entry, blake2b("payload"));
  CHECK(to_hex(bytes) ==
        "b2f31b91ce3588ad" "74000000" "5257" "06" "01"                                        // reduced entry, command
        "0500000000000000" "0600000000000000" "0700000000000000" "0800000000000000"           // index, term, times
        "00d116515f37a4c0ac872096c8b7412c80693cc5cee2e99e83a7e760dc1ece91"                    // digest
        "3cf2d09da453bbdd6b68d8a1acd5f15ba23ba46d4ff087592b3d319432500a50"                      // of the payload
        "6c656674" "00000000");                                                               // what is left, padding
  CHECK(bytes.size() == wal::reduced_record_bytes(4));
  REQUIRE(wal::is_intact(bytes, place));
  const auto read = std::get<wal::EntryRecord>(wal::decode_record(bytes).value());
  CHECK(Entry{read.index, read.term, read.kind, read.time, SharedBytes(Bytes(read.payload)), read.digest} == entry);
  CHECK(read.payload_hash == blake2b("payload"));
  Bytes kind = bytes;
  kind[15] = 2;
  CHECK_FALSE(wal::decode_record(kind));
  Bytes length = bytes;
  length[8] = wal::reduced_entry_fixed_bytes - 1;
  CHECK_FALSE(wal::decode_record(length));
}

TEST_CASE("the header of a segment that an archive has rewritten says so, and flags that are not known are refused") {
  wal::SegmentHeader header;
  header.segment_bytes = 8192;
  header.sequence = 1;
  header.reduced = true;
  const Bytes bytes = wal::encode_header(header);
  CHECK(to_hex(BytesView(bytes).substr(0, 16)) == "504c455957414c31" "9e1fc69e455c0b81");
  CHECK(to_hex(BytesView(bytes).substr(176, 4)) == "02000000");
  CHECK(wal::decode_header(bytes) == header);
  header.restart = true;
  CHECK(wal::decode_header(wal::encode_header(header)) == header);
  Bytes unknown = bytes;
  unknown[176] = 4;
  const std::uint64_t sum = checksum64(BytesView(unknown).substr(16));
  std::memcpy(unknown.data() + 8, &sum, sizeof sum);
  CHECK_FALSE(wal::decode_header(unknown));
}

TEST_CASE("a log takes no segment that an archive has rewritten, and no entry that was reduced") {
  sim::SimulatedFileSystem files;
  EntryMaker maker;
  write_and_sync(*std::make_unique<wal::Log>(create_log(files)), {maker.next(Term{1}, "payload")});
  const Bytes bytes = files.contents(segment_path(1));
  wal::SegmentHeader header = wal::decode_header(bytes).value();
  const auto put = [&](std::uint64_t offset, BytesView what) {
    auto file = files.open(segment_path(1), wal::Access::read_write);
    REQUIRE(file);
    REQUIRE((*file)->write_at(offset, what));
  };
  std::string why;
  SECTION("the segment") {
    header.reduced = true;
    put(0, wal::encode_header(header));
    why = "an archive has rewritten the segment";
  }
  SECTION("the entry") {
    Bytes record;
    Entry entry = maker.next(Term{1}, "payload");
    entry.index = Index{1};
    wal::append_reduced_record(record, {header.identity.server, 1, 4096 + 32}, entry, blake2b("payload"));
    put(4096 + 32, record);
    why = "it is reduced, in a segment that was not rewritten";
  }
  const auto opened = wal::Log::open(files, folder, small_segments);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == ErrorCode::corrupt);
  INFO(opened.error().what);
  CHECK(opened.error().what.find(why) != std::string::npos);
}

TEST_CASE("a record is intact only in its place") {
  Bytes bytes;
  wal::append_record(bytes, place, wal::BatchRecord{11, Index{12}});
  CHECK(wal::is_intact(bytes, place));
  CHECK_FALSE(wal::is_intact(bytes, {ServerId{8}, 3, 4096}));
  CHECK_FALSE(wal::is_intact(bytes, {ServerId{7}, 4, 4096}));
  CHECK_FALSE(wal::is_intact(bytes, {ServerId{7}, 3, 4104}));
}

TEST_CASE("bytes that are no record are told, and a kind or layout that is not known as well") {
  CHECK_FALSE(wal::record_bytes(Bytes(16, '\0')));
  CHECK_FALSE(wal::record_bytes(Bytes(16, '\xff')));
  CHECK_FALSE(wal::record_bytes("short"));
  Bytes bytes;
  wal::append_record(bytes, place, wal::BatchRecord{11, Index{12}});
  Bytes kind = bytes;
  kind[14] = 9;
  CHECK_FALSE(wal::decode_record(kind));
  Bytes detail = bytes;
  detail[15] = 1;
  CHECK_FALSE(wal::decode_record(detail));
  Bytes length = bytes;
  length[8] = 31;
  CHECK_FALSE(wal::decode_record(length));
  // So long that padding it to eight bytes would not fit 32 bits.
  for (const std::size_t at : {8u, 9u, 10u, 11u}) length[at] = '\xff';
  CHECK_FALSE(wal::record_bytes(length));
}
