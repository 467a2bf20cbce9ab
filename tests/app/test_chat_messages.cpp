#include "common/app/validate.hpp"
#include "tests/app/chat_testing.hpp"

using namespace parley;
using namespace parley::app;
using namespace parley::app::chat;

namespace {

/// Two members of one chat.
struct Two : ChatFixture {
  Two() : amy(user("amy")), bob(user("bob")) {
    REQUIRE(word(CreateChat{amy, "c", "", false}) == ErrorWord::ok);
    REQUIRE(word(JoinChat{bob, "c"}) == ErrorWord::ok);
  }
  std::uint64_t unread(const TokenId& as) { return info(as, "c").summary.unread; }
  std::uint64_t read(const TokenId& as) { return info(as, "c").summary.read.value; }

  TokenId amy;
  TokenId bob;
};

EventSeq seq(std::uint64_t value) { return EventSeq{value}; }

}  // namespace

TEST_CASE("messages are numbered from 1 without a gap, whatever else happens") {
  Two f;
  CHECK(f.send(f.amy, "c", "one") == 1);
  CHECK(f.send(f.bob, "C", "two") == 2);
  CHECK(f.word(LeaveChat{f.bob, "c"}) == ErrorWord::ok);
  CHECK(f.word(Send{f.bob, "c", "no", ""}) == ErrorWord::not_member);
  CHECK(f.word(JoinChat{f.bob, "c"}) == ErrorWord::ok);
  CHECK(f.word(Send{f.amy, "c", "", ""}) == ErrorWord::invalid);
  CHECK(f.send(f.amy, "c", "three") == 3);
  const auto events = f.history(f.bob, "c");
  REQUIRE(events.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(events[i].seq.value == i + 1);
    CHECK(events[i].kind == static_cast<std::uint8_t>(EventKind::message));
  }
  CHECK(events[0].user == "amy");
  CHECK(events[1].user == "bob");
  CHECK(events[2].text == "three");
}

TEST_CASE("a message is up to 64 KiB of UTF-8") {
  Two f;
  const std::string longest(limits::message_bytes, 'x');
  CHECK(f.send(f.amy, "c", longest) == 1);
  const Reply too_long = f.run(Send{f.amy, "c", longest + "x", ""});
  CHECK(too_long.word == ErrorWord::too_large);
  CHECK(too_long.detail.find("65536") != std::string::npos);
  for (const std::string& text : {std::string("\xff"), std::string("a\xc0\x80"), std::string("\xed\xa0\x80")}) {
    CHECK(f.word(Send{f.amy, "c", text, ""}) == ErrorWord::invalid);
    CHECK(f.word(Edit{f.amy, "c", seq(1), text}) == ErrorWord::invalid);
  }
  CHECK(f.word(Edit{f.amy, "c", seq(1), longest + "x"}) == ErrorWord::too_large);
  CHECK(f.word(Edit{f.amy, "c", seq(1), ""}) == ErrorWord::invalid);
  const std::string odd("line\n\t\0zero\x1b", 12);
  CHECK(f.send(f.amy, "c", odd) == 2);
  CHECK(f.history(f.bob, "c").at(1).text == odd);
}

TEST_CASE("times never go back within a chat, whatever the clocks of leaders do") {
  Two f;
  REQUIRE(f.word(CreateChat{f.amy, "d", "", false}) == ErrorWord::ok);
  const std::uint64_t begin = f.wall_us;
  f.send(f.amy, "c", "1");
  f.wall_us = begin - 100;
  f.send(f.amy, "c", "2");
  f.send(f.amy, "d", "1");
  f.wall_us = begin + 100;
  f.send(f.amy, "c", "3");
  const auto events = f.history(f.amy, "c");
  CHECK(events[0].time_us == begin);
  CHECK(events[1].time_us == begin);
  CHECK(events[2].time_us == begin + 100);
  CHECK(f.history(f.amy, "d")[0].time_us == begin - 100);
  const auto sent = f.body<Sent>(f.run(Send{f.amy, "c", "4", ""}));
  CHECK(sent.time_us == begin + 100);
}

