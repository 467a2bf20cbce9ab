#include <set>

#include "tests/app/log_maker.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

TEST_CASE("the digest of the state has golden values, since replicas of all versions compare it") {
  Replica replica;
  CHECK(replica.meta().state.text() == "89eb0d6a8a691dae2cd15ed0369931ce0a949ecafa5c3f93f8121833646e15c3");
  replica.apply(EntryKind::noop, {});
  CHECK(replica.meta().state.text() == "b5382fd8f59c1b69cf6b50c5807b893a9f1006503fac5fb3d1db1b7e5d632c58");
  const SessionId session = replica.open_session(7);
  CHECK(replica.meta().state.text() == "3af3da66af3fe4130ebb22e3c92b84726c3cbaa9096d81e57fb01b1d10e3795b");
  replica.run(session, 1, Set{"key", "value"});
  CHECK(replica.meta().state.text() == "d58a7dd2739893a5f1517a2c49961f9d2b637352e5879f38cbe338477231195f");
  replica.run(session, 2, Set{"large", Bytes(257, 'v')});
  CHECK(replica.meta().state.text() == "4bfbaffe78da37eb2a1c04d325116c8aa8d0b0490dcdfbddd412ed9ba65c7a88");
  replica.run(session, 3, Delete{"key"});
  CHECK(replica.meta().state.text() == "05138d77fda08e5853f95846cc1e21de09c7b4c108d10f559a1f37efce783893");
  replica.run(session, 4, CompareAndSet{"large", "x", "y"});
  CHECK(replica.meta().state.text() == "c0aa847c50acc2a678a0a363e85276a84ae6da49c400003a972593024a2edff7");
  replica.apply(EntryKind::command, "none");
  CHECK(replica.meta().state.text() == "4abc29fdb5192dc7ff94e9d2682694d6b5dd299885498693f6616cc22619f690");
  replica.run(session, 5, CloseSession{});
  CHECK(replica.meta().state.text() == "cd35bd9d85b475c41b2d3d8eb595350f9a3419fb34585db229068d55e648d53a");
}

TEST_CASE("the digest of the state covers every row that is written, and the answer") {
  const auto state_after = [](auto act) {
    Replica replica;
    const SessionId session = replica.open_session(7);
    act(replica, session);
    return replica.meta().state;
  };
  std::set<std::string> states;
  const std::vector<Operation> operations = {Set{"k", "v"}, Set{"k", "w"}, Set{"l", "v"},  Set{"kv", ""},
                                             Delete{"k"},   Set{"", "v"},  CloseSession{}, Set{"k", "vv"}};
  for (const Operation& operation : operations) {
    const Digest state = state_after([&](Replica& replica, SessionId session) { replica.run(session, 1, operation); });
    CHECK(states.insert(state.text()).second);
  }
  // The same change under another number: only the kept reply's row differs.
  CHECK(states.insert(state_after([](Replica& r, SessionId s) { r.run(s, 2, 1, Set{"k", "v"}); }).text()).second);
  CHECK(states.insert(state_after([](Replica& r, SessionId s) { r.run(s, 2, 2, Set{"k", "v"}); }).text()).second);
}

TEST_CASE("the same log gives the same rows, replies and digests, however often a replica restarts") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    LogMaker log(seed);
    Random random(seed + 1000);
    Replica steady;
    Replica restarting;
    std::set<ErrorWord> words;
    for (int i = 0; i < 1500; ++i) {
      const Entry entry = log.next();
      const Outcome one = steady.apply(entry);
      const Outcome two = restarting.apply(entry);
      words.insert(one.reply.word);
      REQUIRE(one.encoded == two.encoded);
      REQUIRE(one.reply == two.reply);
      REQUIRE(one.command == two.command);
      REQUIRE(one.closed == two.closed);
      REQUIRE(one.opened == two.opened);
      REQUIRE(one.duplicate == two.duplicate);
      REQUIRE(steady.meta() == restarting.meta());
      if (random.one_in(25)) restarting.save_and_restart();
    }
    steady.save_and_restart();
    restarting.save_and_restart();
    CHECK(steady.table().rows() == restarting.table().rows());
    CHECK(steady.meta().keys == steady.rows(RowSpace::key_value));
    CHECK(words.contains(ErrorWord::quota));
    CHECK(words.contains(ErrorWord::too_large));
    CHECK(words.contains(ErrorWord::session_expired));
    CHECK(words.contains(ErrorWord::mismatch));
  }
}

