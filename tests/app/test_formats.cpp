#include "common/app/meta.hpp"
#include "common/app/transaction.hpp"
#include "common/base/hex.hpp"
#include "common/base/key_value_limits.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

/// Spaces are for people.
Bytes bytes_of(std::string text) {
  std::erase(text, ' ');
  const auto bytes = from_hex(text);
  REQUIRE(bytes.has_value());
  return *bytes;
}

template <class Decode>
void check_refuses_what_is_cut_or_longer(const Bytes& sound, Decode decode) {
  for (std::size_t size = 0; size < sound.size(); ++size) CHECK_FALSE(decode(BytesView(sound).substr(0, size)));
  CHECK_FALSE(decode(sound + '\0'));
  Bytes other_version = sound;
  ++other_version[0];
  CHECK_FALSE(decode(other_version));
}

}  // namespace

TEST_CASE("commands have the bytes that COMMANDS.md gives them") {
  const std::string head = "0807060504030201 0900000000000000 0200000000000000 ";
  const auto command = [](Operation operation) {
    return Command{SessionId{0x0102030405060708}, RequestSeq{9}, RequestSeq{2}, operation};
  };
  const Bytes no_parts(12, '\0');
  const std::vector<std::pair<Command, std::string>> table = {
      {Command{.lowest_unanswered = RequestSeq{0}, .operation = OpenSession{0x1122334455667788}},
       "01 01 0000000000000000 0000000000000000 0000000000000000 8877665544332211"},
      {command(CloseSession{}), "01 02" + head},
      {command(Set{"key", "value"}), "01 03" + head + "03000000 6b6579 05000000 76616c7565"},
      {command(Set{"", ""}), "01 03" + head + "00000000 00000000"},
      {command(Delete{"k"}), "01 04" + head + "01000000 6b"},
      {command(CompareAndSet{"k", "old", "new"}), "01 05" + head + "01000000 6b 03000000 6f6c64 03000000 6e6577"},
      {command(SetExpiring{"k", "v", 0x0102, {}}),
       "01 06" + head + "01000000 6b 01000000 76 0201000000000000 0000000000000000"},
      {command(SetExpiring{"k", "v", 0, LeaseId{9}}),
       "01 06" + head + "01000000 6b 01000000 76 0000000000000000 0900000000000000"},
      {command(LeaseGrant{0x0102}), "01 07" + head + "0201000000000000"},
      {command(LeaseKeepAlive{LeaseId{9}}), "01 08" + head + "0900000000000000"},
      {command(LeaseRevoke{LeaseId{9}}), "01 09" + head + "0900000000000000"},
      {command(Increment{"k", 3}), "01 0a" + head + "01000000 6b 0300000000000000"},
      {command(Increment{"k", -2}), "01 0a" + head + "01000000 6b feffffffffffffff"},
      {command(DeleteIf{"k", "old"}), "01 0b" + head + "01000000 6b 03000000 6f6c64"},
      {command(Transaction{no_parts}), "01 0c" + head + "00000000 00000000 00000000"},
  };
  for (const auto& [sound, text] : table) {
    DYNAMIC_SECTION(text) {
      const Bytes bytes = bytes_of(text);
      CHECK(to_hex(encode_command(sound)) == to_hex(bytes));
      CHECK(encoded_size(sound) == bytes.size());
      CHECK(decode_command(bytes) == sound);
      check_refuses_what_is_cut_or_longer(bytes, decode_command);
    }
  }
  SECTION("and an operation that is not known is none") {
    for (const char* text : {"01 00", "01 0d", "01 ff"}) CHECK_FALSE(decode_command(bytes_of(text + head)));
  }
}

