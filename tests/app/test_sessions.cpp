#include <set>

#include "common/base/random.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

TEST_CASE("a session is the index of the entry that opened it, and the answer bears its nonce") {
  Replica replica;
  replica.apply(EntryKind::noop, {});
  const Outcome outcome = replica.apply(Command{.operation = OpenSession{77}});
  CHECK(outcome.reply == Reply{.body = SessionOpened{SessionId{2}}});
  CHECK(outcome.opened == SessionId{2});
  CHECK(outcome.command == CommandId{SessionId{0}, RequestSeq{0}, 77});
  CHECK(replica.meta().sessions == 1);
  CHECK(replica.open_session(77) == SessionId{3});  // sent twice, it opens two
}

TEST_CASE("who opens a session is told how many of its commands may be unanswered") {
  Settings settings;
  settings.session_window = 4;
  Replica replica(settings);
  const Outcome outcome = replica.apply(Command{.operation = OpenSession{77}});
  CHECK(outcome.reply == Reply{.body = SessionOpened{SessionId{2}, 4}});
}

TEST_CASE("a command that is sent again gets its first answer and does nothing") {
  Replica replica;
  const SessionId session = replica.open_session();
  replica.run(session, 1, Set{"k", "one"});
  replica.run(session, 2, 1, CompareAndSet{"k", "one", "two"});
  const Outcome failed = replica.run(session, 3, 1, CompareAndSet{"k", "one", "three"});
  CHECK(failed.reply.word == ErrorWord::mismatch);

  const Outcome again = replica.run(session, 2, 1, CompareAndSet{"k", "one", "two"});
  CHECK(again.duplicate);
  CHECK(again.reply == Reply{});
  CHECK(again.command == CommandId{session, RequestSeq{2}, 0});
  CHECK(again.changes.empty());
  CHECK(replica.value("k") == "two");

  replica.run(session, 4, 1, Set{"k", "four"});
  const Outcome mismatch = replica.run(session, 3, 1, CompareAndSet{"k", "one", "three"});
  CHECK(mismatch.duplicate);
  CHECK(mismatch.reply == Reply{.word = ErrorWord::mismatch, .body = ReplyValue{"two"}});

  SECTION("also by another application over the same rows") {
    replica.save_and_restart();
    const Outcome after = replica.run(session, 1, Set{"k", "one"});
    CHECK(after.duplicate);
    CHECK(replica.value("k") == "four");
  }
  SECTION("also when its answer was an error of its own") {
    const Outcome bad = replica.run(session, 5, 1, Set{"", "v"});
    CHECK(bad.reply.word == ErrorWord::invalid);
    const Outcome bad_again = replica.run(session, 5, 1, Set{"good", "v"});
    CHECK(bad_again.duplicate);
    CHECK(bad_again.reply == Reply{.word = ErrorWord::invalid});
  }
}

TEST_CASE("a value that is too long to keep is elided from a repeated answer") {
  Replica replica;
  const SessionId session = replica.open_session();
  const Bytes large(limits::kept_reply_bytes, 'v');
  replica.run(session, 1, Set{"k", large});
  const Outcome first = replica.run(session, 2, CompareAndSet{"k", "x", "y"});
  CHECK(first.reply.body == ReplyBody{ReplyValue{large}});
  CHECK_FALSE(first.reply.value_elided);
  const Outcome again = replica.run(session, 2, CompareAndSet{"k", "x", "y"});
  CHECK(again.duplicate);
  CHECK(again.reply == Reply{.word = ErrorWord::mismatch, .value_elided = true});
}

TEST_CASE("a command of no session is answered so and never executed") {
  Replica replica;
  const SessionId session = replica.open_session();
  CHECK(replica.run(SessionId{99}, 1, Set{"k", "v"}).reply.word == ErrorWord::session_expired);
  CHECK(replica.run(SessionId{0}, 1, Set{"k", "v"}).reply.word == ErrorWord::invalid);
  CHECK(replica.run(session, 0, Set{"k", "v"}).reply.word == ErrorWord::invalid);
  CHECK(replica.run(session, 1, OpenSession{5}).reply.word == ErrorWord::invalid);
  CHECK(replica.rows(RowSpace::key_value) == 0);
  CHECK(replica.rows(RowSpace::session) == 1);
}

TEST_CASE("a session that was closed is gone with its replies") {
  Replica replica;
  const SessionId session = replica.open_session();
  const SessionId other = replica.open_session();
  for (std::uint64_t seq = 1; seq <= 5; ++seq) replica.run(session, seq, Set{"k", "v"});
  replica.run(other, 1, Set{"k", "w"});
  const Outcome closed = replica.run(session, 6, CloseSession{});
  CHECK(closed.reply == Reply{});
  CHECK(closed.closed == std::vector<SessionId>{session});
  CHECK(replica.rows(RowSpace::session) == 2);
  CHECK(replica.run(session, 6, CloseSession{}).reply.word == ErrorWord::session_expired);
  CHECK(replica.run(session, 7, Set{"k", "x"}).reply.word == ErrorWord::session_expired);
  CHECK(replica.value("k") == "w");
  CHECK(replica.meta().sessions == 1);
}

