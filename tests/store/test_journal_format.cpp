#include <catch2/catch.hpp>
#include <vector>

#include "common/base/hex.hpp"
#include "common/store/journal_format.hpp"

using namespace parley;
using namespace parley::store;

namespace {

struct Row {
  Bytes key;
  std::optional<Bytes> value;
  friend bool operator==(const Row&, const Row&) = default;
};

std::optional<std::vector<Row>> rows_of(BytesView part, const PartHead& head) {
  std::vector<Row> rows;
  const bool are_rows = visit_part(part, head, [&](BytesView key, std::optional<BytesView> value) {
    rows.push_back({Bytes(key), value ? std::optional<Bytes>(*value) : std::nullopt});
  });
  return are_rows ? std::optional(rows) : std::nullopt;
}

const PartPlace place{0x0123456789abcdef, {JournalKind::journal, 7}, 4096};

Bytes some_part() {
  PartWriter writer;
  writer.begin(8, 0xaabbccdd, 3);
  writer.put("key", "value");
  writer.erase("gone");
  writer.put("l", "");
  return Bytes(writer.end(place, PartKind::last));
}

}  // namespace

TEST_CASE("the head of a journal is these bytes") {
  const JournalHeader header{JournalKind::journal, 1024, 0x0123456789abcdef, 7};
  const Bytes bytes = encode_header(header);
  REQUIRE(bytes.size() == journal_header_bytes);
  CHECK(bytes.substr(0, 8) == "PLEYJRN1");
  CHECK(to_hex(bytes.substr(8, 8)) == "208c64a74d34da3a");
  CHECK(to_hex(bytes.substr(16, 24)) == "0100000000040000efcdab89674523010700000000000000");
  CHECK(bytes.substr(40) == Bytes(journal_header_bytes - 40, '\0'));
  CHECK(decode_header(bytes) == header);
  const JournalHeader base{JournalKind::base, 0, 1, 2};
  CHECK(encode_header(base).substr(0, 8) == "PLEYBAS1");
  CHECK(decode_header(encode_header(base)) == base);
}

TEST_CASE("no byte of a head can change unseen") {
  const Bytes bytes = encode_header({JournalKind::journal, 0, 1, 2});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    REQUIRE_FALSE(decode_header(damaged));
  }
  CHECK_FALSE(decode_header(BytesView(bytes).substr(0, 4095)));
}

TEST_CASE("a part is these bytes") {
  const Bytes part = some_part();
  CHECK(to_hex(part) ==
        "693df1fc3868810d"
        "45000000504a0200"
        "0800000000000000"
        "ddccbbaa03000000"
        "03000000050000006b657976616c7565"
        "04000000ffffffff676f6e65"
        "01000000000000006c"
        "000000");
  const auto head = decode_part_head(part);
  REQUIRE(head);
  CHECK(head->kind == PartKind::last);
  CHECK(head->commit == 8);
  CHECK(head->attempt == 0xaabbccdd);
  CHECK(head->number == 3);
  CHECK(padded_part(head->bytes) == part.size());
  CHECK(is_intact(part, place));
  CHECK(rows_of(part, *head) == std::vector<Row>{{"key", "value"}, {"gone", std::nullopt}, {"l", ""}});
}

TEST_CASE("a seal is these bytes") {
  PartWriter writer;
  writer.begin(8, 0, 0);
  writer.filled(6);
  const Bytes seal(writer.end(place, PartKind::seal));
  CHECK(to_hex(seal) ==
        "4d7c7fef1dce54f4"
        "28000000504a0300"
        "0800000000000000"
        "0000000000000000"
        "0600000000000000");
  const auto head = decode_part_head(seal);
  REQUIRE(head);
  CHECK(is_seal(head->kind));
  CHECK(filled_by(seal, *head) == 6U);
  const Bytes part = some_part();
  CHECK_FALSE(filled_by(part, *decode_part_head(part)));
}

TEST_CASE("a part is intact in its place alone, and in no other bytes") {
  const Bytes part = some_part();
  PartPlace other = place;
  SECTION("another store") { other.store += 1; }
  SECTION("a base") { other.file.kind = JournalKind::base; }
  SECTION("another file") { other.file.commit += 1; }
  SECTION("another offset") { other.offset += 8; }
  CHECK_FALSE(is_intact(part, other));
  for (std::size_t i = 0; i < part.size(); ++i) {
    Bytes damaged = part;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    REQUIRE_FALSE(is_intact(damaged, place));
  }
}

TEST_CASE("names of files are their commits in twelve digits or more, and nothing else is one") {
  CHECK(journal_name(JournalKind::journal, 12) == "000000000012.journal");
  CHECK(journal_name(JournalKind::base, 1234567890123) == "1234567890123.base");
  CHECK(parse_journal_name("000000000012.journal") == JournalName{JournalKind::journal, 12});
  CHECK(parse_journal_name("1234567890123.base") == JournalName{JournalKind::base, 1234567890123});
  for (const char* name : {"values", "12.journal", "0000000000012.journal", "00000000001x.base", ".base",
                           "000000000012.journal.tmp", "99999999999999999999.base"})
    CHECK_FALSE(parse_journal_name(name));
}

TEST_CASE("rows that are not whole, or have no key, are none") {
  PartHead head;
  head.kind = PartKind::rows;
  const auto part_of = [&](const Bytes& rows) {
    const Bytes part = Bytes(part_head_bytes, '\0') + rows;
    head.bytes = static_cast<std::uint32_t>(part.size());
    return part;
  };
  const Bytes one{1, 0, 0, 0};
  const Bytes two{2, 0, 0, 0};
  const Bytes none{0, 0, 0, 0};
  CHECK(rows_of(part_of(one + none + "k"), head));
  CHECK_FALSE(rows_of(part_of(two + none + "k"), head));
  CHECK_FALSE(rows_of(part_of(one + one + "k"), head));
  CHECK_FALSE(rows_of(part_of(none + one + "v"), head));
  CHECK_FALSE(rows_of(part_of(one), head));
  CHECK_FALSE(rows_of(part_of(one + none + "k" + "x"), head));
}