TEST_CASE("transactions have the bytes that KEY_VALUE.md gives them") {
  const TransactionParts parts{{{Compare::How::equal, "k", "v"},
                                {Compare::How::not_equal, "k", "v"},
                                {Compare::How::less, "k", "v"},
                                {Compare::How::greater, "k", "v"},
                                {Compare::How::exists, "k"},
                                {Compare::How::absent, "k"}},
                               {Get{"k"}, Set{"k", "v"}, SetExpiring{"k", "v", 7, {}}},
                               {Delete{"k"}, Increment{"k", -1}}};
  const std::string key = "01000000 6b ";
  const std::string value = "01000000 76 ";
  const Bytes bytes =
      bytes_of("06000000 01" + key + value + "02" + key + value + "03" + key + value + "04" + key + value + "05" + key +
               "00000000 06" + key + "00000000 03000000 01" + key + "02" + key + value + "03" + key + value +
               "0700000000000000 0000000000000000 02000000 04" + key + "05" + key + "ffffffffffffffff");
  CHECK(to_hex(encode_transaction(parts)) == to_hex(bytes));
  CHECK(decode_transaction(bytes) == parts);
  CHECK(is_transaction(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(decode_transaction(BytesView(bytes).substr(0, size)));
    CHECK_FALSE(is_transaction(BytesView(bytes).substr(0, size)));
  }
  CHECK_FALSE(is_transaction(bytes + '\0'));
  for (const std::string& text :
       {"01000000 00" + key + value, "01000000 07" + key + value, "01000000 05" + key + value, std::string("ffffffff"),
        "00000000 01000000 00" + key, "00000000 01000000 06" + key}) {
    const Bytes none = bytes_of(text + "00000000 00000000");
    CHECK_FALSE(is_transaction(none));
    CHECK_FALSE(decode_transaction(none));
  }
}

TEST_CASE("a decoded command borrows its bytes") {
  const Bytes bytes = encode_command({SessionId{1}, RequestSeq{1}, RequestSeq{1}, Set{"key", "value"}});
  const auto command = decode_command(bytes);
  REQUIRE(command.has_value());
  const BytesView value = std::get<Set>(command->operation).value;
  CHECK(value.data() + value.size() == bytes.data() + bytes.size());
}

TEST_CASE("a command is identified by session and number, or by its nonce") {
  CHECK(id_of({SessionId{4}, RequestSeq{5}, RequestSeq{1}, Delete{"k"}}) == CommandId{SessionId{4}, RequestSeq{5}, 0});
  CHECK(id_of({.operation = OpenSession{6}}) == CommandId{SessionId{0}, RequestSeq{0}, 6});
}

TEST_CASE("queries have the bytes that COMMANDS.md gives them") {
  const std::vector<std::pair<Query, std::string>> table = {
      {Get{"key"}, "01 01 03000000 6b6579"},
      {Scan{"ab", "abc", 7}, "01 02 02000000 6162 03000000 616263 07000000"},
      {LeaseInfo{LeaseId{9}}, "01 03 0900000000000000"},
  };
  for (const auto& [query, text] : table) {
    DYNAMIC_SECTION(text) {
      const Bytes bytes = bytes_of(text);
      CHECK(to_hex(encode_query(query)) == to_hex(bytes));
      CHECK(decode_query(bytes) == query);
      check_refuses_what_is_cut_or_longer(bytes, decode_query);
    }
  }
  CHECK_FALSE(decode_query(bytes_of("01 03 00000000")));
}

TEST_CASE("replies have the bytes that COMMANDS.md gives them") {
  const std::vector<std::pair<Reply, std::string>> table = {
      {Reply{}, "01 00 00 00 00000000"},
      {Reply{.word = ErrorWord::not_found, .detail = "no"}, "01 01 00 00 02000000 6e6f"},
      {Reply{.word = ErrorWord::mismatch, .value_elided = true}, "01 02 00 01 00000000"},
      {Reply{.body = ReplyValue{"v"}}, "01 00 01 00 00000000 01000000 76"},
      {Reply{.body = ReplyRows{{{"a", "1"}, {"b", ""}}, true}},
       "01 00 02 02 00000000 02000000 01000000 61 01000000 31 01000000 62 00000000"},
      {Reply{.body = SessionOpened{SessionId{0x0102}}}, "01 00 03 00 00000000 0201000000000000"},
      {Reply{.body = SessionOpened{SessionId{0x0102}, 7}}, "01 00 04 00 00000000 0201000000000000 07000000"},
      {Reply{.body = ReplyLease{LeaseId{9}, 0x0102, 0x0101, 3}},
       "01 00 05 00 00000000 0900000000000000 0201000000000000 0101000000000000 03000000"},
      {Reply{.body = ReplyTransaction{true, {{ErrorWord::ok, "v"}, {ErrorWord::not_found, {}}, {ErrorWord::ok, ""}}}},
       "01 00 06 00 00000000 01 03000000 80 01000000 76 01 80 00000000"},
      {Reply{.body = ReplyTransaction{}}, "01 00 06 00 00000000 00 00000000"},
  };
  for (const auto& [reply, text] : table) {
    DYNAMIC_SECTION(text) {
      const Bytes bytes = bytes_of(text);
      CHECK(to_hex(encode_reply(reply)) == to_hex(bytes));
      CHECK(decode_reply(bytes) == reply);
      check_refuses_what_is_cut_or_longer(bytes, decode_reply);
    }
  }
  SECTION("and unknown words, bodies, flags and endless rows are refused") {
    for (const char* text :
         {"01 0e 00 00 00000000", "01 00 07 00 00000000", "01 00 00 04 00000000", "01 00 06 00 00000000 02 00000000",
          "01 00 06 00 00000000 00 01000000 0e", "01 00 06 00 00000000 00 81000000",
          "01 00 04 00 00000000 0201000000000000 00010000", "01 00 04 00 00000000 0201000000000000 00000000",
          "01 00 00 02 00000000", "01 00 02 00 00000000 ffffffff", "01 00 02 00 00000000 e9030000"}) {
      CHECK_FALSE(decode_reply(bytes_of(text)));
    }
  }
}

TEST_CASE("a reply is kept without its detail, and without a value that is too long to keep") {
  const auto kept = [](const Reply& reply) {
    Bytes bytes;
    encode_reply_to_keep(reply, bytes);
    CHECK(bytes.size() <= limits::kept_reply_bytes);
    return decode_reply(bytes);
  };
  const Reply fits{.word = ErrorWord::mismatch, .detail = "gone", .body = ReplyValue{Bytes(1012, 'v')}};
  Reply without_detail = fits;
  without_detail.detail.clear();
  CHECK(kept(fits) == without_detail);
  const Reply longer{.word = ErrorWord::mismatch, .body = ReplyValue{Bytes(1013, 'v')}};
  CHECK(kept(longer) == Reply{.word = ErrorWord::mismatch, .value_elided = true});
  // What a transaction did is kept: only what it has read is left out.
  Reply transaction{.body = ReplyTransaction{true, std::vector<ItemResult>(limits::transaction_items)}};
  CHECK(kept(transaction) == transaction);
  auto& body = std::get<ReplyTransaction>(transaction.body);
  body.items[5] = {ErrorWord::ok, Bytes(1012, 'v')};
  body.items[6] = {ErrorWord::not_found, {}};
  ReplyTransaction without_values{true, std::vector<ItemResult>(limits::transaction_items)};
  without_values.items[6].word = ErrorWord::not_found;
  CHECK(kept(transaction) == Reply{.body = without_values, .value_elided = true});
}

TEST_CASE("settings have the bytes that COMMANDS.md gives them") {
  const Settings settings{"disk", 512, 0x0102030405, 300, 4096, 128, 99};
  const Bytes bytes = bytes_of("01 04000000 6469736b 00020000 0504030201000000 2c010000 00100000 80000000 63000000");
  CHECK(to_hex(encode_settings(settings)) == to_hex(bytes));
  CHECK(decode_settings(bytes) == settings);
  check_refuses_what_is_cut_or_longer(bytes, decode_settings);
}

TEST_CASE("the meta row has the bytes that COMMANDS.md gives it") {
  Meta meta;
  meta.applied = Index{1};
  meta.applied_term = Term{2};
  meta.digest.bytes.fill(0xaa);
  meta.state.bytes.fill(0xbb);
  meta.time = {3, 4};
  meta.used_bytes = 5;
  meta.keys = 6;
  meta.sessions = 7;
  meta.membership_index = Index{8};
  meta.membership = "members";
  const auto number = [](int value) { return "0" + std::to_string(value) + "00000000000000"; };
  const std::string due = "0809000000000000 0900000000000000 0a00000000000000 0b00000000000000 0c00000000000000";
  std::string digests;
  for (int i = 0; i < 32; ++i) digests += "aa";
  for (int i = 0; i < 32; ++i) digests += "bb";
  meta.effects = "\x05\x01";
  meta.next_due_us = 0x0908;
  meta.keys_with_life = 9;
  meta.details_from = Index{10};
  meta.oldest_detail = Index{11};
  meta.detail_bytes = 12;
  const std::string text = "03" + number(1) + number(2) + digests + number(3) + number(4) + number(5) + number(6) +
                           number(7) + number(8) + "07000000 6d656d62657273";
  Bytes bytes;
  encode_meta(meta, bytes);
  CHECK(to_hex(bytes) == to_hex(bytes_of(text + "00000000 02000000 0501" + due)));
  CHECK(decode_meta(bytes) == meta);
  check_refuses_what_is_cut_or_longer(bytes, decode_meta);

  meta.settings = Settings{};
  encode_meta(meta, bytes);
  CHECK(decode_meta(bytes) == meta);
  CHECK_FALSE(decode_meta(bytes_of(text + "01000000 09 00000000" + due)));  // settings that are none
  CHECK_FALSE(decode_meta(bytes_of(text + "00000000 01020000" + std::string(2 * 513, '0') + due)));  // over a block
  CHECK(meta_key().view() == "mapplication");
}

TEST_CASE("a meta row of the version before is read") {
  Meta meta;
  meta.applied = Index{77};
  meta.settings = Settings{};
  meta.effects = "\x05\x01";
  Bytes bytes;
  encode_meta(meta, bytes);
  bytes.resize(bytes.size() - 5 * 8);
  CHECK_FALSE(decode_meta(bytes));
  bytes[0] = 2;
  CHECK(decode_meta(bytes) == meta);
  CHECK(decode_meta(bytes)->next_due_us == Meta::never);
  bytes[0] = 1;
  CHECK_FALSE(decode_meta(bytes));
}
