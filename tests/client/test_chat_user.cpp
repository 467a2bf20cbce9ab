#include "client/chat_user.hpp"
#include "common/base/chat_limits.hpp"
#include "tests/client/client_testing.hpp"

using namespace parley;
using namespace parley::client;
namespace chat = parley::app::chat;

namespace {

struct ChatFixture : Fixture {
  using Fixture::Fixture;

  /// Runs what `submit` asks to its end.
  template <class Submit>
  Outcome ask(Submit submit) {
    std::optional<Outcome> outcome;
    submit(keep(outcome));
    return await(outcome);
  }
  Outcome create(const std::string& name, const std::string& password = "secret") {
    return ask([&](Callback callback) { create_user(client, name, password, std::move(callback)); });
  }
  Outcome login(const std::string& name, const ChatToken& token, const std::string& password = "secret") {
    return ask([&](Callback callback) { log_in(client, name, password, token, std::move(callback)); });
  }
  ChatUser user(const std::string& name) {
    const ChatToken token = ChatToken::draw();
    REQUIRE(create(name).ok());
    REQUIRE(login(name, token).ok());
    return {client, token};
  }
};

}  // namespace

TEST_CASE("a token is drawn, kept as its bytes, and known by their hash") {
  const ChatToken token = ChatToken::draw();
  CHECK(token.secret().size() == limits::token_bytes);
  CHECK(token.id() == blake2b(token.secret()));
  CHECK(token.id() != ChatToken::draw().id());
  const auto again = ChatToken::from_secret(token.secret());
  REQUIRE(again.has_value());
  CHECK(again->id() == token.id());
  CHECK_FALSE(ChatToken::from_secret("short").has_value());
}

TEST_CASE("every call of the chat reaches the cluster and its answer the caller") {
  ChatFixture f;
  ChatUser amy = f.user("Amy");
  ChatUser bob = f.user("bob");
  const auto ok = [&f](auto submit) {
    const Outcome outcome = f.ask(submit);
    INFO(text(outcome.word) << " " << outcome.detail);
    CHECK(outcome.ok());
    return outcome;
  };
  ok([&](Callback done) { amy.create("garden", "about", true, done); });
  ok([&](Callback done) { amy.invite("garden", "bob", done); });
  ok([&](Callback done) { bob.join("garden", done); });
  const auto sent = ok([&](Callback done) { bob.send("garden", "hello", "key", done); });
  REQUIRE(sent.chat<chat::Sent>() != nullptr);
  CHECK(sent.chat<chat::Sent>()->seq.value == 1);
  CHECK(ok([&](Callback done) { bob.send("garden", "hello", "key", done); }).chat<chat::Sent>()->seq.value == 1);
  CHECK(ok([&](Callback done) { bob.edit("garden", 1, "hello!", done); }).chat<chat::Sent>()->seq.value == 2);
  CHECK(ok([&](Callback done) { amy.erase("garden", 1, done); }).chat<chat::Sent>()->seq.value == 3);
  ok([&](Callback done) { amy.mark_read("garden", 1, done); });
  ok([&](Callback done) { amy.describe("garden", "more", done); });
  ok([&](Callback done) { amy.set_invite_only("garden", false, done); });
  ok([&](Callback done) { amy.rename("garden", "yard", done); });
  ok([&](Callback done) { amy.hand_over("yard", "bob", done); });

  CHECK(ok([&](Callback done) { amy.who_am_i(done); }).chat<chat::Me>()->user == "Amy");
  const auto info = ok([&](Callback done) { amy.info("yard", done); });
  CHECK(info.chat<chat::ChatDetails>()->owner == "bob");
  CHECK(info.chat<chat::ChatDetails>()->description == "more");
  CHECK(ok([&](Callback done) { amy.list(0, done); }).chat<chat::Chats>()->chats.at(0).name == "yard");
  CHECK(ok([&](Callback done) { amy.list(1, done); }).chat<chat::Chats>()->chats.empty());
  CHECK(ok([&](Callback done) { amy.members("yard", 0, done); }).chat<chat::Members>()->members.size() == 2);
  CHECK(ok([&](Callback done) { amy.members("yard", 1, done); }).chat<chat::Members>()->members.size() == 1);
  CHECK(ok([&](Callback done) { amy.history("yard", 3, 0, true, 0, done); }).chat<chat::Events>()->events.size() == 2);
  CHECK(ok([&](Callback done) { amy.messages({}, done); }).chat<chat::Events>()->events.size() == 3);

  ok([&](Callback done) { bob.remove("yard", "amy", done); });
  ok([&](Callback done) { bob.leave("yard", done); });
  ok([&](Callback done) { bob.change_password("secret", "other", done); });
  CHECK(f.login("bob", ChatToken::draw()).word == ErrorWord::denied);
  CHECK(f.login("bob", ChatToken::draw(), "other").ok());
  ok([&](Callback done) { bob.disable("other", done); });
  ok([&](Callback done) { amy.log_out(done); });
  CHECK(f.ask([&](Callback done) { amy.who_am_i(done); }).word == ErrorWord::denied);
}

