#include "common/base/hex.hpp"
#include "tests/app/chat_testing.hpp"

using namespace parley;
using namespace parley::app;
using namespace parley::app::chat;

namespace {

/// Spaces are for people, TT is a token of 32 bytes 0x11.
Bytes bytes_of(std::string text) {
  std::erase(text, ' ');
  for (std::size_t at = text.find("TT"); at != std::string::npos; at = text.find("TT")) {
    std::string token;
    for (int i = 0; i < 32; ++i) token += "11";
    text.replace(at, 2, token);
  }
  const auto bytes = from_hex(text);
  REQUIRE(bytes.has_value());
  return *bytes;
}

TokenId of_ones() {
  TokenId id;
  id.bytes.fill(0x11);
  return id;
}

template <class Decode>
void check_refuses_what_is_cut_or_longer(const Bytes& sound, Decode decode) {
  for (std::size_t size = 0; size < sound.size(); ++size) CHECK_FALSE(decode(BytesView(sound).substr(0, size)));
  CHECK_FALSE(decode(sound + '\0'));
}

}  // namespace

TEST_CASE("commands of the chat have the bytes that CHAT.md gives them") {
  const std::string head = " 0400000000000000 0900000000000000 0200000000000000 ";
  const TokenId id = of_ones();
  const std::vector<std::pair<chat::Operation, std::string>> table = {
      {CreateUser{"Bob", "hash"}, "01 20" + head + "03000000 426f62 04000000 68617368"},
      {Login{"bob", id, 7, true}, "01 21" + head + "03000000 626f62 TT 0700000000000000 01"},
      {ChangePassword{id, 7, false, "hash"}, "01 22" + head + "TT 0700000000000000 00 04000000 68617368"},
      {DisableUser{id, 7, true}, "01 23" + head + "TT 0700000000000000 01"},
      {Logout{id}, "01 24" + head + "TT"},
      {CreateChat{id, "c", "about", true}, "01 25" + head + "TT 01000000 63 05000000 61626f7574 01"},
      {JoinChat{id, "c"}, "01 26" + head + "TT 01000000 63"},
      {LeaveChat{id, "c"}, "01 27" + head + "TT 01000000 63"},
      {RenameChat{id, "c", "d"}, "01 28" + head + "TT 01000000 63 01000000 64"},
      {DescribeChat{id, "c", ""}, "01 29" + head + "TT 01000000 63 00000000"},
      {SetInviteOnly{id, "c", true}, "01 2a" + head + "TT 01000000 63 01"},
      {Invite{id, "c", "bob"}, "01 2b" + head + "TT 01000000 63 03000000 626f62"},
      {RemoveMember{id, "c", "bob"}, "01 2c" + head + "TT 01000000 63 03000000 626f62"},
      {HandOver{id, "c", "bob"}, "01 2d" + head + "TT 01000000 63 03000000 626f62"},
      {Send{id, "c", "hi", "k"}, "01 2e" + head + "TT 01000000 63 02000000 6869 01000000 6b"},
      {Edit{id, "c", EventSeq{5}, "ho"}, "01 2f" + head + "TT 01000000 63 0500000000000000 02000000 686f"},
      {DeleteMessage{id, "c", EventSeq{5}}, "01 30" + head + "TT 01000000 63 0500000000000000"},
      {MarkRead{id, "c", EventSeq{5}}, "01 31" + head + "TT 01000000 63 0500000000000000"},
  };
  CHECK(table.size() == std::variant_size_v<chat::Operation>);
  for (const auto& [operation, text] : table) {
    DYNAMIC_SECTION(text) {
      const Bytes bytes = bytes_of(text);
      const Command command{SessionId{4}, RequestSeq{9}, RequestSeq{2}, operation};
      CHECK(to_hex(encode_command(command)) == to_hex(bytes));
      CHECK(encoded_size(command) == bytes.size());
      CHECK(decode_command(bytes) == command);
      check_refuses_what_is_cut_or_longer(bytes, decode_command);
    }
  }
  SECTION("and what is neither true nor false is no command, nor is a number that is not known") {
    CHECK_FALSE(decode_command(bytes_of("01 23" + head + "TT 0700000000000000 02")));
    CHECK_FALSE(decode_command(bytes_of("01 32" + head + "TT")));
    CHECK_FALSE(decode_command(bytes_of("01 1f" + head + "TT")));
  }
}