TEST_CASE("bytes that mean nothing are answered, counted in, and change nothing") {
  Replica replica;
  Random random(5);
  for (int i = 0; i < 20'000; ++i) {
    Bytes bytes;
    for (std::uint64_t size = random.below(64); size > 0; --size) bytes += static_cast<char>(random.below(256));
    const Outcome outcome = replica.apply(EntryKind::command, bytes);
    REQUIRE(outcome.reply.word != ErrorWord::ok);
  }
  CHECK(replica.apply(EntryKind::command, {}).reply.word == ErrorWord::invalid);
  CHECK_FALSE(replica.apply(EntryKind::command, "junk").command.has_value());
  CHECK(replica.table().rows().size() == replica.rows(RowSpace::effects));
  CHECK(replica.meta().applied == Index{20'002});
}

TEST_CASE("a decoder given random or damaged bytes gives nothing or something that encodes to the same") {
  Random random(9);
  const std::vector<Bytes> sound = {
      encode_command({SessionId{1}, RequestSeq{2}, RequestSeq{1}, CompareAndSet{"k", "old", "new"}}),
      encode_query(Scan{"prefix", "after", 3}),
      encode_reply({.word = ErrorWord::mismatch, .detail = "text", .body = ReplyRows{{{"a", "b"}, {"c", "d"}}, true}}),
      encode_settings({})};
  for (int i = 0; i < 50'000; ++i) {
    Bytes bytes = sound[random.below(sound.size())];
    bytes[random.below(bytes.size())] = static_cast<char>(random.below(256));
    if (random.one_in(4)) bytes.resize(random.below(bytes.size()));
    if (const auto command = decode_command(bytes)) REQUIRE(encode_command(*command) == bytes);
    if (const auto query = decode_query(bytes)) REQUIRE(encode_query(*query) == bytes);
    if (const auto reply = decode_reply(bytes)) REQUIRE(encode_reply(*reply) == bytes);
    if (const auto settings = decode_settings(bytes)) REQUIRE(encode_settings(*settings) == bytes);
  }
}

TEST_CASE("rows that no application left are corrupt, not a crash") {
  MemoryTable table;
  const auto code = [&table] {
    const auto opened = Application::open(table);
    return opened ? std::optional<ErrorCode>() : opened.error().code;
  };
  {
    auto application = Application::open(table);
    REQUIRE(application.has_value());
    const SharedBytes open(encode_command({.operation = OpenSession{1}}));
    Entry entry{Index{1}, Term{1}, EntryKind::command, {}, open, {}};
    application->apply(entry);
    CHECK(code() == ErrorCode::corrupt);  // rows whose meta row was not saved
    entry.index = Index{2};
    entry.payload = SharedBytes(encode_command({SessionId{1}, RequestSeq{1}, RequestSeq{1}, Set{"k", "v"}}));
    application->apply(entry);
    application->save_meta();
  }
  REQUIRE_FALSE(code().has_value());
  const Bytes header_key(RowKey(RowSpace::session).add_number(1, 8).view());
  const Bytes reply_key(RowKey(RowSpace::session).add_number(1, 8).add_number(1, 2).view());
  REQUIRE(table.get(reply_key).has_value());
  const Bytes reply(*table.get(reply_key));

  SECTION("a meta row that is none") { table.put(meta_key().view(), "none"); }
  SECTION("a session without a header") { table.erase(header_key); }
  SECTION("a header of another session") { table.put(header_key, Bytes(16, '\x02')); }
  SECTION("a header that is too short") { table.put(header_key, ""); }
  SECTION("a session more than the meta row counts") {
    Bytes value(16, '\0');
    value[8] = 2;
    table.put(RowKey(RowSpace::session).add_number(2, 8).view(), value);
  }
  SECTION("a reply that is none") { table.put(reply_key, BytesView(reply).substr(0, reply.size() - 1)); }
  SECTION("a reply in the slot of another") {
    table.put(RowKey(RowSpace::session).add_number(1, 8).add_number(2, 2).view(), reply);
  }
  SECTION("a slot beyond the window") {
    table.put(RowKey(RowSpace::session).add_number(1, 8).add_number(600, 2).view(), reply);
  }
  SECTION("a key of no known length") { table.put("sx", reply); }
  CHECK(code() == ErrorCode::corrupt);
}
