#include <catch2/catch.hpp>

#include "client/chat_pages.hpp"
#include "common/app/reply.hpp"

using namespace parley;
using namespace parley::app::chat;
using client::ChatPages;

namespace {

SharedBytes page(std::initializer_list<std::uint64_t> chats) {
  Events events;
  for (const std::uint64_t chat : chats) {
    Event event;
    event.chat = ChatId{chat};
    event.seq = EventSeq{events.events.size() + 1};
    event.user = "amy";
    events.events.push_back(event);
  }
  return SharedBytes(app::encode_reply({.body = Answer(events)}));
}

}  // namespace

TEST_CASE("a feed of a chat goes on with that chat's events alone, whoever has its name") {
  const bool is_known = GENERATE(false, true);
  ChatPages pages = is_known ? ChatPages(ChatId{7}) : ChatPages();
  const auto first = pages.take(page({7, 7}));
  REQUIRE(first.has_value());
  CHECK(first->events.size() == 2);
  CHECK(pages.take(page({7})).has_value());
  const auto other = pages.take(page({7, 8}));
  REQUIRE_FALSE(other.has_value());
  CHECK(other.error().word == ErrorWord::not_found);
  CHECK(pages.take(page({8})).error().word == ErrorWord::not_found);
}

TEST_CASE("bytes that are no page of events end a feed of a chat") {
  ChatPages pages;
  CHECK(pages.take(SharedBytes(Bytes("no page"))).error().word == ErrorWord::invalid);
  CHECK(pages.take(SharedBytes(app::encode_reply({}))).error().word == ErrorWord::invalid);
}
