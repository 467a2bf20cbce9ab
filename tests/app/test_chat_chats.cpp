#include "common/app/validate.hpp"
#include "tests/app/chat_testing.hpp"

using namespace parley;
using namespace parley::app;
using namespace parley::app::chat;

TEST_CASE("names of chats are up to 64 characters of UTF-8, unique but for ASCII case") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const auto create = [&](const std::string& name) { return f.run(CreateChat{amy, name, "", false}); };
  std::string longest;
  for (int i = 0; i < 64; ++i) longest += "\xf0\x9f\x8c\xb1";
  for (const std::string& name : {std::string("garden"), std::string("a b"),
                                  std::string("\xc3\x9c"
                                              "bung"),
                                  longest, std::string(64, 'x'), std::string("../etc"), std::string("a\\b\"c")}) {
    INFO(name);
    CHECK(create(name).word == ErrorWord::ok);
    CHECK(create(name).word == ErrorWord::exists);
  }
  CHECK(create("GARDEN").word == ErrorWord::exists);
  CHECK(create("\xc3\xbc"
               "bung")
            .word == ErrorWord::ok);  // case beyond ASCII tells names apart
  for (const std::string& name : {longest + "x", std::string(65, 'x'), std::string(300, 'x')}) {
    const Reply reply = create(name);
    CHECK(reply.word == ErrorWord::too_large);
    CHECK(reply.detail.find("64") != std::string::npos);
  }
  for (const std::string& name :
       {std::string(), std::string(" a"), std::string("a "),
        std::string("\xc2\xa0"
                    "a"),
        std::string("a\xe3\x80\x80"), std::string("a\nb"), std::string("a\x1b[2J"), std::string("a\x7f"),
        std::string("\xc2\x85"
                    "a"),
        std::string("a\xe2\x80\xa8"
                    "b"),
        std::string("\xff"), std::string("\xed\xa0\x80"), std::string("a\0b", 3)}) {
    INFO(name);
    CHECK(create(name).word == ErrorWord::invalid);
  }
}

TEST_CASE("descriptions are up to a KiB of UTF-8") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  CHECK(f.word(CreateChat{amy, "a", std::string(1024, 'd'), false}) == ErrorWord::ok);
  CHECK(f.word(CreateChat{amy, "b", std::string(1025, 'd'), false}) == ErrorWord::too_large);
  CHECK(f.word(CreateChat{amy, "b", "\xff", false}) == ErrorWord::invalid);
  CHECK(f.word(DescribeChat{amy, "a", "two\nlines"}) == ErrorWord::ok);
  CHECK(f.word(DescribeChat{amy, "a", std::string(1025, 'd')}) == ErrorWord::too_large);
  CHECK(f.word(DescribeChat{amy, "a", "\xc0\x80"}) == ErrorWord::invalid);
  CHECK(f.info(amy, "a").description == "two\nlines");
}

TEST_CASE("whoever makes a chat owns it, and anybody may join") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  CHECK(f.word(CreateChat{amy, "Garden", "about", false}) == ErrorWord::ok);
  f.pass(5);
  CHECK(f.word(JoinChat{bob, "gARDEN"}) == ErrorWord::ok);
  CHECK(f.word(JoinChat{bob, "garden"}) == ErrorWord::ok);  // again changes nothing
  CHECK(f.members(bob, "garden") == std::vector<std::string>{"amy*", "bob"});
  const auto details = f.info(bob, "garden");
  CHECK(details.summary.name == "Garden");
  CHECK(details.summary.members == 2);
  CHECK(details.summary.is_member);
  CHECK_FALSE(details.summary.is_owner);
  CHECK_FALSE(details.summary.is_invite_only);
  CHECK(details.owner == "amy");
  CHECK(details.description == "about");
  CHECK(details.created_us == f.wall_us - 5);
  CHECK(f.body<Members>(f.ask(ListMembers{amy, "garden", 0, 0})).members.at(1).joined_us == f.wall_us);
}