TEST_CASE("a message that is sent again under its key is there once") {
  Two f;
  const auto send = [&f](const TokenId& as, const char* chat, const char* text, const std::string& key) {
    return f.run(Send{as, chat, text, key});
  };
  const auto first = f.body<Sent>(send(f.amy, "c", "hello", "key"));
  f.send(f.bob, "c", "between");
  CHECK(f.body<Sent>(send(f.amy, "c", "hello", "key")) == first);
  CHECK(f.body<Sent>(send(f.amy, "C", "hello", "key")) == first);
  CHECK(send(f.amy, "c", "other", "key").word == ErrorWord::mismatch);
  CHECK(send(f.amy, "none", "hello", "key").word == ErrorWord::mismatch);
  CHECK(f.body<Sent>(send(f.bob, "c", "hello", "key")).seq.value == 3);  // keys are of each user
  CHECK(f.body<Sent>(send(f.amy, "c", "hello", "other")).seq.value == 4);
  CHECK(f.body<Sent>(send(f.amy, "c", "hello", std::string(64, 'k'))).seq.value == 5);
  CHECK(send(f.amy, "c", "hello", std::string(65, 'k')).word == ErrorWord::too_large);
  SECTION("although its sender has left") {
    REQUIRE(f.word(LeaveChat{f.amy, "c"}) == ErrorWord::ok);
    CHECK(f.body<Sent>(send(f.amy, "c", "hello", "key")) == first);
    CHECK(send(f.amy, "c", "hello", "new").word == ErrorWord::not_member);
  }
  SECTION("for a day") {
    REQUIRE(f.rows(RowSpace::chat_sent_key) == 4);
    f.let_pass(limits::sent_key_us - 1);
    CHECK(f.body<Sent>(send(f.amy, "c", "hello", "key")) == first);
    f.let_pass(1);
    CHECK(f.rows(RowSpace::chat_sent_key) == 0);
    CHECK(f.body<Sent>(send(f.amy, "c", "hello", "key")).seq.value == 6);
  }
  SECTION("but not by whoever is nobody") {
    REQUIRE(f.word(Logout{f.amy}) == ErrorWord::ok);
    CHECK(send(f.amy, "c", "hello", "key").word == ErrorWord::denied);
  }
  CHECK(f.replica.meta().used_bytes == f.used_by_rows());
}

TEST_CASE("an edit is a later event, and the message says which one was last") {
  Two f;
  f.send(f.amy, "c", "helo");
  f.send(f.bob, "c", "hi");
  CHECK(f.body<Sent>(f.run(Edit{f.amy, "c", seq(1), "hello"})).seq.value == 3);
  CHECK(f.body<Sent>(f.run(Edit{f.amy, "c", seq(1), "hello!"})).seq.value == 4);
  CHECK(f.word(Edit{f.bob, "c", seq(1), "x"}) == ErrorWord::denied);
  for (const std::uint64_t none : {0, 3, 5}) CHECK(f.word(Edit{f.amy, "c", seq(none), "x"}) == ErrorWord::not_found);
  const auto events = f.history(f.bob, "c");
  CHECK(events[0].text == "helo");
  CHECK(events[0].edited_by.value == 4);
  CHECK(events[1].edited_by.value == 0);
  for (const std::size_t at : {2, 3}) {
    CHECK(events[at].kind == static_cast<std::uint8_t>(EventKind::edit));
    CHECK(events[at].of.value == 1);
    CHECK(events[at].user == "amy");
    CHECK(events[at].edited_by.value == 0);
  }
  CHECK(events[2].text == "hello");
  CHECK(events[3].text == "hello!");
}

TEST_CASE("a message is edited a bounded number of times") {
  Two f;
  f.send(f.amy, "c", "0");
  for (std::uint32_t i = 0; i < limits::edits_per_message; ++i)
    REQUIRE(f.word(Edit{f.amy, "c", seq(1), std::to_string(i)}) == ErrorWord::ok);
  const Reply one_more = f.run(Edit{f.amy, "c", seq(1), "more"});
  CHECK(one_more.word == ErrorWord::too_large);
  CHECK(one_more.detail.find("64") != std::string::npos);
  CHECK(f.word(DeleteMessage{f.amy, "c", seq(1)}) == ErrorWord::ok);
  for (const Event& event : f.history(f.amy, "c")) CHECK(event.text.empty());
}