TEST_CASE("a token goes with what names it, and a password with what takes one") {
  ChatFixture f;
  ChatUser amy = f.user("amy");
  (void)f.ask([&](Callback done) { amy.create("c", "", false, done); });
  (void)f.ask([&](Callback done) { amy.who_am_i(done); });
  (void)f.ask([&](Callback done) { amy.change_password("secret", "other", done); });
  CHECK(set(f, "k", "v").ok());
  std::size_t passwords = 0;
  for (const wire::Request& request : f.cluster[0].requests()) {
    if (const auto* write = std::get_if<wire::WriteRequest>(&request.body)) {
      const auto command = app::decode_command(write->command.view());
      const bool is_of_chat = std::holds_alternative<chat::Operation>(command->operation);
      CHECK(write->token == SharedBytes(is_of_chat ? amy.token().secret() : Bytes()));
    } else if (const auto* read = std::get_if<wire::ReadRequest>(&request.body)) {
      CHECK(read->token == SharedBytes(amy.token().secret()));
    } else if (const auto* password = std::get_if<wire::PasswordRequest>(&request.body)) {
      ++passwords;
      CHECK(password->password.view() == "secret");
      CHECK(password->new_password.view() == (passwords == 3 ? "other" : ""));
      CHECK(password->token.empty() == (passwords == 1));
      CHECK(password->command.view().find("secret") == BytesView::npos);
    }
  }
  CHECK(passwords == 3);
}

TEST_CASE("what breaks a bound of the chat ends unsent") {
  ChatFixture f;
  ChatUser amy = f.user("amy");
  const std::size_t sent = f.cluster[0].requests().size();
  CHECK(f.create(std::string(65, 'x')).word == ErrorWord::too_large);
  CHECK(f.create("a b").word == ErrorWord::invalid);
  CHECK(f.create("bob", std::string(limits::password_bytes + 1, 'p')).word == ErrorWord::too_large);
  CHECK(f.ask([&](Callback done) {
           amy.change_password("p", std::string(limits::password_bytes + 1, 'p'), done);
         }).word == ErrorWord::too_large);
  CHECK(f.ask([&](Callback done) { amy.send("c", std::string(limits::message_bytes + 1, 'x'), "", done); }).word ==
        ErrorWord::too_large);
  CHECK(f.ask([&](Callback done) { amy.send("c", "\xff", "", done); }).word == ErrorWord::invalid);
  CHECK(f.ask([&](Callback done) { amy.info(std::string(65, 'x'), done); }).word == ErrorWord::too_large);
  CHECK(f.cluster[0].requests().size() == sent);
}

TEST_CASE("a password request whose answer is lost is sent again as the same command") {
  ChatFixture f(2);
  const ChatToken token = ChatToken::draw();
  REQUIRE(f.create("amy").ok());
  f.cluster[0].answers_to_lose = 1;
  const Outcome outcome = f.login("amy", token);
  CHECK(outcome.ok());
  REQUIRE(outcome.chat<chat::LoggedIn>() != nullptr);
  CHECK(outcome.chat<chat::LoggedIn>()->user == "amy");
  ChatUser amy(f.client, token);
  CHECK(f.ask([&](Callback done) { amy.who_am_i(done); }).ok());
}

TEST_CASE("a server that hashes is given its time before another is asked") {
  ChatFixture f(2);
  REQUIRE(set(f, "k", "v").ok());
  f.cluster[0].holds_answers = true;
  std::optional<Outcome> outcome;
  create_user(f.client, "amy", "secret", f.keep(outcome));
  f.pass(1'000'000);
  CHECK_FALSE(outcome.has_value());
  CHECK(f.cluster[1].requests().empty());
  f.cluster[0].release();
  CHECK(f.await(outcome).ok());
}