TEST_CASE("what is asked of a chat is refused by rank: no token, no chat, no member, no right") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  const TokenId eve = f.user("eve");
  REQUIRE(f.word(CreateChat{amy, "open", "", false}) == ErrorWord::ok);
  REQUIRE(f.word(CreateChat{amy, "hidden", "", true}) == ErrorWord::ok);
  REQUIRE(f.word(JoinChat{bob, "open"}) == ErrorWord::ok);
  f.send(amy, "open", "hello");
  f.send(amy, "hidden", "hello");
  const auto calls = [](const TokenId& as, const char* chat) {
    return std::vector<chat::Operation>{LeaveChat{as, chat},
                                        RenameChat{as, chat, "new"},
                                        DescribeChat{as, chat, "new"},
                                        SetInviteOnly{as, chat, true},
                                        Invite{as, chat, "eve"},
                                        RemoveMember{as, chat, "eve"},
                                        HandOver{as, chat, "eve"},
                                        Send{as, chat, "text", ""},
                                        Edit{as, chat, EventSeq{1}, "text"},
                                        DeleteMessage{as, chat, EventSeq{1}},
                                        MarkRead{as, chat, EventSeq{1}}};
  };
  const auto queries = [](const TokenId& as, const char* chat) {
    return std::vector<chat::Query>{ListMembers{as, chat, 0, 0}, History{as, chat, {}, {}, false, 0}};
  };
  const Digest before = f.replica.meta().state;
  const auto used = f.replica.meta().used_bytes;
  for (const auto& call : calls(token("none"), "open")) CHECK(f.word(call) == ErrorWord::denied);
  for (const auto& query : queries(token("none"), "open")) CHECK(f.ask(query).word == ErrorWord::denied);
  CHECK(f.word(JoinChat{token("none"), "open"}) == ErrorWord::denied);
  CHECK(f.ask(ChatInfo{token("none"), "open"}).word == ErrorWord::denied);
  CHECK(f.ask(ListChats{token("none"), {}, 0}).word == ErrorWord::denied);
  Messages messages;
  messages.token = token("none");
  CHECK(f.ask(messages).word == ErrorWord::denied);
  for (const char* chat : {"none", "hidden"}) {
    for (const auto& call : calls(eve, chat)) CHECK(f.word(call) == ErrorWord::not_found);
    for (const auto& query : queries(eve, chat)) CHECK(f.ask(query).word == ErrorWord::not_found);
    CHECK(f.word(JoinChat{eve, chat}) == ErrorWord::not_found);
    CHECK(f.ask(ChatInfo{eve, chat}).word == ErrorWord::not_found);
  }
  // Whether there is such a chat at all does not show.
  CHECK(f.run(Send{eve, "none", "x", ""}).detail == f.run(Send{eve, "hidden", "x", ""}).detail);
  for (const auto& call : calls(eve, "open")) CHECK(f.word(call) == ErrorWord::not_member);
  for (const auto& query : queries(eve, "open")) CHECK(f.ask(query).word == ErrorWord::not_member);
  CHECK(f.ask(ChatInfo{eve, "open"}).word == ErrorWord::ok);
  for (const chat::Operation& call : std::vector<chat::Operation>{
           RenameChat{bob, "open", "new"}, DescribeChat{bob, "open", "new"}, SetInviteOnly{bob, "open", true},
           Invite{bob, "open", "eve"}, RemoveMember{bob, "open", "amy"}, HandOver{bob, "open", "bob"},
           Edit{bob, "open", EventSeq{1}, "x"}, DeleteMessage{bob, "open", EventSeq{1}}}) {
    CHECK(f.word(call) == ErrorWord::denied);
  }
  CHECK(f.replica.meta().used_bytes == used);
  CHECK_FALSE(f.replica.meta().state == before);  // but for the replies
  CHECK(f.history(amy, "open").size() == 1);
}

TEST_CASE("a chat can be renamed, and its old name is free") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  REQUIRE(f.word(CreateChat{amy, "old", "", false}) == ErrorWord::ok);
  REQUIRE(f.word(CreateChat{amy, "other", "", false}) == ErrorWord::ok);
  f.send(amy, "old", "hello");
  CHECK(f.word(RenameChat{amy, "old", "OTHER"}) == ErrorWord::exists);
  CHECK(f.word(RenameChat{amy, "old", "OLD"}) == ErrorWord::ok);
  CHECK(f.info(amy, "old").summary.name == "OLD");
  CHECK(f.word(RenameChat{amy, "old", "new"}) == ErrorWord::ok);
  CHECK(f.ask(ChatInfo{amy, "old"}).word == ErrorWord::not_found);
  CHECK(f.history(amy, "new").size() == 1);
  CHECK(f.word(CreateChat{amy, "old", "", false}) == ErrorWord::ok);
  CHECK(f.history(amy, "old").empty());
}

