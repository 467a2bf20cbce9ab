#include <catch2/catch.hpp>

#include "client/prompt/outbox.hpp"
#include "client/prompt/rooms.hpp"
#include "common/base/prompt_limits.hpp"

using namespace parley;
using namespace parley::client::prompt;
using namespace parley::app::chat;

namespace {

constexpr ChatId tea{1};
constexpr ChatId night{2};

Event said(ChatId chat, std::uint64_t seq, const std::string& user, const std::string& text) {
  return {chat, EventSeq{seq}, seq * 1'000'000, 1, user, text, {}, {}, {}};
}

ChatSummary summary(ChatId id, const std::string& name, std::uint64_t last, std::uint64_t read, bool is_member = true) {
  return {id, name, is_member, false, false, 2, EventSeq{last}, 0, EventSeq{read}, last - read};
}

/// Chats of Amy, who has sent from here what begins with `mine`.
struct Fixture {
  Rooms rooms{"Amy", [](ChatId, const Event& event) { return event.text.starts_with("mine"); }};

  Fixture() {
    rooms.listed({summary(tea, "tea", 3, 1), summary(night, "Night shift", 0, 0)});
    CHECK(lines().empty());
  }
  Room& room(ChatId id) {
    REQUIRE(rooms.find(id) != nullptr);
    return *rooms.find(id);
  }
  void open(ChatId id, const std::vector<Event>& history) {
    (void)rooms.open(room(id));
    rooms.came(room(id), {{}, history, false});
  }
  /// As short as can be: `[other chat] seq user text`, with a mark behind what was sent from here.
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    for (const Line& line : rooms.take_lines()) {
      if (!line.event) {
        all.push_back(line.text);
        continue;
      }
      all.push_back((line.is_elsewhere ? "[" + line.chat + "] " : "") + std::to_string(line.event->seq.value) + " " +
                    line.event->user + " " + line.event->text + (line.is_sent_here ? " ✓" : ""));
    }
    return all;
  }
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a chat is opened with the end of its history, and shows where the unread begins") {
  Fixture f;
  CHECK(f.rooms.open(f.room(tea)) == limits::prompt_history);
  f.rooms.came(f.room(tea),
               {{}, {said(tea, 1, "ben", "a"), said(tea, 2, "ben", "b"), said(tea, 3, "ben", "c")}, false});
  CHECK(f.lines() == Texts{"--- tea, 2 messages unread ---", "1 ben a", "--- new ---", "2 ben b", "3 ben c"});
  CHECK(f.room(tea).unread == 0);
  CHECK(f.room(tea).shown == 3);
  CHECK(f.room(tea).oldest == 1);
  f.open(night, {});
  CHECK(f.lines() == Texts{"--- Night shift, where nothing was said yet ---"});
  f.rooms.listed({summary(tea, "tea", 90, 3), summary(night, "Night shift", 0, 0)});
  CHECK(f.rooms.open(f.room(tea)) == 87);
  f.rooms.listed({summary(tea, "tea", 900, 3), summary(night, "Night shift", 0, 0)});
  CHECK(f.rooms.open(f.room(tea)) == limits::prompt_history);  // it is open: what comes is read
}

TEST_CASE("what is said while the history is under way comes behind it, and nothing twice") {
  Fixture f;
  (void)f.rooms.open(f.room(tea));
  f.rooms.follow(f.room(tea), {{}, {said(tea, 4, "ben", "d"), said(tea, 5, "Amy", "mine")}, false});
  CHECK(f.lines().empty());
  f.rooms.came(f.room(tea), {{}, {said(tea, 3, "ben", "c"), said(tea, 4, "ben", "d")}, false});
  CHECK(f.lines() == Texts{"--- tea, 2 messages unread ---", "3 ben c", "4 ben d", "5 Amy mine ✓"});
  f.rooms.follow(f.room(tea), {{}, {said(tea, 5, "Amy", "mine"), said(tea, 6, "ben", "e")}, false});
  CHECK(f.lines() == Texts{"6 ben e"});
  // Also if there is no history to be had.
  (void)f.rooms.open(f.room(tea));
  f.rooms.follow(f.room(tea), {{}, {said(tea, 7, "ben", "f")}, false});
  f.rooms.came_not(f.room(tea));
  CHECK(f.lines() == Texts{"7 ben f"});
}

