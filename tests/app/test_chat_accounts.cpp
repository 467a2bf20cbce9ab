#include "common/app/validate.hpp"
#include "tests/app/chat_testing.hpp"

using namespace parley;
using namespace parley::app;
using namespace parley::app::chat;

namespace {

constexpr const char* any_hash = "$argon2id$...";

std::string detail_of(const Reply& reply) { return reply.detail; }

}  // namespace

TEST_CASE("names of users are of letters, digits and three signs, and unique whatever their case") {
  ChatFixture f;
  CHECK(f.word(CreateUser{"Amy.Lee_2-x", any_hash}) == ErrorWord::ok);
  CHECK(f.word(CreateUser{"amy.lee_2-X", any_hash}) == ErrorWord::exists);
  CHECK(f.word(CreateUser{Bytes(64, 'a'), any_hash}) == ErrorWord::ok);
  const Reply too_long = f.run(CreateUser{Bytes(65, 'a'), any_hash});
  CHECK(too_long.word == ErrorWord::too_large);
  CHECK(too_long.detail.find("64") != std::string::npos);
  for (const char* name : {"", "a b", "a/b", "\xc3\xbc", "a\n", "a@b", "a\x7f"}) {
    INFO(name);
    CHECK(f.word(CreateUser{name, any_hash}) == ErrorWord::invalid);
  }
  CHECK(f.word(CreateUser{".", any_hash}) == ErrorWord::ok);
  CHECK(f.word(CreateUser{"bob", ""}) == ErrorWord::invalid);
  CHECK(f.word(CreateUser{"bob", Bytes(limits::password_hash_bytes + 1, 'h')}) == ErrorWord::invalid);
  CHECK(f.rows(RowSpace::chat_user) == 3);
}

TEST_CASE("a login grants the token that was asked for, under the name as it was created") {
  ChatFixture f;
  f.create_user("Amy");
  const Reply reply = f.log_in("aMY", token("t"));
  const auto logged_in = f.body<LoggedIn>(reply);
  CHECK(logged_in.user == "Amy");
  CHECK(logged_in.life_us == limits::token_us);
  const auto me = f.body<Me>(f.ask(WhoAmI{token("t")}));
  CHECK(me.user == "Amy");
  CHECK(me.life_us == limits::token_us);
  CHECK(f.ask(WhoAmI{token("other")}).word == ErrorWord::denied);
  // Whoever draws a token that there is does not get it.
  f.create_user("eve");
  CHECK(f.log_in("eve", token("t")).word == ErrorWord::invalid);
  CHECK(f.body<Me>(f.ask(WhoAmI{token("t")})).user == "Amy");
}

TEST_CASE("a token ends with its life, by cluster time alone, and at the time that was said") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  f.let_pass(limits::token_us - 2);
  CHECK(f.body<Me>(f.ask(WhoAmI{amy})).life_us == 2);
  f.wall_us += limits::token_us;  // a wrong clock
  f.let_pass(1);
  CHECK(f.word(CreateChat{amy, "c", "", false}) == ErrorWord::ok);
  f.pass(1);
  CHECK(f.word(MarkRead{amy, "c", EventSeq{1}}) == ErrorWord::denied);
  CHECK(f.ask(WhoAmI{amy}).word == ErrorWord::denied);
  CHECK(f.rows(RowSpace::chat_token) == 0);
  CHECK(f.rows(RowSpace::chat_grant) == 0);
  CHECK(f.rows(RowSpace::due) == 0);
  CHECK(f.log_in("amy", amy).word == ErrorWord::ok);
}

TEST_CASE("an owner knows when an entry is needed for what ends") {
  ChatFixture f;
  CHECK(f.replica.application().next_due_us() == Meta::never);
  f.user("amy");
  CHECK(f.replica.application().next_due_us() == f.cluster_us + limits::token_us);
}