TEST_CASE("a deletion is a later event, and erases the texts of the message and of its edits") {
  Two f;
  f.send(f.bob, "c", "secret 1");
  f.send(f.bob, "c", "stays");
  REQUIRE(f.word(Edit{f.bob, "c", seq(1), "secret 2"}) == ErrorWord::ok);
  REQUIRE(f.word(Edit{f.bob, "c", seq(2), "stays too"}) == ErrorWord::ok);
  REQUIRE(f.word(Edit{f.bob, "c", seq(1), "secret 3"}) == ErrorWord::ok);
  const TokenId eve = f.user("eve");
  REQUIRE(f.word(JoinChat{eve, "c"}) == ErrorWord::ok);
  CHECK(f.word(DeleteMessage{eve, "c", seq(1)}) == ErrorWord::denied);
  SECTION("by its author") { CHECK(f.body<Sent>(f.run(DeleteMessage{f.bob, "c", seq(1)})).seq.value == 6); }
  SECTION("by the owner of the chat") { CHECK(f.body<Sent>(f.run(DeleteMessage{f.amy, "c", seq(1)})).seq.value == 6); }
  CHECK(f.word(DeleteMessage{f.bob, "c", seq(1)}) == ErrorWord::not_found);
  CHECK(f.word(Edit{f.bob, "c", seq(1), "again"}) == ErrorWord::not_found);
  for (const std::uint64_t none : {0, 3, 6, 7})
    CHECK(f.word(DeleteMessage{f.amy, "c", seq(none)}) == ErrorWord::not_found);
  const auto events = f.history(eve, "c");
  REQUIRE(events.size() == 6);
  for (const std::size_t at : {0, 2, 4}) {
    CHECK(events[at].text.empty());
    CHECK(events[at].deleted_by.value == 6);
  }
  CHECK(events[0].edited_by.value == 5);
  CHECK(events[1].text == "stays");
  CHECK(events[3].text == "stays too");
  CHECK(events[3].deleted_by.value == 0);
  CHECK(events[5].kind == static_cast<std::uint8_t>(EventKind::deletion));
  CHECK(events[5].of.value == 1);
  for (const auto& [key, value] : f.replica.table().rows()) CHECK(value.find("secret") == Bytes::npos);
}

TEST_CASE("unread are the messages behind the marker, which goes forward alone") {
  Two f;
  CHECK(f.unread(f.bob) == 0);
  for (const char* text : {"1", "2", "3"}) f.send(f.amy, "c", text);
  CHECK(f.unread(f.amy) == 0);  // what he says himself he has read
  CHECK(f.unread(f.bob) == 3);
  REQUIRE(f.word(Edit{f.amy, "c", seq(1), "one"}) == ErrorWord::ok);
  CHECK(f.unread(f.bob) == 3);
  CHECK(f.word(MarkRead{f.bob, "c", seq(2)}) == ErrorWord::ok);
  CHECK(f.unread(f.bob) == 1);
  CHECK(f.read(f.bob) == 2);
  CHECK(f.word(MarkRead{f.bob, "c", seq(1)}) == ErrorWord::ok);
  CHECK(f.read(f.bob) == 2);
  CHECK(f.word(MarkRead{f.bob, "c", seq(5)}) == ErrorWord::not_found);
  CHECK(f.word(MarkRead{f.bob, "c", seq(0)}) == ErrorWord::not_found);
  REQUIRE(f.word(Edit{f.amy, "c", seq(3), "three"}) == ErrorWord::ok);
  CHECK(f.unread(f.bob) == 1);
  f.send(f.bob, "c", "4");  // who says something has read what came before
  CHECK(f.unread(f.bob) == 0);
  CHECK(f.read(f.bob) == 6);
  CHECK(f.unread(f.amy) == 1);
  REQUIRE(f.word(Edit{f.amy, "c", seq(3), "3!"}) == ErrorWord::ok);
  CHECK(f.unread(f.amy) == 1);  // but not who edits
  CHECK(f.word(MarkRead{f.amy, "c", seq(7)}) == ErrorWord::ok);
  CHECK(f.unread(f.amy) == 0);
  const TokenId eve = f.user("eve");
  REQUIRE(f.word(JoinChat{eve, "c"}) == ErrorWord::ok);
  CHECK(f.unread(eve) == 0);  // what was said before he came
  CHECK(f.read(eve) == 7);
}

TEST_CASE("a command that is sent twice is carried out once, and answered the same") {
  Two f;
  const SessionId session = f.replica.open_session(9);
  const Command command{session, RequestSeq{1}, RequestSeq{1}, chat::Operation(Send{f.amy, "c", "once", ""})};
  const Outcome first = f.apply(EntryKind::command, encode_command(command));
  const Outcome second = f.apply(EntryKind::command, encode_command(command));
  CHECK(second.duplicate);
  CHECK(first.reply == second.reply);
  CHECK(first.took_effect());
  CHECK_FALSE(second.took_effect());
  CHECK(f.history(f.bob, "c").size() == 1);
  CHECK_FALSE(f.replica.application().begin_by_key(Entry{f.replica.meta().applied.next(),
                                                         Term{1},
                                                         EntryKind::command,
                                                         {f.cluster_us, f.wall_us},
                                                         SharedBytes(encode_command(command)),
                                                         {}}));
}

TEST_CASE("calls of the chat change no key that anybody watches") {
  Two f;
  const SessionId session = f.replica.open_session(9);
  const Command command{session, RequestSeq{1}, RequestSeq{1}, chat::Operation(Send{f.amy, "c", "x", "key"})};
  CHECK(f.apply(EntryKind::command, encode_command(command)).changes.empty());
  f.pass(limits::token_us);
  CHECK(f.apply(EntryKind::time, {}).changes.empty());
}