TEST_CASE("what the history tells first is not told by the feed again") {
  Fixture f;
  f.open(tea, {said(tea, 3, "ben", "c"), said(tea, 4, "Amy", "mine")});
  CHECK(f.lines() == Texts{"--- tea, 2 messages unread ---", "3 ben c", "4 Amy mine ✓"});
  f.rooms.follow(f.room(tea), {{}, {said(tea, 4, "Amy", "mine"), said(tea, 5, "ben", "d")}, false});
  CHECK(f.lines() == Texts{"5 ben d"});
  f.rooms.look_back(f.room(tea), {{}, {said(tea, 1, "ben", "a"), said(tea, 2, "Amy", "mine too")}, false});
  CHECK(f.lines() == Texts{"1 ben a", "2 Amy mine too"});
  CHECK(f.room(tea).oldest == 1);
}

TEST_CASE("what is said elsewhere is marked and counted, or only counted") {
  Fixture f;
  f.open(tea, {});
  (void)f.lines();
  f.rooms.follow(f.room(night), {{}, {said(night, 1, "ben", "a"), said(night, 2, "Amy", "elsewhere")}, false});
  CHECK(f.lines() == Texts{"[Night shift] 1 ben a", "[Night shift] 2 Amy elsewhere"});
  CHECK(f.rooms.unread_elsewhere() == 1);
  f.room(night).is_muted = true;
  f.rooms.follow(f.room(night), {{}, {said(night, 3, "ben", "b")}, false});
  CHECK(f.lines().empty());
  CHECK(f.room(night).unread == 2);
  CHECK(f.rooms.unread_elsewhere() == 0);
  f.rooms.describe();
  CHECK(f.lines() == Texts{"* tea", "  Night shift: 2 messages unread (muted)"});
  // A list that is older than the feed does not count; one that is not, does.
  f.rooms.listed({summary(tea, "tea", 3, 3), summary(night, "Night shift", 2, 2)});
  CHECK(f.room(night).unread == 2);
  f.rooms.listed({summary(tea, "tea", 3, 3), summary(night, "Night shift", 3, 3)});
  CHECK(f.room(night).unread == 0);
}

TEST_CASE("chats that come, go, and change their names are told of") {
  Fixture f;
  f.open(tea, {});
  (void)f.lines();
  auto changes = f.rooms.listed(
      {summary(tea, "Tea!", 3, 3), summary(ChatId{3}, "new", 7, 7), summary(ChatId{4}, "vip", 0, 0, false)});
  CHECK(f.lines() == Texts{"tea is called Tea! now", "you are in new", "you are invited to vip; /join vip",
                           "you are in Night shift no more"});
  CHECK(changes.entered == std::vector{ChatId{3}});
  CHECK(changes.left == std::vector{night});
  CHECK(f.rooms.open_one() == &f.room(tea));
  CHECK(f.room(ChatId{3}).last == 7);
  changes = f.rooms.listed({summary(ChatId{4}, "vip", 5, 5)});
  CHECK(f.lines() == Texts{"you are in vip", "you are in Tea! no more", "you are in new no more"});
  CHECK(changes.entered == std::vector{ChatId{4}});
  CHECK(changes.left == std::vector{tea, ChatId{3}});
  CHECK(f.rooms.open_one() == nullptr);
  changes = f.rooms.listed({summary(ChatId{4}, "vip", 5, 5, false)});
  CHECK(changes.left == std::vector{ChatId{4}});
  CHECK(f.lines() == Texts{"you are in vip no more, but invited again"});
  (void)f.rooms.listed({});
  CHECK(f.lines() == Texts{"you are invited to vip no more"});
  f.rooms.describe();
  CHECK(f.lines() == Texts{"you are in no chat; /join CHAT, or /create CHAT makes one"});
}

