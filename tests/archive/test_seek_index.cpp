#include "common/base/hex.hpp"
#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using archive::SeekIndex;

namespace {

SeekIndex some_index() {
  return {5, 200'000, blake2b("x"), {{Index{10}, 4128}, {Index{80}, 70'000}, {Index{150}, 140'000}}};
}

}  // namespace

TEST_CASE("a seek index has golden bytes") {
  const Bytes bytes = archive::encode_seek_index(some_index());
  REQUIRE(bytes.size() == 72 + 3 * 16);
  // clang-format off
  CHECK(to_hex(bytes) ==
        "504c455949445831" "0395ef8de22d9f2e"  // magic, checksum
        "01000000" "03000000"  // version, marks
        "0500000000000000" "400d030000000000"  // number of the segment, where its records end
        "d161d71145abeec5ef15abcf0459cec60a27321e2f0ac0ef7ace5254f5944476"  // digest there
        "0a00000000000000" "2010000000000000"  // index, offset
        "5000000000000000" "7011010000000000"
        "9600000000000000" "e022020000000000");
  // clang-format on
}

TEST_CASE("a seek index survives its bytes, and each flipped bit is found") {
  const SeekIndex index = some_index();
  Bytes bytes = archive::encode_seek_index(index);
  CHECK(archive::decode_seek_index(bytes) == index);
  CHECK(archive::decode_seek_index(archive::encode_seek_index(SeekIndex{})) == SeekIndex{});
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 32);
    CHECK_FALSE(archive::decode_seek_index(bytes));
    bytes[at] = static_cast<char>(bytes[at] ^ 32);
  }
  CHECK_FALSE(archive::decode_seek_index(BytesView(bytes).substr(0, bytes.size() - 1)));
  CHECK_FALSE(archive::decode_seek_index(bytes + "x"));
  CHECK_FALSE(archive::decode_seek_index({}));
}

TEST_CASE("a seek index whose marks are not in order, or lie behind the records, is none") {
  SeekIndex index = some_index();
  SECTION("indexes") { index.marks[1].index = index.marks[0].index; }
  SECTION("offsets") { index.marks[1].offset = 4000; }
  SECTION("behind the records") { index.end = 140'000; }
  CHECK_FALSE(archive::decode_seek_index(archive::encode_seek_index(index)));
}

TEST_CASE(
    "one entry in about 64 KiB gets a mark, the first always, and an entry is looked for from the mark before it") {
  SeekIndex index;
  for (std::uint64_t entry = 1; entry <= 1000; ++entry) index.note(Index{entry}, 4096 + (entry - 1) * 1000);
  REQUIRE(index.marks.size() == 16);
  CHECK(index.marks[0] == SeekIndex::Mark{Index{1}, 4096});
  CHECK(index.marks[1] == SeekIndex::Mark{Index{67}, 4096 + 66'000});
  CHECK_FALSE(index.mark_before(Index{0}));
  CHECK(index.mark_before(Index{66}) == index.marks[0]);
  CHECK(index.mark_before(Index{67}) == index.marks[1]);
  CHECK(index.mark_before(Index{5000}) == index.marks[15]);
}
