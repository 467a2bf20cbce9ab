#include <parley/chat.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <string>
#include <vector>

#include "tests/client/library_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace std::chrono_literals;
// Of the public face: the engine has another of that name.
using User = parley::ChatUser;

namespace {

struct ChatFixture : LibraryFixture {
  explicit ChatFixture() { open(); }
  User user(const std::string& name) {
    REQUIRE(User::create(*cluster, name, "secret").has_value());
    auto user = User::log_in(*cluster, name, "secret");
    REQUIRE(user.has_value());
    return *std::move(user);
  }
};

template <class T>
Word word_of(const Answer<T>& answer) {
  REQUIRE_FALSE(answer.has_value());
  return answer.error().word;
}

}  // namespace

TEST_CASE("users are made, log in, go on with their tokens, and log out") {
  ChatFixture f;
  User amy = f.user("Amy");
  CHECK(amy.name() == "Amy");
  CHECK(word_of(User::create(*f.cluster, "amy", "other")) == Word::exists);
  CHECK(word_of(User::log_in(*f.cluster, "amy", "wrong")) == Word::denied);
  CHECK(word_of(User::create(*f.cluster, "a b", "secret")) == Word::invalid);
  auto again = User::with_token(*f.cluster, amy.token());
  REQUIRE(again.has_value());
  CHECK(again->name() == "Amy");
  CHECK(word_of(User::with_token(*f.cluster, "short")) == Word::invalid);
  CHECK(amy.change_password("secret", "better").has_value());
  CHECK(word_of(User::log_in(*f.cluster, "amy", "secret")) == Word::denied);
  auto other = User::log_in(*f.cluster, "amy", "better");
  REQUIRE(other.has_value());
  CHECK(amy.log_out().has_value());
  CHECK(word_of(again->name()) == Word::denied);
  CHECK(other->disable("better").has_value());
  CHECK(word_of(other->name()) == Word::denied);
}

TEST_CASE("the calls of chats and messages do what they say") {
  ChatFixture f;
  User amy = f.user("amy");
  User bob = f.user("bob");
  CHECK(amy.create_chat("garden", "of flowers", true).has_value());
  CHECK(word_of(amy.create_chat("garden")) == Word::exists);
  CHECK(word_of(bob.join("garden")) == Word::not_found);
  CHECK(amy.invite("garden", "bob").has_value());
  CHECK(bob.join("garden").has_value());
  const auto sent = bob.send("garden", "hello", "key");
  REQUIRE(sent.has_value());
  CHECK(sent->seq == 1);
  CHECK(sent->time >= ChatTime(1s));  // the fake cluster's clock stands, but for who waits
  CHECK(bob.send("garden", "hello", "key")->seq == 1);
  CHECK(bob.edit("garden", 1, "hello!")->seq == 2);
  CHECK(amy.send("garden", "bye")->seq == 3);
  CHECK(amy.erase("garden", 3)->seq == 4);
  CHECK(word_of(amy.edit("garden", 1, "x")) == Word::denied);

  const auto history = amy.history("garden");
  REQUIRE(history.has_value());
  REQUIRE(history->events.size() == 4);
  CHECK_FALSE(history->more);
  const ChatEvent& first = history->events[0];
  CHECK(first.chat == "garden");
  CHECK(first.user == "bob");
  CHECK(first.text == "hello");
  CHECK(first.kind == ChatEvent::Kind::message);
  CHECK(first.edited_by == 2);
  CHECK(history->events[1].kind == ChatEvent::Kind::edit);
  CHECK(history->events[1].of == 1);
  CHECK(history->events[1].text == "hello!");
  CHECK(history->events[2].deleted_by == 4);
  CHECK(history->events[3].kind == ChatEvent::Kind::deletion);
  const auto middle = amy.history("garden", {.before = 4, .after = 1, .forward = true, .limit = 1});
  REQUIRE(middle->events.size() == 1);
  CHECK(middle->events[0].seq == 2);
  CHECK(middle->more);

  const auto all = bob.messages(ChatEvent());
  REQUIRE(all->events.size() == 4);
  CHECK(bob.messages(all->events[2])->events.size() == 1);
  CHECK(bob.messages(all->events[3])->events.empty());
  CHECK(bob.messages(all->events[3].time)->events.empty());  // nothing is later
  CHECK(bob.messages(ChatTime() - 1h)->events.size() == 4);
  CHECK(bob.messages(ChatEvent(), 3)->more);

  const auto chats = amy.chats();
  REQUIRE(chats->chats.size() == 1);
  CHECK(chats->chats[0].name == "garden");
  CHECK(chats->chats[0].is_owner);
  CHECK(chats->chats[0].members == 2);
  CHECK(chats->chats[0].last == 4);
  CHECK(bob.mark_read("garden", 4).has_value());
  CHECK(bob.chats()->chats[0].read == 4);
  CHECK(amy.chats(chats->chats[0].id)->chats.empty());
  CHECK(amy.members("garden")->members.size() == 2);
  CHECK(amy.members("garden")->members[0].user == "amy");
  CHECK(amy.describe("garden", "of trees").has_value());
  CHECK(amy.set_invite_only("garden", false).has_value());
  CHECK(amy.rename("garden", "wood").has_value());
  CHECK(amy.hand_over("wood", "bob").has_value());
  CHECK(bob.details("wood")->owner == "bob");
  CHECK(bob.details("wood")->description == "of trees");
  CHECK(bob.remove("wood", "amy").has_value());
  CHECK(word_of(amy.send("wood", "x")) == Word::not_member);
  CHECK(bob.leave("wood").has_value());
  CHECK(word_of(bob.send("none", "x")) == Word::not_found);
}

TEST_CASE("what is asked often of the chat has a callback form") {
  ChatFixture f;
  User amy = f.user("amy");
  REQUIRE(amy.create_chat("garden").has_value());
  std::atomic<int> good = 0;
  std::atomic<std::uint64_t> seq = 0;
  REQUIRE(amy.send("garden", "one", "", [&](const Answer<ChatSent>& sent) { seq = sent ? sent->seq : 0; }));
  REQUIRE(f.cluster->drain(60s));
  CHECK(seq == 1);
  const auto count = [&good](const auto& answer) { good += answer.has_value() ? 1 : 0; };
  REQUIRE(amy.edit("garden", 1, "two", count));
  REQUIRE(amy.mark_read("garden", 1, count));
  REQUIRE(amy.history("garden", {}, count));
  REQUIRE(amy.chats(0, count, {.mode = ReadMode::stale}));
  REQUIRE(f.cluster->drain(60s));
  REQUIRE(amy.erase("garden", 1, count, {.timeout = 1s}));
  REQUIRE(f.cluster->drain(60s));
  CHECK(good == 5);
}

TEST_CASE("passwords and tokens that are asked for in a callback are refused, as all that waits") {
  ChatFixture f;
  User amy = f.user("amy");
  std::vector<Word> words;
  REQUIRE(f.cluster->get("k", [&](const Answer<Value>&) {
    words.push_back(User::create(*f.cluster, "bob", "secret").error().word);
    words.push_back(User::log_in(*f.cluster, "amy", "secret").error().word);
    words.push_back(amy.send("garden", "x").error().word);
  }));
  REQUIRE(f.cluster->drain(60s));
  CHECK(words == std::vector{Word::invalid, Word::invalid, Word::invalid});
}
