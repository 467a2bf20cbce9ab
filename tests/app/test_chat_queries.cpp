#include "common/base/random.hpp"
#include "tests/app/chat_testing.hpp"

using namespace parley;
using namespace parley::app;
using namespace parley::app::chat;

namespace {

std::vector<std::uint64_t> seqs(const Events& events) {
  std::vector<std::uint64_t> found;
  for (const Event& event : events.events) found.push_back(event.seq.value);
  return found;
}

using Seqs = std::vector<std::uint64_t>;

Seqs from_to(std::uint64_t first, std::uint64_t last) {
  Seqs all;
  for (std::uint64_t seq = first; seq <= last; ++seq) all.push_back(seq);
  return all;
}

}  // namespace

TEST_CASE("history is read by anchors, before and after, and always oldest first") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  REQUIRE(f.word(CreateChat{amy, "c", "", false}) == ErrorWord::ok);
  const auto read = [&](std::uint64_t before, std::uint64_t after, bool forward, std::uint32_t limit) {
    return f.body<Events>(f.ask(History{amy, "c", EventSeq{before}, EventSeq{after}, forward, limit}));
  };
  CHECK(read(0, 0, false, 0).events.empty());
  CHECK(read(0, 0, true, 0).events.empty());
  CHECK(read(0, 0, true, 0).chats.empty());
  for (int i = 1; i <= 10; ++i) f.send(amy, "c", std::to_string(i));
  struct Row {
    std::uint64_t before, after;
    bool forward;
    std::uint32_t limit;
    Seqs expected;
    bool more;
  };
  const std::vector<Row> table = {
      {0, 0, false, 0, from_to(1, 10), false},
      {0, 0, true, 0, from_to(1, 10), false},
      {0, 0, false, 3, from_to(8, 10), true},
      {0, 0, true, 3, from_to(1, 3), true},
      {0, 0, false, 10, from_to(1, 10), false},
      {0, 0, true, 10, from_to(1, 10), false},
      {5, 0, false, 2, from_to(3, 4), true},
      {5, 0, true, 2, from_to(1, 2), true},
      {0, 5, true, 2, from_to(6, 7), true},
      {0, 5, false, 2, from_to(9, 10), true},
      {8, 4, true, 0, from_to(5, 7), false},
      {8, 4, false, 0, from_to(5, 7), false},
      {8, 4, true, 1, {5}, true},
      {8, 4, false, 1, {7}, true},
      {1, 0, true, 0, {}, false},
      {1, 0, false, 0, {}, false},
      {0, 10, true, 0, {}, false},
      {5, 4, true, 0, {}, false},
      {4, 5, true, 0, {}, false},
      {99, 0, false, 1, {10}, true},
      {0, 99, true, 0, {}, false},
      {UINT64_MAX, 9, true, 0, {10}, false},
      {UINT64_MAX, UINT64_MAX, true, 0, {}, false},
  };
  for (const Row& row : table) {
    INFO("before " << row.before << " after " << row.after << " forward " << row.forward << " limit " << row.limit);
    const Events events = read(row.before, row.after, row.forward, row.limit);
    CHECK(seqs(events) == row.expected);
    CHECK(events.more == row.more);
  }
}

TEST_CASE("a page of history ends by rows and by bytes, and the next goes on behind it") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  REQUIRE(f.word(CreateChat{amy, "c", "", false}) == ErrorWord::ok);
  const auto page = [&](bool forward, std::uint64_t anchor) {
    const Reply reply =
        f.ask(History{amy, "c", EventSeq{forward ? 0 : anchor}, EventSeq{forward ? anchor : 0}, forward, 0});
    CHECK(encode_reply(reply).size() <= limits::command_bytes);
    return f.body<Events>(reply);
  };
  const auto walk = [&](bool forward) {
    Seqs all;
    std::uint64_t anchor = 0;
    for (bool more = true; more;) {
      const Events events = page(forward, anchor);
      REQUIRE_FALSE(events.events.empty());
      const Seqs found = seqs(events);
      all.insert(forward ? all.end() : all.begin(), found.begin(), found.end());
      anchor = forward ? found.back() : found.front();
      more = events.more;
    }
    return all;
  };
  SECTION("many small ones") {
    for (int i = 0; i < 2500; ++i) f.send(amy, "c", "x");
    CHECK(page(true, 0).events.size() == limits::chat_page_rows);
    CHECK(seqs(page(false, 0)) == from_to(1501, 2500));
    CHECK(walk(true) == from_to(1, 2500));
    CHECK(walk(false) == from_to(1, 2500));
  }
  SECTION("a few large ones") {
    for (int i = 0; i < 40; ++i) f.send(amy, "c", std::string(limits::message_bytes, 'x'));
    CHECK(page(true, 0).events.size() == 15);
    CHECK(walk(true) == from_to(1, 40));
    CHECK(walk(false) == from_to(1, 40));
  }
}

