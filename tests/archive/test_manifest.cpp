#include "common/base/hex.hpp"
#include "tests/archive/archive_testing.hpp"

using namespace parley;
using namespace parley::archive_testing;
using archive::Manifest;

namespace {

wal::Start place(std::uint64_t index, std::uint64_t term) {
  return {Index{index}, Term{term}, blake2b(std::to_string(index)), {index * 10, index * 1000}};
}

Manifest some_manifest() {
  Manifest manifest;
  manifest.cluster = wal_testing::test_identity().cluster;
  manifest.begin = place(10, 1);
  manifest.begin_sequence = 3;
  manifest.segments.push_back({3, ServerId{7}, 16384, 9000, 4000, place(10, 1), place(20, 2), false});
  manifest.segments.push_back({4, ServerId{7}, 8192, 8192, 100, place(20, 2), place(21, 2), true});
  manifest.gaps.push_back({Index{22}, place(30, 4)});
  manifest.images.push_back({Index{20}, 500, blake2b("a")});
  manifest.images.push_back({Index{30}, 600, blake2b("b")});
  return manifest;
}

bool survives(const Manifest& manifest) {
  return archive::decode_manifest(archive::encode_manifest(manifest)) == manifest;
}

}  // namespace

TEST_CASE("a manifest has golden bytes") {
  const Bytes bytes = archive::encode_manifest(some_manifest());
  REQUIRE(bytes.size() == 136 + 2 * 176 + 72 + 2 * 48);
  // clang-format off
  CHECK(to_hex(BytesView(bytes).substr(0, 136)) ==
        "504c455941524331" "15500da8fa832083"  // magic, checksum
        "01000000" "00000000"  // version, nothing
        "0102030405060708090a0b0c0d0e0f10"  // cluster
        "0300000000000000"  // number of the first segment
        "0a00000000000000" "0100000000000000"
        "d0b1be7d92bf8830457c084ff4da1c2841879b483c3cface85dcd40f69e1ab8e"  // the entry before: index, term, digest,
        "6400000000000000" "1027000000000000"  // times
        "0200000000000000" "0100000000000000" "0200000000000000");  // segments, gaps, images
  CHECK(to_hex(BytesView(bytes).substr(136 + 176, 176)) ==
        "0400000000000000" "0700000000000000"  // number, server
        "0020000000000000" "0020000000000000" "6400000000000000"  // bytes, end, bytes of payloads
        "1400000000000000" "0200000000000000"
        "da2da4e3366bca0044c0340f33a10067c0be5235a081f4a87b4f3958bb2aea77"  // the entry before
        "c800000000000000" "204e000000000000"
        "1500000000000000" "0200000000000000"
        "d7f629d9cf2c7ce0404ac62c874a9b1eafe7e31f3747cbcc8b6f56481dc74aed"  // the last entry
        "d200000000000000" "0852000000000000"
        "01000000" "00000000");  // reduced, nothing
  CHECK(to_hex(BytesView(bytes).substr(136 + 2 * 176, 72 + 48)) ==
        "1600000000000000"  // gap: from
        "1e00000000000000" "0400000000000000"
        "367bb5348d2ec2b14137062ed579afc7b16e70a3c64e58310d93bbf8a17fcc8c"  // its last entry
        "2c01000000000000" "3075000000000000"
        "1400000000000000" "f401000000000000"
        "8928aae63c84d87ea098564d1e03ad813f107add474e56aedd286349c0c03ea4");  // image: index, bytes, digest
  // clang-format on
}

TEST_CASE("a manifest survives its bytes, and each flipped bit is found") {
  const Manifest manifest = some_manifest();
  CHECK(survives(manifest));
  CHECK(survives(Manifest{}));
  Bytes bytes = archive::encode_manifest(manifest);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    CHECK_FALSE(archive::decode_manifest(bytes));
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
  }
  CHECK_FALSE(archive::decode_manifest(BytesView(bytes).substr(0, bytes.size() - 1)));
  CHECK_FALSE(archive::decode_manifest(bytes + "x"));
  CHECK_FALSE(archive::decode_manifest({}));
}

TEST_CASE("a manifest in which something does not follow on what is before it is none") {
  Manifest manifest = some_manifest();
  SECTION("a number is left out") { manifest.segments[1].sequence = 5; }
  SECTION("the numbers begin elsewhere") { manifest.begin_sequence = 2; }
  SECTION("an entry is missing between two segments") { manifest.segments[1].before = place(19, 2); }
  SECTION("the digest between two segments differs") { manifest.segments[1].before.digest = blake2b("other"); }
  SECTION("the first segment does not begin where the archive does") { manifest.begin = place(9, 1); }
  SECTION("a segment ends before it begins") { manifest.segments[0].last = place(9, 1); }
  SECTION("a segment without entries ends elsewhere") {
    manifest.segments[1].last = manifest.segments[1].before;
    manifest.segments[1].last.digest = blake2b("other");
  }
  SECTION("a segment's records end behind its file") { manifest.segments[0].end = 16385; }
  SECTION("a segment is larger than any") { manifest.segments[0].bytes = limits::max_segment_bytes + 1; }
  SECTION("a gap begins elsewhere") { manifest.gaps[0].from = Index{23}; }
  SECTION("a gap ends before it begins") { manifest.gaps[0].after = place(21, 4); }
  SECTION("two gaps are the same") { manifest.gaps.push_back(manifest.gaps[0]); }
  SECTION("images are not in order") { std::swap(manifest.images[0], manifest.images[1]); }
  SECTION("an image is there twice") { manifest.images[1] = manifest.images[0]; }
  CHECK_FALSE(archive::decode_manifest(archive::encode_manifest(manifest)));
}

TEST_CASE("a manifest tells where things are") {
  const Manifest manifest = some_manifest();
  CHECK(manifest.next_sequence() == 5);
  CHECK(manifest.end() == place(30, 4));
  CHECK(manifest.gap_behind(Index{21}) == manifest.gaps.data());
  CHECK_FALSE(manifest.gap_behind(Index{20}));
  CHECK_FALSE(manifest.gap_behind(Index{22}));
  CHECK(manifest.gap_with(Index{22}) == manifest.gaps.data());
  CHECK(manifest.gap_with(Index{30}) == manifest.gaps.data());
  CHECK_FALSE(manifest.gap_with(Index{21}));
  CHECK_FALSE(manifest.gap_with(Index{31}));
  CHECK(manifest.image_of(Index{30}) == &manifest.images[1]);
  CHECK_FALSE(manifest.image_of(Index{25}));
  CHECK(Manifest{}.end() == wal::Start{});
}

TEST_CASE("the names of an archive's files are only those that we would give") {
  CHECK(archive::index_name(12) == "000000000012.index");
  CHECK(archive::image_name(Index{12}) == "00000000000000000012.image");
  CHECK(archive::sequence_of_index("000000000012.index") == 12);
  CHECK(archive::sequence_of_segment("000000000012.segment") == 12);
  CHECK(archive::index_of_image("18446744073709551615.image") == Index{UINT64_MAX});
  for (const std::string name :
       {"12.index", "00000000012.index", "000000000012.index.tmp", "x00000000012.index", ".index"}) {
    CHECK_FALSE(archive::sequence_of_index(name));
  }
  CHECK_FALSE(archive::index_of_image("00000000000000000012.image.tmp"));
  CHECK_FALSE(archive::index_of_image("99999999999999999999.image"));
}
