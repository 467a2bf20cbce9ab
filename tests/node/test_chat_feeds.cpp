#include <catch2/catch.hpp>

#include "common/base/feed_limits.hpp"
#include "node/chat_feeds.hpp"
#include "node/feed_desk.hpp"
#include "node/key_feeds.hpp"
#include "tests/app/chat_testing.hpp"
#include "tests/node/askers.hpp"

using namespace parley;
using namespace parley::node;
using namespace parley::app::chat;

namespace {

/// The desk over the rows of a chat, served after each call as a service does.
struct Desk {
  Desk() {
    anna = chat.user("anna");
    ben = chat.user("ben");
    run(CreateChat{anna, "tea", "", false});
    run(JoinChat{ben, "tea"});
  }
  ErrorWord run(const Operation& operation) { return note(chat.run_noted(operation)); }
  void let_pass(std::uint64_t us) {
    chat.pass(us);
    note(chat.apply(EntryKind::time, {}));
  }
  ErrorWord note(const app::Outcome& outcome) {
    chats.note(*outcome.chats);
    for (const ChatId each : outcome.chats->chats) desk.changed(ChatFeeds::topic_of(each));
    if (outcome.chats->is_access_changed) desk.changed(chats);
    serve();
    return outcome.reply.word;
  }
  void follow(std::uint64_t request, const TokenId& as, std::uint64_t after, const char* name = "tea") {
    desk.follow(asker(request), {SharedBytes(app::encode_follow(app::FollowChat{as, name})), after, 1000, {}}, answers);
    serve();
  }
  void serve() {
    while (desk.serve(answers)) {
    }
  }
  /// What was answered since the last call: `request after-upto:text,...`
  std::vector<std::string> told() {
    std::vector<std::string> texts;
    for (const node::Answer& answer : std::exchange(answers, {})) {
      std::string text = std::to_string(answer.to.request) + " ";
      if (const auto* error = std::get_if<wire::ErrorReply>(&answer.body)) {
        text += parley::text(error->error);
      } else if (const auto* gone = std::get_if<wire::FeedGoneReply>(&answer.body)) {
        text += "gone " + std::to_string(gone->first);
      } else {
        const auto& page = std::get<wire::FeedReply>(answer.body);
        text += std::to_string(page.after) + "-" + std::to_string(page.upto) + ":";
        if (!page.items.empty()) {
          const auto reply = app::decode_reply(page.items.view());
          REQUIRE(reply.has_value());
          const auto events = std::get<Events>(std::get<app::chat::Answer>(reply->body)).events;
          CHECK(events.size() == page.count);
          for (const Event& event : events) text += event.user + " " + event.text + ",";
        }
      }
      texts.push_back(text);
    }
    return texts;
  }

  ChatFixture chat;
  TokenId anna;
  TokenId ben;
  ChangeRing ring{limits::change_ring_bytes};
  KeyFeeds keys{ring};
  ChatFeeds chats{[this] { return ChatFeeds::State{chat.replica.table(), chat.replica.application().meta()}; }};
  FeedDesk desk{{keys, chats}};
  Answers answers;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("who follows a chat is told of its events from his position on, each once, and nobody else's") {
  Desk desk;
  desk.run(CreateChat{desk.anna, "other", "", false});
  desk.run(Send{desk.anna, "tea", "one", ""});
  desk.follow(1, desk.ben, 0);
  desk.follow(2, desk.anna, wire::follow_from_now);
  CHECK(desk.told() == Texts{"1 0-1:anna one,", "2 1-1:"});
  desk.run(Send{desk.anna, "other", "not here", ""});
  CHECK(desk.told().empty());
  desk.run(Send{desk.ben, "tea", "two", ""});
  CHECK(desk.told() == Texts{"1 1-2:ben two,", "2 1-2:ben two,"});
  desk.run(Edit{desk.ben, "tea", EventSeq{2}, "zwei"});
  CHECK(desk.told() == Texts{"1 2-3:ben zwei,", "2 2-3:ben zwei,"});
  desk.run(MarkRead{desk.anna, "tea", EventSeq{3}});
  CHECK(desk.told().empty());
}

TEST_CASE("only members follow, and a position that is not there yet is said") {
  Desk desk;
  const TokenId carla = desk.chat.user("carla");
  desk.follow(1, carla, 0);
  desk.follow(2, desk.anna, 0, "no such");
  desk.follow(3, token("nobody's"), 0);
  desk.follow(4, desk.anna, 7);
  CHECK(desk.told() == Texts{"1 not_member", "2 not_found", "3 denied", "4 gone 0"});
  CHECK(desk.desk.feeds() == 0);
}

TEST_CASE("a feed ends with what gave access to it") {
  Desk desk;
  desk.follow(1, desk.ben, 0);
  desk.follow(2, desk.anna, 0);
  desk.told();
  SECTION("the user leaves") {
    desk.run(LeaveChat{desk.ben, "tea"});
    CHECK(desk.told() == Texts{"1 not_member"});
  }
  SECTION("he is removed") {
    desk.run(RemoveMember{desk.anna, "tea", "ben"});
    CHECK(desk.told() == Texts{"1 not_member"});
  }
  SECTION("he logs out") {
    desk.run(Logout{desk.ben});
    CHECK(desk.told() == Texts{"1 denied"});
  }
  SECTION("he changes his password elsewhere") {
    REQUIRE(desk.chat.log_in("ben", token("elsewhere")).word == ErrorWord::ok);
    desk.run(ChangePassword{token("elsewhere"), 1, true, "new hash"});
    CHECK(desk.told() == Texts{"1 denied"});
  }
  SECTION("the chat is renamed") {
    desk.run(RenameChat{desk.anna, "tea", "coffee"});
    CHECK(desk.told() == Texts{"1 not_found", "2 not_found"});
  }
  SECTION("all tokens end") {
    desk.let_pass(limits::token_us);
    CHECK(desk.told() == Texts{"1 denied", "2 denied"});
  }
  desk.run(Send{desk.anna, "tea", "after", ""});
  for (const std::string& text : desk.told()) CHECK(text == "2 0-1:anna after,");
}

TEST_CASE("who follows a chat is there, once however many feeds he has, until the last of them ends") {
  Desk desk;
  desk.run(CreateChat{desk.anna, "coffee", "", false});
  const auto names = [&desk](std::uint64_t chat, std::size_t most = 10) {
    Texts found;
    for (const std::uint64_t user : desk.desk.followers(ChatFeeds::topic_of(ChatId{chat}), most))
      found.push_back(member_name(ChatId{chat}, UserId{user}, desk.chat.replica.table()).value_or("nobody"));
    return found;
  };
  CHECK(names(1).empty());
  desk.follow(1, desk.ben, 0);
  desk.follow(2, desk.ben, 0);
  desk.follow(3, desk.anna, 0);
  desk.follow(4, desk.anna, 0, "coffee");
  CHECK(names(1) == Texts{"anna", "ben"});
  CHECK(names(1, 1) == Texts{"anna"});
  CHECK(names(2) == Texts{"anna"});
  CHECK(names(3).empty());
  desk.desk.end(asker(9), {1});
  CHECK(names(1) == Texts{"anna", "ben"});
  desk.desk.end(asker(9), {2});
  CHECK(names(1) == Texts{"anna"});
  desk.desk.end(asker(9), {3});
  CHECK(names(1).empty());
  CHECK(names(2) == Texts{"anna"});
  desk.desk.lost("c1");
  CHECK(names(2).empty());
}