TEST_CASE("logging out ends this token and no other") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  CHECK(f.log_in("amy", token("second")).word == ErrorWord::ok);
  CHECK(f.word(Logout{amy}) == ErrorWord::ok);
  CHECK(f.word(Logout{amy}) == ErrorWord::denied);
  CHECK(f.ask(WhoAmI{amy}).word == ErrorWord::denied);
  CHECK(f.ask(WhoAmI{token("second")}).word == ErrorWord::ok);
  CHECK(f.rows(RowSpace::due) == 1);
}

TEST_CASE("a user has a bounded number of tokens, and the oldest goes") {
  ChatFixture f;
  f.create_user("amy");
  for (std::uint32_t i = 0; i < limits::tokens_per_user + 2; ++i)
    REQUIRE(f.log_in("amy", token("t" + std::to_string(i))).word == ErrorWord::ok);
  CHECK(f.rows(RowSpace::chat_token) == limits::tokens_per_user);
  CHECK(f.ask(WhoAmI{token("t0")}).word == ErrorWord::denied);
  CHECK(f.ask(WhoAmI{token("t1")}).word == ErrorWord::denied);
  CHECK(f.ask(WhoAmI{token("t2")}).word == ErrorWord::ok);
}

TEST_CASE("wrong password, unknown user and disabled user have one answer, and are slowed alike") {
  ChatFixture f;
  f.create_user("amy");
  const TokenId gone = f.user("gone");
  REQUIRE(f.word(DisableUser{gone, 1, true}) == ErrorWord::ok);
  std::vector<std::vector<std::string>> said;
  for (const auto& [name, version] : {std::pair{"amy", 1}, std::pair{"nobody", 0}, std::pair{"gone", 0}}) {
    std::vector<std::string> of_this;
    for (int i = 0; i < 6; ++i) {
      const Reply reply = f.run(Login{name, token("t"), static_cast<std::uint64_t>(version), false});
      CHECK(reply.word == ErrorWord::denied);
      CHECK(std::holds_alternative<std::monostate>(reply.body));
      of_this.push_back(reply.detail);
    }
    f.pass(limits::least_login_wait_us);
    of_this.push_back(detail_of(f.run(Login{name, token("t"), static_cast<std::uint64_t>(version), false})));
    of_this.push_back(detail_of(f.run(Login{name, token("t"), static_cast<std::uint64_t>(version), false})));
    said.push_back(of_this);
  }
  CHECK(said[0] == said[1]);
  CHECK(said[0] == said[2]);
  CHECK(said[0][0] == said[0][2]);
  CHECK(said[0][3] == "too many wrong passwords: wait 1 s");
  CHECK(said[0][6] == said[0][0]);
  CHECK(said[0][7] == "too many wrong passwords: wait 2 s");
}

TEST_CASE("the wait after wrong passwords doubles from a second to a minute, and a right one meanwhile does not help") {
  ChatFixture f;
  f.create_user("amy");
  const auto wrong = [&f] { return f.run(Login{"AMY", token("t"), 1, false}); };
  CHECK(wrong().detail == "wrong name or password");
  CHECK(wrong().detail == "wrong name or password");
  for (const std::uint64_t wait_s : {1, 2, 4, 8, 16, 32, 60, 60}) {
    CHECK(wrong().detail == "wrong name or password");
    CHECK(f.log_in("amy", token("t")).detail == "too many wrong passwords: wait " + std::to_string(wait_s) + " s");
    f.pass(wait_s * second_us - 1);
    CHECK(f.log_in("amy", token("t")).word == ErrorWord::denied);
    f.pass(1);
  }
  CHECK(f.log_in("amy", token("t")).word == ErrorWord::ok);
  // Then everything begins anew.
  CHECK(f.rows(RowSpace::chat_failures) == 0);
  CHECK(f.rows(RowSpace::chat_failures_end) == 0);
  CHECK(f.rows(RowSpace::due) == 1);
  CHECK(wrong().detail == "wrong name or password");
  CHECK(wrong().detail == "wrong name or password");
  CHECK(f.log_in("amy", token("u")).word == ErrorWord::ok);
}