TEST_CASE("what an operation is called, and who must make it, is known of each") {
  const TokenId id = of_ones();
  const std::vector<std::pair<chat::Operation, std::string_view>> with_password = {
      {CreateUser{"bob", ""}, "create_user"},
      {Login{"bob", id, 0, false}, "login"},
      {ChangePassword{id, 0, false, ""}, "change_password"},
      {DisableUser{id, 0, false}, "disable_user"}};
  for (const auto& [operation, name] : with_password) {
    CHECK(name_of(operation) == name);
    CHECK(needs_password(operation));
    CHECK(is_template(operation));
  }
  for (const chat::Operation& operation : std::vector<chat::Operation>{
           CreateUser{"bob", "h"}, Login{"bob", id, 1, false}, Login{"bob", id, 0, true},
           ChangePassword{id, 0, false, "h"}, ChangePassword{id, 0, true, ""}, DisableUser{id, 2, false}}) {
    CHECK(needs_password(operation));
    CHECK_FALSE(is_template(operation));
  }
  CHECK(name_of(MarkRead{}) == "mark_read");
  CHECK(name_of(SetInviteOnly{}) == "set_invite_only");
  CHECK_FALSE(needs_password(Logout{id}));
  CHECK_FALSE(is_template(Logout{id}));
  CHECK(token_of(chat::Operation(CreateUser{"bob", ""})) == nullptr);
  CHECK(*token_of(chat::Operation(Send{id, "c", "t", ""})) == id);
}

TEST_CASE("queries of the chat have the bytes that CHAT.md gives them") {
  const TokenId id = of_ones();
  const std::vector<std::pair<chat::Query, std::string>> table = {
      {ListChats{id, ChatId{3}, 4}, "01 20 TT 0300000000000000 04000000"},
      {ListMembers{id, "c", 3, 4}, "01 21 TT 01000000 63 0300000000000000 04000000"},
      {History{id, "c", EventSeq{9}, EventSeq{3}, true, 4},
       "01 22 TT 01000000 63 0900000000000000 0300000000000000 01 04000000"},
      {Messages{id, 5, ChatId{6}, EventSeq{7}, 8},
       "01 23 TT 0500000000000000 0600000000000000 0700000000000000 08000000"},
      {WhoAmI{id}, "01 24 TT"},
      {ChatInfo{id, "c"}, "01 25 TT 01000000 63"},
  };
  CHECK(table.size() == std::variant_size_v<chat::Query>);
  for (const auto& [query, text] : table) {
    DYNAMIC_SECTION(text) {
      const Bytes bytes = bytes_of(text);
      CHECK(to_hex(encode_query(query)) == to_hex(bytes));
      CHECK(decode_query(bytes) == app::Query(query));
      CHECK(token_of(query) == id);
      check_refuses_what_is_cut_or_longer(bytes, decode_query);
    }
  }
  CHECK_FALSE(decode_query(bytes_of("01 26 TT")));
}

TEST_CASE("replies of the chat have the bytes that CHAT.md gives them") {
  const std::string head = "01 00 ";
  const ChatSummary summary{ChatId{1}, "c", true, false, true, 2, EventSeq{3}, 4, EventSeq{5}, 6};
  const std::string summary_text =
      "0100000000000000 01000000 63 01 00 01 02000000 0300000000000000 0400000000000000 0500000000000000"
      " 0600000000000000 ";
  const Event event{ChatId{1}, EventSeq{2}, 3, 1, "bob", "hi", EventSeq{4}, EventSeq{5}, EventSeq{6}};
  const std::vector<std::pair<Answer, std::string>> table = {
      {LoggedIn{"Bob", 9}, "20 00 00000000 03000000 426f62 0900000000000000"},
      {Sent{EventSeq{7}, 8}, "21 00 00000000 0700000000000000 0800000000000000"},
      {Chats{{summary}, true}, "22 00 00000000 01000000 " + summary_text + "01"},
      {Members{{{3, "bob", 4, true}}, false},
       "23 00 00000000 01000000 0300000000000000 03000000 626f62 0400000000000000 01 00"},
      {Events{{{ChatId{1}, "c"}}, {event}, true},
       "24 00 00000000 01000000 0100000000000000 01000000 63 01000000 0100000000000000 0200000000000000"
       " 0300000000000000 01 03000000 626f62 02000000 6869 0400000000000000 0500000000000000 0600000000000000 01"},
      {Me{"bob", 1, 2, 3, 4}, "25 00 00000000 03000000 626f62 0100000000000000 0200000000000000 03000000 04000000"},
      {ChatDetails{summary, "amy", "about", 7},
       "26 00 00000000" + summary_text + "03000000 616d79 05000000 61626f7574 0700000000000000"},
  };
  CHECK(table.size() == std::variant_size_v<Answer>);
  for (const auto& [answer, text] : table) {
    DYNAMIC_SECTION(text) {
      const Bytes bytes = bytes_of(head + text);
      const Reply reply{.body = answer};
      CHECK(to_hex(encode_reply(reply)) == to_hex(bytes));
      CHECK(decode_reply(bytes) == reply);
      check_refuses_what_is_cut_or_longer(bytes, decode_reply);
    }
  }
  SECTION("and lists without end are refused") {
    CHECK_FALSE(decode_reply(bytes_of("01 00 22 00 00000000 ffffffff 00")));
    CHECK_FALSE(decode_reply(bytes_of("01 00 27 00 00000000")));
    CHECK_FALSE(decode_reply(bytes_of("01 00 22 00 00000000 00000000 02")));
  }
}