TEST_CASE("numbers outside of the window are refused, and nothing within it is executed twice") {
  Replica replica(Settings{.session_window = 4});
  const SessionId session = replica.open_session();
  const auto word = [&](std::uint64_t seq, std::uint64_t lowest) {
    return replica.run(session, seq, lowest, Set{"k", std::to_string(seq)}).reply.word;
  };
  CHECK(word(3, 1) == ErrorWord::ok);  // commands may overtake one another
  CHECK(word(4, 1) == ErrorWord::ok);
  CHECK(word(5, 1) == ErrorWord::invalid);
  CHECK(word(1, 1) == ErrorWord::ok);
  CHECK(replica.value("k") == "1");
  CHECK(word(6, 3) == ErrorWord::ok);  // the client has the answers to 1 and 2
  CHECK(word(2, 1) == ErrorWord::invalid);
  CHECK(replica.run(session, 1, 1, Set{"k", "again"}).duplicate);  // its slot is not taken yet, so it is answered
  CHECK(word(5, 2) == ErrorWord::ok);                              // an earlier message does not lower what is known
  CHECK(word(7, 2) == ErrorWord::invalid);
  CHECK(replica.run(session, 1, 1, Set{"k", "again"}).reply.word == ErrorWord::invalid);  // 5 has its slot
  CHECK(replica.value("k") == "5");
  CHECK(replica.rows(RowSpace::session) == 1 + 4);
}

TEST_CASE("a session that overtakes its window a thousand times keeps a window of rows") {
  Replica replica(Settings{.session_window = 8});
  const SessionId session = replica.open_session();
  for (std::uint64_t seq = 1; seq <= 1000; ++seq) {
    REQUIRE(replica.run(session, seq, Set{"k", std::to_string(seq)}).reply.word == ErrorWord::ok);
  }
  CHECK(replica.rows(RowSpace::session) == 9);
  CHECK(replica.run(session, 993, 993, Set{"k", "x"}).duplicate);
  CHECK(replica.run(session, 992, 992, Set{"k", "x"}).reply.word == ErrorWord::invalid);
  CHECK(replica.value("k") == "1000");
}

TEST_CASE("opening one session too many closes the one that was used least recently") {
  Replica replica(Settings{.sessions = 3});
  const SessionId first = replica.open_session();
  const SessionId second = replica.open_session();
  const SessionId third = replica.open_session();
  replica.run(first, 1, Set{"k", "1"});
  SECTION("where a command is a use") {}
  SECTION("where a command that was answered before is none") { replica.run(third, 1, Set{"k", "3"}); }
  SECTION("also after a restart") { replica.save_and_restart(); }
  const Outcome opened = replica.apply(Command{.operation = OpenSession{1}});
  CHECK(opened.closed == std::vector<SessionId>{second});
  CHECK(replica.meta().sessions == 3);
  CHECK(replica.run(second, 1, Set{"k", "2"}).reply.word == ErrorWord::session_expired);
  CHECK(replica.run(first, 2, Set{"k", "2"}).reply.word == ErrorWord::ok);
}

TEST_CASE("an answer that is given again does not keep a session alive") {
  Replica replica(Settings{.sessions = 2});
  const SessionId first = replica.open_session();
  replica.run(first, 1, Set{"k", "1"});
  const SessionId second = replica.open_session();
  CHECK(replica.run(first, 1, Set{"k", "1"}).duplicate);
  CHECK(replica.run(first, 9, 9, Set{"k", "1"}).reply.word == ErrorWord::ok);
  CHECK(replica.run(second, 1, Set{"k", "2"}).reply.word == ErrorWord::ok);
  CHECK(replica.run(first, 9, 9, Set{"k", "1"}).duplicate);
  CHECK(replica.apply(Command{.operation = OpenSession{1}}).closed == std::vector<SessionId>{first});
}

TEST_CASE("where settings lower the number of sessions, each opening closes two until they fit") {
  Replica replica(Settings{.sessions = 10});
  for (int i = 0; i < 10; ++i) replica.open_session();
  replica.apply(EntryKind::settings, encode_settings({.sessions = 8}));
  CHECK(replica.apply(Command{.operation = OpenSession{1}}).closed.size() == 2);
  CHECK(replica.apply(Command{.operation = OpenSession{1}}).closed.size() == 2);
  CHECK(replica.meta().sessions == 8);
  CHECK(replica.apply(Command{.operation = OpenSession{1}}).closed.size() == 1);
}

TEST_CASE("whatever order commands and repetitions come in, each takes effect once") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Random random(seed);
    Replica replica(Settings{.session_window = 4});
    const SessionId session = replica.open_session();
    std::map<std::uint64_t, int> executed;
    std::uint64_t lowest = 1;
    std::set<std::uint64_t> answered;
    for (int step = 0; step < 1000; ++step) {
      // A client with up to four in flight, whose messages of any age may come again.
      const std::uint64_t newest = lowest + 3;
      const std::uint64_t seq = random.between(newest > 9 ? newest - 9 : 1, newest);
      const std::uint64_t claimed = random.between(1, std::min(lowest, seq));
      if (seq - claimed >= 4) continue;
      const Outcome outcome = replica.run(session, seq, claimed, Set{"k", "v"});
      if (outcome.reply.word == ErrorWord::ok) {
        if (!outcome.duplicate) ++executed[seq];
        answered.insert(seq);
      }
      while (answered.contains(lowest)) ++lowest;
      if (random.one_in(20)) replica.save_and_restart();
    }
    for (const auto& [seq, times] : executed) CHECK(times == 1);
    CHECK(executed.size() > 20);
  }
}