TEST_CASE("wrong passwords are forgotten in time") {
  ChatFixture f;
  f.create_user("amy");
  for (int i = 0; i < 3; ++i) CHECK(f.word(Login{"amy", token("t"), 1, false}) == ErrorWord::denied);
  CHECK(f.rows(RowSpace::chat_failures) == 1);
  f.let_pass(limits::failed_login_us - 1);
  CHECK(f.rows(RowSpace::chat_failures) == 1);
  f.let_pass(1);
  CHECK(f.rows(RowSpace::chat_failures) == 0);
  CHECK(f.rows(RowSpace::chat_failures_end) == 0);
  CHECK(f.rows(RowSpace::due) == 0);
  CHECK(f.word(Login{"amy", token("t"), 1, false}) == ErrorWord::denied);
  CHECK(f.word(Login{"amy", token("t"), 1, false}) == ErrorWord::denied);
  CHECK(f.log_in("amy", token("t")).word == ErrorWord::ok);
}

TEST_CASE("failures of so many names are remembered, and of one more those that end first are forgotten") {
  ChatFixture f;
  f.create_user("amy");
  for (int i = 0; i < 3; ++i) f.run(Login{"amy", token("t"), 1, false});
  for (std::uint64_t i = 0; i + 1 < limits::failed_login_names; ++i) {
    f.pass(1);
    f.run(Login{"n" + std::to_string(i), token("t"), 0, false});
  }
  CHECK(f.rows(RowSpace::chat_failures) == limits::failed_login_names);
  CHECK(f.log_in("amy", token("t")).word == ErrorWord::denied);
  f.run(Login{"one-more", token("t"), 0, false});
  CHECK(f.rows(RowSpace::chat_failures) == limits::failed_login_names);
  CHECK(f.rows(RowSpace::chat_failures_end) == limits::failed_login_names);
  CHECK(f.log_in("amy", token("t")).word == ErrorWord::ok);
  CHECK(f.replica.meta().used_bytes == f.used_by_rows());
}

TEST_CASE("a password that was verified against another hash counts neither for nor against anybody") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  CHECK(f.word(ChangePassword{amy, 1, true, "new hash"}) == ErrorWord::ok);
  CHECK(f.run(Login{"amy", token("t"), 1, true}).detail == "wrong name or password");
  CHECK(f.run(Login{"amy", token("t"), 0, false}).detail == "wrong name or password");
  CHECK(f.rows(RowSpace::chat_failures) == 0);
  CHECK(f.log_in("amy", token("t"), 2).word == ErrorWord::ok);
}

TEST_CASE("changing the password ends all other tokens, and a wrong one is counted") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  REQUIRE(f.log_in("amy", token("second")).word == ErrorWord::ok);
  CHECK(f.word(ChangePassword{amy, 1, false, "new"}) == ErrorWord::denied);
  CHECK(f.ask(WhoAmI{token("second")}).word == ErrorWord::ok);
  CHECK(f.rows(RowSpace::chat_failures) == 1);
  CHECK(f.word(ChangePassword{amy, 1, true, ""}) == ErrorWord::invalid);
  CHECK(f.word(ChangePassword{token("none"), 1, true, "new"}) == ErrorWord::denied);
  CHECK(f.word(ChangePassword{amy, 1, true, "new"}) == ErrorWord::ok);
  CHECK(f.rows(RowSpace::chat_failures) == 0);
  CHECK(f.ask(WhoAmI{token("second")}).word == ErrorWord::denied);
  CHECK(f.ask(WhoAmI{amy}).word == ErrorWord::ok);
  const auto credentials =
      credentials_for(chat::Operation(Login{"amy", {}, 0, false}), f.replica.table(), f.replica.meta());
  CHECK(credentials.password_hash == "new");
  CHECK(credentials.password_version == 2);
}