TEST_CASE("an invite-only chat is seen and joined by those who are invited") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  REQUIRE(f.word(CreateChat{amy, "club", "", true}) == ErrorWord::ok);
  CHECK(f.word(Invite{amy, "club", "nobody"}) == ErrorWord::not_found);
  CHECK(f.word(Invite{amy, "club", "amy"}) == ErrorWord::exists);
  CHECK(f.word(Invite{amy, "club", "BOB"}) == ErrorWord::ok);
  CHECK(f.word(Invite{amy, "club", "bob"}) == ErrorWord::ok);
  CHECK(f.rows(RowSpace::chat_invitation) == 1);
  CHECK(f.word(Send{bob, "club", "x", ""}) == ErrorWord::not_member);
  const auto chats = f.body<Chats>(f.ask(ListChats{bob, {}, 0})).chats;
  REQUIRE(chats.size() == 1);
  CHECK_FALSE(chats[0].is_member);
  CHECK(chats[0].is_invite_only);
  CHECK(f.body<Me>(f.ask(WhoAmI{bob})).invitations == 1);
  SECTION("who joins") {
    CHECK(f.word(JoinChat{bob, "club"}) == ErrorWord::ok);
    CHECK(f.rows(RowSpace::chat_invitation) == 0);
    CHECK(f.body<Me>(f.ask(WhoAmI{bob})).invitations == 0);
    CHECK(f.body<Me>(f.ask(WhoAmI{bob})).chats == 1);
    CHECK(f.word(Invite{amy, "club", "bob"}) == ErrorWord::exists);
    CHECK(f.word(LeaveChat{bob, "club"}) == ErrorWord::ok);
    CHECK(f.word(JoinChat{bob, "club"}) == ErrorWord::not_found);
  }
  SECTION("who declines") {
    CHECK(f.word(LeaveChat{bob, "club"}) == ErrorWord::ok);
    CHECK(f.word(JoinChat{bob, "club"}) == ErrorWord::not_found);
  }
  SECTION("who is invited no more") {
    CHECK(f.word(RemoveMember{amy, "club", "bob"}) == ErrorWord::ok);
    CHECK(f.word(JoinChat{bob, "club"}) == ErrorWord::not_found);
    CHECK(f.word(RemoveMember{amy, "club", "bob"}) == ErrorWord::not_member);
  }
  SECTION("who waits until it is open to all") {
    CHECK(f.word(SetInviteOnly{amy, "club", false}) == ErrorWord::ok);
    f.user("eve");
    CHECK(f.word(JoinChat{token("eve"), "club"}) == ErrorWord::ok);
    CHECK(f.word(SetInviteOnly{amy, "club", true}) == ErrorWord::ok);
    CHECK(f.word(Send{token("eve"), "club", "still here", ""}) == ErrorWord::ok);
  }
  CHECK(f.replica.meta().used_bytes == f.used_by_rows());
}

TEST_CASE("an owner removes members, and hands over") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  f.user("eve");
  REQUIRE(f.word(CreateChat{amy, "c", "", false}) == ErrorWord::ok);
  REQUIRE(f.word(JoinChat{bob, "c"}) == ErrorWord::ok);
  CHECK(f.word(RemoveMember{amy, "c", "amy"}) == ErrorWord::invalid);
  CHECK(f.word(RemoveMember{amy, "c", "eve"}) == ErrorWord::not_member);
  CHECK(f.word(RemoveMember{amy, "c", "nobody"}) == ErrorWord::not_found);
  CHECK(f.word(HandOver{amy, "c", "eve"}) == ErrorWord::not_member);
  CHECK(f.word(HandOver{amy, "c", "nobody"}) == ErrorWord::not_found);
  CHECK(f.word(HandOver{amy, "c", "amy"}) == ErrorWord::ok);
  CHECK(f.word(HandOver{amy, "c", "bob"}) == ErrorWord::ok);
  CHECK(f.word(RenameChat{amy, "c", "d"}) == ErrorWord::denied);
  CHECK(f.word(RemoveMember{bob, "c", "amy"}) == ErrorWord::ok);
  CHECK(f.word(Send{amy, "c", "x", ""}) == ErrorWord::not_member);
  CHECK(f.word(JoinChat{amy, "c"}) == ErrorWord::ok);  // where anybody may join, so may he
  CHECK(f.members(amy, "c") == std::vector<std::string>{"bob*", "amy"});
}

