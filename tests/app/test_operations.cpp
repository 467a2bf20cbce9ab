#include "common/app/key_value.hpp"
#include "common/app/transaction.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

TEST_CASE("each operation does what it says, and changes nothing when it is refused") {
  const Bytes long_key(limits::key_bytes + 1, 'k');
  const Bytes long_value(limits::value_bytes + 1, 'v');
  struct Row {
    const char* what;
    Operation operation;
    ErrorWord word;
    ReplyBody body;
    std::optional<Bytes> value_after;  ///< of the key "here", which was "old"
  };
  const std::vector<Row> table = {
      {"set replaces", Set{"here", "new"}, ErrorWord::ok, {}, "new"},
      {"set to nothing is a value", Set{"here", ""}, ErrorWord::ok, {}, ""},
      {"set of another key", Set{"there", "new"}, ErrorWord::ok, {}, "old"},
      {"set of an empty key", Set{"", "new"}, ErrorWord::invalid, {}, "old"},
      {"set of a long key", Set{long_key, "new"}, ErrorWord::too_large, {}, "old"},
      {"set of a long value", Set{"here", long_value}, ErrorWord::too_large, {}, "old"},
      {"delete", Delete{"here"}, ErrorWord::ok, {}, std::nullopt},
      {"delete of what is not there", Delete{"there"}, ErrorWord::not_found, {}, "old"},
      {"delete of an empty key", Delete{""}, ErrorWord::invalid, {}, "old"},
      {"delete of a long key", Delete{long_key}, ErrorWord::too_large, {}, "old"},
      {"cas that matches", CompareAndSet{"here", "old", "new"}, ErrorWord::ok, {}, "new"},
      {"cas that does not", CompareAndSet{"here", "young", "new"}, ErrorWord::mismatch, ReplyValue{"old"}, "old"},
      {"cas of what is not there", CompareAndSet{"there", "", "new"}, ErrorWord::not_found, {}, "old"},
      {"cas of an empty key", CompareAndSet{"", "", "new"}, ErrorWord::invalid, {}, "old"},
      {"cas to a long value", CompareAndSet{"here", "old", long_value}, ErrorWord::too_large, {}, "old"},
      {"delete-if that matches", DeleteIf{"here", "old"}, ErrorWord::ok, {}, std::nullopt},
      {"delete-if that does not", DeleteIf{"here", "young"}, ErrorWord::mismatch, ReplyValue{"old"}, "old"},
      {"delete-if of what is not there", DeleteIf{"there", "old"}, ErrorWord::not_found, {}, "old"},
      {"delete-if of an empty key", DeleteIf{"", "old"}, ErrorWord::invalid, {}, "old"},
      {"delete-if of a long value", DeleteIf{"here", long_value}, ErrorWord::too_large, {}, "old"},
      {"increment of what is not there", Increment{"there", -3}, ErrorWord::ok, ReplyValue{"-3"}, "old"},
      {"increment of a word", Increment{"here", 1}, ErrorWord::mismatch, ReplyValue{"old"}, "old"},
      {"increment of an empty key", Increment{"", 1}, ErrorWord::invalid, {}, "old"},
      {"increment of a long key", Increment{long_key, 1}, ErrorWord::too_large, {}, "old"},
  };
  for (const Row& row : table) {
    DYNAMIC_SECTION(row.what) {
      Replica replica;
      const SessionId session = replica.open_session();
      REQUIRE(replica.run(session, 1, Set{"here", "old"}).reply.word == ErrorWord::ok);
      const Meta before = replica.meta();
      const Outcome outcome = replica.run(session, 2, row.operation);
      CHECK(outcome.reply.word == row.word);
      CHECK(outcome.reply.body == row.body);
      CHECK(outcome.reply.detail.empty() == (row.word == ErrorWord::ok));
      CHECK(outcome.command == CommandId{session, RequestSeq{2}, 0});
      CHECK(outcome.changes.size() == (row.word == ErrorWord::ok ? 1 : 0));
      CHECK_FALSE(outcome.duplicate);
      CHECK(replica.value("here") == row.value_after);
      if (row.word != ErrorWord::ok) CHECK(replica.meta().used_bytes == before.used_bytes);
      CHECK(replica.meta().state != before.state);
    }
  }
}

TEST_CASE("an increment whose number has no room as a value is refused, alone and in a transaction") {
  const bool is_disk = GENERATE(false, true);
  CAPTURE(is_disk);
  // Room for four digits.
  Replica replica(is_disk ? Settings{.engine = "disk", .slot = 16} : Settings{.value_bytes = 4});
  const SessionId session = replica.open_session();
  REQUIRE(replica.run(session, 1, Increment{"2", 9999}).reply.word == ErrorWord::ok);
  CHECK(replica.run(session, 2, Increment{"2", 1}).reply.word == ErrorWord::too_large);
  const Bytes parts = encode_transaction({{}, {Set{"3", "v"}, Increment{"2", 1}}, {}});
  CHECK(replica.run(session, 3, Transaction{parts}).reply.word == ErrorWord::too_large);
  CHECK(replica.value("2") == "9999");
  CHECK(replica.value("3") == std::nullopt);
  CHECK(replica.run(session, 4, Increment{"2", -1}).reply.word == ErrorWord::ok);
}