TEST_CASE("wrong passwords of a user who is logged in slow his logins too") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  for (int i = 0; i < 3; ++i) CHECK(f.run(DisableUser{amy, 1, false}).detail == "wrong password");
  CHECK(f.run(ChangePassword{amy, 1, true, "new"}).detail == "too many wrong passwords: wait 1 s");
  CHECK(f.log_in("amy", token("t")).detail == "too many wrong passwords: wait 1 s");
  const chat::Operation change = ChangePassword{amy, 0, false, ""};
  CHECK(denied_until_us(change, f.replica.table(), f.replica.meta()) == f.cluster_us + second_us);
  CHECK(denied_until_us(chat::Operation(Login{"Amy", {}, 0, false}), f.replica.table(), f.replica.meta()) ==
        f.cluster_us + second_us);
  f.let_pass(second_us);
  CHECK(denied_until_us(change, f.replica.table(), f.replica.meta()) == f.cluster_us);
  CHECK(f.word(DisableUser{amy, 1, true}) == ErrorWord::ok);
}

TEST_CASE("who is disabled is nowhere any more, and what he said stays under his name") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  REQUIRE(f.word(CreateChat{amy, "both", "", false}) == ErrorWord::ok);
  REQUIRE(f.word(JoinChat{bob, "both"}) == ErrorWord::ok);
  REQUIRE(f.word(CreateChat{amy, "alone", "", false}) == ErrorWord::ok);
  REQUIRE(f.word(CreateChat{amy, "secret", "", true}) == ErrorWord::ok);
  REQUIRE(f.word(CreateChat{bob, "bobs", "", true}) == ErrorWord::ok);
  REQUIRE(f.word(Invite{bob, "bobs", "amy"}) == ErrorWord::ok);
  f.send(amy, "both", "hello");
  REQUIRE(f.log_in("amy", token("second")).word == ErrorWord::ok);
  CHECK(f.word(DisableUser{amy, 1, true}) == ErrorWord::ok);

  CHECK(f.ask(WhoAmI{amy}).word == ErrorWord::denied);
  CHECK(f.ask(WhoAmI{token("second")}).word == ErrorWord::denied);
  CHECK(f.log_in("amy", token("t"), 0).word == ErrorWord::denied);
  CHECK(f.word(CreateUser{"Amy", any_hash}) == ErrorWord::exists);
  CHECK(f.members(bob, "both") == std::vector<std::string>{"bob*"});
  CHECK(f.history(bob, "both").at(0).user == "amy");
  CHECK(f.word(JoinChat{bob, "secret"}) == ErrorWord::not_found);
  CHECK(f.word(JoinChat{bob, "alone"}) == ErrorWord::ok);
  CHECK(f.members(bob, "alone") == std::vector<std::string>{"bob*"});
  for (const chat::Operation& named : std::vector<chat::Operation>{
           Invite{bob, "bobs", "amy"}, RemoveMember{bob, "bobs", "amy"}, HandOver{bob, "bobs", "amy"}})
    CHECK(f.run(named).detail == "no such user");
  CHECK(credentials_for(chat::Operation(Login{"amy", {}, 0, false}), f.replica.table(), f.replica.meta())
            .password_hash.empty());
  CHECK(f.rows(RowSpace::chat_invitation) == 0);
  CHECK(f.replica.meta().used_bytes == f.used_by_rows());
}

TEST_CASE("what a node must know to verify a password is what the rows say") {
  ChatFixture f;
  const TokenId amy = f.user("Amy");
  const auto known = [&f](const chat::Operation& operation) {
    return credentials_for(operation, f.replica.table(), f.replica.meta());
  };
  CHECK(known(Login{"aMy", {}, 0, false}).password_hash == "hash of Amy");
  CHECK(known(Login{"amy", {}, 0, false}).password_version == 1);
  CHECK(known(ChangePassword{amy, 0, false, ""}).password_hash == "hash of Amy");
  CHECK(known(DisableUser{amy, 0, false}).password_version == 1);
  for (const chat::Operation& operation :
       std::vector<chat::Operation>{Login{"bob", {}, 0, false}, ChangePassword{token("x"), 0, false, ""},
                                    DisableUser{token("x"), 0, false}, CreateUser{"amy", ""}}) {
    CHECK(known(operation).password_hash.empty());
    CHECK(known(operation).password_version == 0);
    CHECK(denied_until_us(operation, f.replica.table(), f.replica.meta()) == 0);
  }
}