TEST_CASE("a chat is found by its name, whatever the case, or by what only its name begins with") {
  Fixture f;
  f.rooms.listed({summary(tea, "tea", 0, 0), summary(night, "Night shift", 0, 0), summary(ChatId{3}, "teapot", 0, 0)});
  CHECK(f.rooms.find("TEA") == &f.room(tea));
  CHECK(f.rooms.find("teap") == &f.room(ChatId{3}));
  CHECK(f.rooms.find("te") == nullptr);
  CHECK(f.rooms.find("n") == &f.room(night));
  CHECK(f.rooms.find("") == nullptr);
  CHECK(f.rooms.find("x") == nullptr);
}

TEST_CASE("messages are sent one after the other, and are done with when they are seen") {
  Outbox outbox;
  CHECK(outbox.next() == nullptr);
  for (const std::string text : {"a", "b", "a"}) outbox.add(tea, "tea", text, "key of " + text);
  const Sending* first = outbox.next();
  REQUIRE(first != nullptr);
  CHECK(first->text == "a");
  CHECK(first->state == Sending::State::on_its_way);
  CHECK(outbox.next() == nullptr);
  CHECK_FALSE(outbox.seen(tea, "b", 4).has_value());  // it was not sent yet: somebody else's, from elsewhere
  CHECK_FALSE(outbox.seen(night, "a", 4).has_value());
  const auto ended = outbox.acknowledged(first->number, 5);
  REQUIRE(ended.has_value());
  CHECK(ended->sending.seq == 5);
  CHECK_FALSE(outbox.seen(tea, "a", 4).has_value());
  CHECK(outbox.seen(tea, "a", 5).has_value());
  // The event may come before the answer.
  const std::uint64_t second = outbox.next()->number;
  CHECK(outbox.seen(tea, "b", 6)->state == Sending::State::on_its_way);
  CHECK(outbox.next() == nullptr);
  CHECK_FALSE(outbox.acknowledged(second, 6).has_value());
  const std::uint64_t third = outbox.next()->number;
  CHECK(outbox.acknowledged(third, 7).has_value());
  outbox.shown(tea, 6);
  CHECK(outbox.all().size() == 1);
  outbox.shown(tea, 7);
  CHECK(outbox.all().empty());
  CHECK(outbox.is_idle());
}

TEST_CASE("what nobody answers keeps what is behind it from overtaking, and is sent again under its key") {
  Outbox outbox;
  for (const std::string text : {"a", "b", "c"}) outbox.add(tea, "tea", text, "key of " + text);
  const auto ended = outbox.failed(outbox.next()->number, ErrorWord::timeout);
  REQUIRE(ended.has_value());
  CHECK(ended->fail_along == 2);
  CHECK(outbox.count(Sending::State::failed) == 3);
  CHECK(outbox.is_idle());
  CHECK(outbox.next() == nullptr);
  // It may have been carried out, the others were never sent.
  CHECK_FALSE(outbox.seen(tea, "b", 8).has_value());
  CHECK(outbox.seen(tea, "a", 8).has_value());
  CHECK(outbox.retry() == 2);
  const Sending* again = outbox.next();
  CHECK(again->key == "key of b");
  // A refusal concerns this one alone.
  CHECK(outbox.failed(again->number, ErrorWord::not_member)->fail_along == 0);
  CHECK_FALSE(outbox.seen(tea, "b", 9).has_value());
  CHECK(outbox.next()->text == "c");
  CHECK(outbox.drop() == 1);
  CHECK(outbox.all().size() == 1);
}

TEST_CASE("only so many messages wait") {
  Outbox outbox;
  for (std::size_t i = 0; i < limits::prompt_outbox; ++i) {
    REQUIRE(outbox.has_room());
    outbox.add(tea, "tea", "x", "");
  }
  CHECK_FALSE(outbox.has_room());
}