TEST_CASE("an owner who leaves hands over to whoever has been there for longest") {
  ChatFixture f;
  std::vector<TokenId> users;
  for (const char* name : {"amy", "bob", "cem", "dan"}) users.push_back(f.user(name));
  REQUIRE(f.word(CreateChat{users[0], "c", "", false}) == ErrorWord::ok);
  for (std::size_t i = 1; i < 4; ++i) REQUIRE(f.word(JoinChat{users[i], "c"}) == ErrorWord::ok);
  CHECK(f.word(LeaveChat{users[1], "c"}) == ErrorWord::ok);
  CHECK(f.word(JoinChat{users[1], "c"}) == ErrorWord::ok);  // now the newest
  CHECK(f.word(LeaveChat{users[0], "c"}) == ErrorWord::ok);
  CHECK(f.members(users[1], "c") == std::vector<std::string>{"cem*", "dan", "bob"});
  CHECK(f.word(HandOver{users[2], "c", "bob"}) == ErrorWord::ok);
  CHECK(f.word(LeaveChat{users[1], "c"}) == ErrorWord::ok);
  CHECK(f.members(users[3], "c") == std::vector<std::string>{"cem*", "dan"});
  CHECK(f.word(LeaveChat{users[1], "c"}) == ErrorWord::not_member);
}

TEST_CASE("a chat whose last member leaves stays, and the next who joins owns it") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  REQUIRE(f.word(CreateChat{amy, "c", "", false}) == ErrorWord::ok);
  f.send(amy, "c", "hello");
  CHECK(f.word(LeaveChat{amy, "c"}) == ErrorWord::ok);
  CHECK(f.info(bob, "c").owner.empty());
  CHECK(f.word(CreateChat{bob, "c", "", false}) == ErrorWord::exists);
  CHECK(f.word(JoinChat{bob, "c"}) == ErrorWord::ok);
  CHECK(f.members(bob, "c") == std::vector<std::string>{"bob*"});
  CHECK(f.history(bob, "c").at(0).text == "hello");
}

TEST_CASE("an invite-only chat whose last member leaves is gone: its name at once, its rows by and by") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  const std::size_t rows_before = f.counted_rows();
  REQUIRE(f.word(CreateChat{amy, "c", "", true}) == ErrorWord::ok);
  REQUIRE(f.word(CreateChat{amy, "d", "", true}) == ErrorWord::ok);
  REQUIRE(f.word(Invite{amy, "c", "bob"}) == ErrorWord::ok);
  for (std::size_t i = 0; i < limits::gone_chat_rows + 10; ++i) f.send(amy, "c", "text");
  f.send(amy, "d", "text");
  CHECK(f.word(LeaveChat{amy, "c"}) == ErrorWord::ok);
  CHECK(f.word(LeaveChat{amy, "d"}) == ErrorWord::ok);
  CHECK(f.replica.application().next_due_us() <= f.cluster_us);
  CHECK(f.body<Chats>(f.ask(ListChats{bob, {}, 0})).chats.empty());
  CHECK(f.word(CreateChat{bob, "c", "", false}) == ErrorWord::ok);
  CHECK(f.history(bob, "c").empty());
  CHECK(f.word(LeaveChat{bob, "c"}) == ErrorWord::ok);  // stays: it is open
  for (int i = 0; i < 6; ++i) f.apply(EntryKind::time, {});
  CHECK(f.rows(RowSpace::chat_event) == 0);
  CHECK(f.rows(RowSpace::chat_invitation) == 0);
  CHECK(f.rows(RowSpace::chat_gone) == 0);
  CHECK(f.rows(RowSpace::chat_of_user) == 0);
  CHECK(f.body<Me>(f.ask(WhoAmI{bob})).invitations == 0);
  CHECK(f.replica.meta().used_bytes == f.used_by_rows());
  // The chat of bob is left: its name, itself, its numbers.
  CHECK(f.counted_rows() == rows_before + 3);
}

TEST_CASE("an entry that lets a chat go erases no more rows than its bound") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  REQUIRE(f.word(CreateChat{amy, "c", "", true}) == ErrorWord::ok);
  for (std::size_t i = 0; i < 2 * limits::gone_chat_rows; ++i) f.send(amy, "c", "text");
  REQUIRE(f.word(LeaveChat{amy, "c"}) == ErrorWord::ok);
  for (const std::size_t left : {limits::gone_chat_rows, std::size_t{0}}) {
    f.apply(EntryKind::noop, {});
    CHECK(f.rows(RowSpace::chat_event) == left);
  }
  f.apply(EntryKind::noop, {});
  CHECK(f.rows(RowSpace::chat_gone) == 0);
}