TEST_CASE("members are listed in the order in which they joined, page by page") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  REQUIRE(f.word(CreateChat{amy, "c", "", false}) == ErrorWord::ok);
  std::vector<std::string> expected = {"amy"};
  for (int i = 0; i < 1205; ++i) {
    const std::string name = "u" + std::to_string(i * 7919 % 1205);
    REQUIRE(f.word(JoinChat{f.user(name), "c"}) == ErrorWord::ok);
    expected.push_back(name);
  }
  for (const char* name : {"u5", "u7"}) {
    REQUIRE(f.word(LeaveChat{token(name), "c"}) == ErrorWord::ok);
    std::erase(expected, name);
  }
  std::vector<std::string> found;
  std::uint64_t after = 0;
  std::size_t pages = 0;
  for (bool more = true; more; ++pages) {
    const auto page = f.body<Members>(f.ask(ListMembers{amy, "c", after, 0}));
    for (const Member& member : page.members) found.push_back(member.user);
    after = page.members.back().number;
    more = page.more;
  }
  CHECK(pages == 2);
  CHECK(found == expected);
  const auto two = f.body<Members>(f.ask(ListMembers{amy, "c", 0, 2}));
  CHECK(two.members.size() == 2);
  CHECK(two.more);
}

TEST_CASE("chats are listed by their ids with what is unread, page by page") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  for (int i = 0; i < 5; ++i) {
    const std::string name = "c" + std::to_string(9 - i);
    REQUIRE(f.word(CreateChat{amy, name, "", i == 4}) == ErrorWord::ok);
    if (i < 3) REQUIRE(f.word(JoinChat{bob, name}) == ErrorWord::ok);
    for (int k = 0; k <= i; ++k) f.send(amy, name, "x");
  }
  REQUIRE(f.word(Invite{amy, "c5", "bob"}) == ErrorWord::ok);
  const auto all = f.body<Chats>(f.ask(ListChats{bob, {}, 0}));
  CHECK_FALSE(all.more);
  REQUIRE(all.chats.size() == 4);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(all.chats[i].id.value == i + 1);
    CHECK(all.chats[i].name == "c" + std::to_string(9 - i));
    CHECK(all.chats[i].unread == i + 1);
    CHECK(all.chats[i].last.value == i + 1);
    CHECK(all.chats[i].last_time_us == f.wall_us);
    CHECK(all.chats[i].is_member);
  }
  CHECK_FALSE(all.chats[3].is_member);
  CHECK(all.chats[3].unread == 0);
  CHECK(all.chats[3].last.value == 0);  // who is only invited sees nothing of what is said
  const auto first = f.body<Chats>(f.ask(ListChats{bob, {}, 3}));
  CHECK(first.more);
  CHECK(first.chats.size() == 3);
  const auto rest = f.body<Chats>(f.ask(ListChats{bob, first.chats.back().id, 3}));
  CHECK_FALSE(rest.more);
  REQUIRE(rest.chats.size() == 1);
  CHECK(rest.chats[0].name == "c5");
}