TEST_CASE("rows of the chat have the keys and bytes that CHAT.md gives them") {
  const auto key = [](const RowKey& row) { return to_hex(row.view()); };
  CHECK(key(user_name_key("bob")) == to_hex("ubob"));
  CHECK(key(user_key(UserId{1})) == to_hex("U") + "0000000000000001");
  CHECK(key(grant_key(UserId{1}, 2)) == to_hex("t") + "00000000000000010000000000000002");
  CHECK(key(failures_end_key(3, "bob")) == to_hex("F") + "0000000000000003" + to_hex("bob"));
  CHECK(key(counters_key()) == to_hex("n") + "0000000000000000");
  CHECK(key(event_key(ChatId{1}, EventSeq{0x0203})) == to_hex("h") + "00000000000000010000000000000203");
  CHECK(key(sent_key(UserId{1}, "k")) == to_hex("i") + "0000000000000001" + to_hex("k"));

  const std::vector<std::pair<Bytes, std::string>> table = {
      {encode_row(UserRow{true, 2, 3, 4, 5, 6, 7, "b", "h"}),
       "01 01 0200000000000000 0300000000000000 0400000000000000 05000000 06000000 07000000 01000000 62 01000000 68"},
      {encode_row(TokenRow{UserId{1}, 2, 3}), "01 0100000000000000 0200000000000000 0300000000000000"},
      {encode_row(GrantRow{of_ones()}), "01 TT"},
      {encode_row(FailuresRow{1, 2, 3}), "01 01000000 0200000000000000 0300000000000000"},
      {encode_row(ChatRow{true, UserId{1}, 2, 3, 4, "n", "d"}),
       "01 01 0100000000000000 0200000000000000 03000000 0400000000000000 01000000 6e 01000000 64"},
      {encode_row(NumbersRow{EventSeq{1}, 2, 3}), "01 0100000000000000 0200000000000000 0300000000000000"},
      {encode_row(MemberRow{1, 2, EventSeq{3}, 4}),
       "01 0100000000000000 0200000000000000 0300000000000000 0400000000000000"},
      {encode_row(EventRow{1, UserId{2}, 3, 4, EventSeq{5}, EventSeq{6}, EventSeq{7}, 8, "t"}),
       "01 01 0200000000000000 0300000000000000 0400000000000000 0500000000000000 0600000000000000 0700000000000000"
       " 08000000 01000000 74"},
      {encode_row(SentKeyRow{EventSeq{1}, 2, 3, 4}),
       "01 0100000000000000 0200000000000000 0300000000000000 0400000000000000"},
      {encode_row(CountersRow{1, 2, 3, 4}), "01 0100000000000000 0200000000000000 0300000000000000 0400000000000000"},
      {encode_row(NumberRow{1}), "01 0100000000000000"},
  };
  for (const auto& [bytes, text] : table) CHECK(to_hex(bytes) == to_hex(bytes_of(text)));
  CHECK(time_of_event(table[7].first) == 3);
  CHECK_FALSE(decode_row<NumberRow>("\x02" + Bytes(8, '\0')));
  CHECK_FALSE(decode_row<NumberRow>("\x01" + Bytes(9, '\0')));
}

TEST_CASE("the digest of the state of a chat has golden values, since replicas of all versions compare it") {
  ChatFixture f;
  const auto state = [&f] { return f.replica.meta().state.text().substr(0, 16); };
  std::vector<std::string> states;
  const TokenId amy = f.user("Amy");
  states.push_back(state());
  f.run(CreateChat{amy, "garden", "where we meet", false});
  states.push_back(state());
  f.run(Send{amy, "Garden", "hello", "key"});
  states.push_back(state());
  f.run(Edit{amy, "garden", EventSeq{1}, "hello all"});
  f.run(DeleteMessage{amy, "garden", EventSeq{1}});
  states.push_back(state());
  f.run(Login{"amy", token("other"), 1, false});
  f.let_pass(limits::token_us);
  states.push_back(state());
  CHECK(states == std::vector<std::string>{"467df8cd7a271537", "2b5d73caa75fc097", "b345eeb1ea275d21",
                                           "a3b5170a4e1209b8", "7314711b59da6493"});
}