TEST_CASE("a user is in a bounded number of chats, and invited to as many") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  for (std::uint32_t i = 0; i < limits::chats_per_user; ++i)
    REQUIRE(f.word(CreateChat{amy, "c" + std::to_string(i), "", true}) == ErrorWord::ok);
  const Reply one_more = f.run(CreateChat{amy, "more", "", true});
  CHECK(one_more.word == ErrorWord::too_large);
  CHECK(one_more.detail.find("512") != std::string::npos);
  for (std::uint32_t i = 0; i < limits::chats_per_user; ++i)
    REQUIRE(f.word(Invite{amy, "c" + std::to_string(i), "bob"}) == ErrorWord::ok);
  const TokenId eve = f.user("eve");
  REQUIRE(f.word(CreateChat{eve, "more", "", false}) == ErrorWord::ok);
  CHECK(f.word(Invite{eve, "more", "bob"}) == ErrorWord::too_large);
  CHECK(f.word(JoinChat{amy, "more"}) == ErrorWord::too_large);
  for (std::uint32_t i = 0; i < limits::chats_per_user; ++i)
    REQUIRE(f.word(JoinChat{bob, "c" + std::to_string(i)}) == ErrorWord::ok);
  CHECK(f.word(JoinChat{bob, "more"}) == ErrorWord::too_large);
  CHECK(f.word(LeaveChat{bob, "c7"}) == ErrorWord::ok);
  CHECK(f.word(JoinChat{bob, "more"}) == ErrorWord::ok);
  // All of it in one entry.
  CHECK(f.word(DisableUser{amy, 1, true}) == ErrorWord::ok);
  CHECK(f.members(bob, "c0") == std::vector<std::string>{"bob*"});
  CHECK(f.word(JoinChat{bob, "c7"}) == ErrorWord::not_found);
  CHECK(f.replica.meta().used_bytes == f.used_by_rows());
}

TEST_CASE("what would fill the quota is refused, and what frees rows or ends tokens never is") {
  ChatFixture f(Settings{.quota_bytes = 6000});
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  REQUIRE(f.word(CreateChat{amy, "c", "", false}) == ErrorWord::ok);
  REQUIRE(f.word(JoinChat{bob, "c"}) == ErrorWord::ok);
  f.send(bob, "c", std::string(300, 'x'));
  while (f.word(Send{amy, "c", std::string(200, 'x'), ""}) == ErrorWord::ok) {
  }
  while (f.word(Send{amy, "c", "x", ""}) == ErrorWord::ok) {
  }
  const auto used = f.replica.meta().used_bytes;
  CHECK(used <= 6000);
  const std::string description(500, 'd');
  const std::string name(64, 'n');
  for (const chat::Operation& call : std::vector<chat::Operation>{
           Send{amy, "c", "x", ""}, Send{amy, "c", "x", "key"}, Edit{amy, "c", EventSeq{2}, "y"},
           CreateChat{amy, "d", "", false}, DescribeChat{amy, "c", description}, RenameChat{amy, "c", name},
           CreateUser{"eve", "hash"}}) {
    CHECK(f.word(call) == ErrorWord::quota);
  }
  CHECK(f.replica.meta().used_bytes == used);
  CHECK(f.log_in("amy", token("again")).word == ErrorWord::ok);
  CHECK(f.word(Login{"bob", token("x"), 1, false}) == ErrorWord::denied);
  CHECK(f.rows(RowSpace::chat_failures) == 1);
  CHECK(f.word(MarkRead{bob, "c", EventSeq{2}}) == ErrorWord::ok);
  CHECK(f.word(DeleteMessage{bob, "c", EventSeq{1}}) == ErrorWord::ok);
  CHECK(f.word(ChangePassword{bob, 1, true, std::string(120, 'h')}) == ErrorWord::ok);
  CHECK(f.word(LeaveChat{bob, "c"}) == ErrorWord::ok);
  CHECK(f.word(Logout{token("again")}) == ErrorWord::ok);
  CHECK(f.word(DisableUser{amy, 1, true}) == ErrorWord::ok);
  CHECK(f.replica.meta().used_bytes == f.used_by_rows());
}