TEST_CASE("what is said in all chats of a user comes in the order of time, chat and number, whole and once") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Random random(seed);
    ChatFixture f;
    const TokenId amy = f.user("amy");
    const TokenId bob = f.user("bob");
    for (int i = 0; i < 8; ++i) {
      const std::string name = "c" + std::to_string(i);
      REQUIRE(f.word(CreateChat{bob, name, "", false}) == ErrorWord::ok);
      if (i < 6) REQUIRE(f.word(JoinChat{amy, name}) == ErrorWord::ok);
    }
    struct Place {
      std::uint64_t time_us, chat, seq;
      auto operator<=>(const Place&) const = default;
    };
    std::vector<Place> expected;
    for (int i = 0; i < 400; ++i) {
      if (random.one_in(3)) f.pass(random.below(5));
      if (random.one_in(50)) f.wall_us -= random.below(20);
      const std::uint64_t chat = random.below(8);
      const auto sent = f.body<Sent>(f.run(Send{bob, "c" + std::to_string(chat), "x", ""}));
      if (chat < 6) expected.push_back({sent.time_us, chat + 1, sent.seq.value});
    }
    std::ranges::sort(expected);
    for (const std::uint64_t after : {std::uint64_t{0}, expected[0].time_us, expected[200].time_us,
                                      expected[399 > expected.size() ? expected.size() - 1 : 0].time_us + 1}) {
      Messages query;
      query.token = amy;
      query.begin_behind(after);
      query.limit = static_cast<std::uint32_t>(1 + random.below(20));
      std::vector<Place> found;
      for (bool more = true; more;) {
        const auto page = f.body<Events>(f.ask(query));
        for (const Event& event : page.events) found.push_back({event.time_us, event.chat.value, event.seq.value});
        for (const Event& event : page.events) {
          const auto named = std::ranges::find(page.chats, event.chat, &ChatName::id);
          REQUIRE(named != page.chats.end());
          CHECK(named->name == "c" + std::to_string(event.chat.value - 1));
        }
        more = page.more;
        if (!page.events.empty()) {
          query.time_us = page.events.back().time_us;
          query.chat = page.events.back().chat;
          query.seq = page.events.back().seq;
        }
        REQUIRE((!more || !page.events.empty()));
      }
      std::vector<Place> rest;
      for (const Place& place : expected) {
        if (place.time_us > after) rest.push_back(place);
      }
      CHECK(found == rest);
    }
  }
}

TEST_CASE("a query says nothing that its user may not know") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  REQUIRE(f.word(CreateChat{amy, "c", "", false}) == ErrorWord::ok);
  f.send(amy, "c", "x");
  Messages all;
  all.token = bob;
  CHECK(f.body<Events>(f.ask(all)).events.empty());
  all.token = amy;
  CHECK(f.body<Events>(f.ask(all)).events.size() == 1);
  CHECK(f.body<Chats>(f.ask(ListChats{bob, {}, 0})).chats.empty());
  const auto details = f.info(bob, "c");
  CHECK_FALSE(details.summary.is_member);
  CHECK(details.summary.last.value == 0);
  CHECK(f.ask(ChatInfo{bob, std::string(65, 'x')}).word == ErrorWord::too_large);
  CHECK(f.ask(ChatInfo{bob, "\xff"}).word == ErrorWord::invalid);
  CHECK(f.ask(ListMembers{bob, "", 0, 0}).word == ErrorWord::invalid);
}

TEST_CASE("who wants to follow a chat is judged as who reads it, and by its name first") {
  ChatFixture f;
  const TokenId amy = f.user("amy");
  const TokenId bob = f.user("bob");
  REQUIRE(f.word(CreateChat{amy, "c", "", false}) == ErrorWord::ok);
  const auto reader = [&](const TokenId& as, const Bytes& chat) {
    return reader_of(as, chat, f.replica.table(), f.replica.meta());
  };
  CHECK(reader(amy, "C").has_value());
  CHECK(reader(bob, "c").error().word == ErrorWord::not_member);
  CHECK(reader(bob, "d").error().word == ErrorWord::not_found);
  CHECK(reader(token("none"), "c").error().word == ErrorWord::denied);
  CHECK(reader(amy, "").error().word == ErrorWord::invalid);
  for (const std::size_t size : {65U, 500U, 5000U})
    CHECK(reader(amy, Bytes(size, 'x')).error().word == ErrorWord::too_large);
}