TEST_CASE("an increment takes a whole decimal number of 64 bits, and leaves one") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  struct Row {
    const char* before;
    std::int64_t by;
    std::optional<Bytes> after;
  };
  for (const Row& row : std::vector<Row>{{"0", 1, "1"},
                                         {"41", 1, "42"},
                                         {"-5", 3, "-2"},
                                         {"007", 1, "8"},
                                         {"9223372036854775806", 1, "9223372036854775807"},
                                         {"9223372036854775807", 1, std::nullopt},
                                         {"-9223372036854775808", -1, std::nullopt},
                                         {"-9223372036854775808", most, "-1"},
                                         {"0", least, "-9223372036854775808"},
                                         {"-1", least, std::nullopt},
                                         {"9223372036854775808", 0, std::nullopt},
                                         {"", 1, std::nullopt},
                                         {" 1", 1, std::nullopt},
                                         {"1 ", 1, std::nullopt},
                                         {"+1", 1, std::nullopt},
                                         {"1.5", 1, std::nullopt},
                                         {"0x10", 1, std::nullopt},
                                         {"--1", 1, std::nullopt},
                                         {"-", 1, std::nullopt}}) {
    INFO(row.before << " by " << row.by);
    Replica replica;
    const SessionId session = replica.open_session();
    REQUIRE(replica.run(session, 1, Set{"n", row.before}).took_effect());
    const Reply reply = replica.run(session, 2, Increment{"n", row.by}).reply;
    CHECK(reply.word == (row.after ? ErrorWord::ok : ErrorWord::mismatch));
    CHECK(std::get<ReplyValue>(reply.body).value == row.after.value_or(row.before));
    CHECK(replica.value("n") == row.after.value_or(row.before));
  }
}

TEST_CASE("what changed is told by key and value, in the payload's own bytes") {
  Replica replica;
  const SessionId session = replica.open_session();
  const Outcome set = replica.run(session, 1, Set{"k", "v"});
  REQUIRE(set.changes.size() == 1);
  CHECK(set.changes[0].key == "k");
  CHECK(set.changes[0].value == "v");
  const Outcome cas = replica.run(session, 2, CompareAndSet{"k", "v", "w"});
  REQUIRE(cas.changes.size() == 1);
  CHECK(cas.changes[0].value == "w");
  const Outcome erased = replica.run(session, 3, Delete{"k"});
  REQUIRE(erased.changes.size() == 1);
  CHECK(erased.changes[0].key == "k");
  CHECK_FALSE(erased.changes[0].value.has_value());
}

TEST_CASE("the quota counts keys, values and an overhead, and refuses only what grows beyond it") {
  const std::uint64_t three_rows = 3 * quota_cost(1, 10);
  Replica replica(Settings{.quota_bytes = three_rows});
  const SessionId session = replica.open_session();
  const Bytes ten(10, 'v');
  std::uint64_t seq = 0;
  const auto word = [&](Operation operation) { return replica.run(session, ++seq, operation).reply.word; };
  REQUIRE(word(Set{"a", ten}) == ErrorWord::ok);
  CHECK(replica.meta().used_bytes == 1 + 10 + 64);
  REQUIRE(word(Set{"b", ten}) == ErrorWord::ok);
  REQUIRE(word(Set{"c", ten}) == ErrorWord::ok);
  CHECK(replica.meta().used_bytes == three_rows);
  CHECK(replica.meta().keys == 3);

  CHECK(word(Set{"d", ""}) == ErrorWord::quota);
  CHECK(word(Set{"a", ten + 'v'}) == ErrorWord::quota);
  CHECK(word(CompareAndSet{"a", ten, ten + 'v'}) == ErrorWord::quota);
  CHECK(replica.value("a") == ten);
  CHECK_FALSE(replica.value("d").has_value());
  CHECK(replica.meta().used_bytes == three_rows);

  CHECK(word(Set{"a", Bytes(10, 'w')}) == ErrorWord::ok);
  CHECK(word(CompareAndSet{"b", ten, Bytes(9, 'w')}) == ErrorWord::ok);
  CHECK(replica.meta().used_bytes == three_rows - 1);
  CHECK(word(Delete{"c"}) == ErrorWord::ok);
  CHECK(replica.meta().keys == 2);
  CHECK(word(Set{"d", ten}) == ErrorWord::ok);

  SECTION("and a cluster above a quota that was lowered can shrink, but not grow") {
    REQUIRE(replica.apply(EntryKind::settings, encode_settings({.quota_bytes = 10})).reply.word == ErrorWord::ok);
    CHECK(word(Set{"a", Bytes(11, 'v')}) == ErrorWord::quota);
    CHECK(word(Set{"a", Bytes(10, 'x')}) == ErrorWord::ok);
    CHECK(word(Set{"a", Bytes(5, 'x')}) == ErrorWord::ok);
    for (const char* key : {"a", "b", "d"}) CHECK(word(Delete{key}) == ErrorWord::ok);
    CHECK(replica.meta().used_bytes == 0);
    CHECK(replica.meta().keys == 0);
  }
}

TEST_CASE("entries without a command move index, term, time and digest, and no row") {
  Replica replica;
  Entry entry{Index{1}, Term{5}, EntryKind::noop, {100, 7000}, {}, blake2b("one")};
  replica.apply(entry);
  CHECK(replica.meta().applied == Index{1});
  CHECK(replica.meta().applied_term == Term{5});
  CHECK(replica.meta().digest == blake2b("one"));
  CHECK(replica.meta().time == EntryTime{100, 7000});
  const Digest state = replica.meta().state;

  entry = {Index{2}, Term{5}, EntryKind::time, {90, 6000}, {}, {}};
  replica.apply(entry);
  CHECK(replica.meta().time == EntryTime{100, 6000});  // cluster time never goes back, a wall clock may
  CHECK(replica.meta().state != state);

  entry = {Index{3}, Term{6}, EntryKind::membership, {110, 8000}, SharedBytes(Bytes("who is who")), {}};
  replica.apply(entry);
  CHECK(replica.meta().membership == "who is who");
  CHECK(replica.meta().membership_index == Index{3});
  CHECK(replica.table().rows().empty());
}
