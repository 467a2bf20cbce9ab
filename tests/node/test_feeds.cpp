#include <catch2/catch.hpp>
#include <set>

#include "common/base/feed_limits.hpp"
#include "node/feed_desk.hpp"
#include "node/key_feeds.hpp"
#include "tests/node/askers.hpp"

using namespace parley;
using namespace parley::node;

namespace {

using app::ChangeRecord;

/// Where nothing can be followed.
class NoFeeds final : public FeedSource {
 public:
  std::expected<Opened, wire::ErrorReply> open(const app::Follow&) const override {
    return std::unexpected(wire::ErrorReply{ErrorWord::denied, "nobody", 0});
  }
  std::uint64_t last(BytesView) const override { return 0; }
  FeedPages page(BytesView, std::uint64_t after, std::size_t) const override { return FeedPage{after, 0, {}}; }
  std::uint64_t access_version() const override { return 0; }
};

/// The desk over a ring, and what it has answered.
struct Desk {
  explicit Desk(std::size_t ring_bytes = limits::change_ring_bytes) : ring(ring_bytes) {}

  /// An entry that changes these keys to the text of its index.
  void apply(const std::vector<std::string>& keys) {
    const Index index = ring.last().next();
    const std::string value = std::to_string(index.value);
    std::vector<app::KeyChange> changes;
    for (const std::string& key : keys) changes.push_back({key, value, "before"});
    ring.add(index, {1, 2}, changes);
    desk.changed(source);
  }
  void follow(std::uint64_t request, std::uint64_t after, std::uint64_t credit = 1000, app::FollowKeys keys = {},
              const char* connection = "c1") {
    desk.follow(asker(request, connection), {SharedBytes(app::encode_follow(keys)), after, credit}, answers);
    serve();
  }
  void serve() {
    while (desk.serve(answers)) {
    }
  }
  /// The pages that were answered since the last call, as texts: `after-upto:key=value,...`
  std::vector<std::string> pages() {
    std::vector<std::string> texts;
    for (const Answer& answer : std::exchange(answers, {})) texts.push_back(text(answer.body));
    return texts;
  }
  static std::string text(const wire::ReplyBody& body) {
    if (const auto* gone = std::get_if<wire::FeedGoneReply>(&body)) return "gone " + std::to_string(gone->first);
    if (const auto* error = std::get_if<wire::ErrorReply>(&body)) return std::string(parley::text(error->error));
    if (const auto* beat = std::get_if<wire::BeatReply>(&body)) return "beat " + std::to_string(beat->feeds);
    const auto& page = std::get<wire::FeedReply>(body);
    std::string text = std::to_string(page.after) + "-" + std::to_string(page.upto) + ":";
    if (page.items.empty()) return text;
    const auto changes = app::decode_change_page(page.items.view());
    REQUIRE(changes.has_value());
    for (const ChangeRecord& change : *changes) {
      text += Bytes(change.key) + "=" + Bytes(change.value.value_or("-"));
      if (change.previous == ChangeRecord::Previous::value) text += "<" + Bytes(change.previous_value);
      text += ";";
    }
    return text;
  }

  ChangeRing ring;
  KeyFeeds source{ring};
  NoFeeds nobody;
  FeedDesk desk{{source, nobody}};
  Answers answers;
};

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a ring keeps the last changes, and knows from which entry on it has them all") {
  ChangeRing ring(8 * 1024);
  ring.begin_behind(Index{10});
  CHECK(ring.first() == Index{11});
  const std::string value(100, 'v');
  for (std::uint64_t index = 11; index <= 200; ++index) {
    std::vector<app::KeyChange> changes;
    if (index % 3 != 0) changes.push_back({"a", value, std::nullopt});
    if (index % 6 == 2 || index % 6 == 4) changes.push_back({"b", value, std::nullopt});
    ring.add(Index{index}, {}, changes);
  }
  CHECK(ring.last() == Index{200});
  REQUIRE(ring.first() > Index{100});
  REQUIRE(ring.first() < Index{180});
  for (std::uint64_t after = ring.first().value - 1; after <= 200; ++after) {
    std::vector<std::string> expected;
    for (std::uint64_t index = after + 1; index <= 200; ++index) {
      if (index % 3 == 0) continue;
      expected.push_back(std::to_string(index) + "a");
      if (index % 2 == 0) expected.push_back(std::to_string(index) + "b");
    }
    std::vector<std::string> found;
    ring.visit(Index{after}, [&](const ChangeRecord& change) {
      found.push_back(std::to_string(change.index.value) + Bytes(change.key));
      return true;
    });
    CHECK(found == expected);
  }
  ring.begin_behind(Index{500});
  CHECK(ring.first() == Index{501});
  CHECK(ring.last() == Index{500});
}

TEST_CASE("of the values that were there before an entry, no more is kept than its bound") {
  using Previous = ChangeRecord::Previous;
  ChangeRing ring(limits::change_ring_bytes);
  const std::string large(limits::previous_bytes_per_entry - 5, 'v');
  ring.add(Index{1}, {},
           std::vector<app::KeyChange>{
               {"a", "1", large}, {"b", "2", "fits"}, {"c", "3", "beyond"}, {"d", "4", std::nullopt}});
  std::vector<Previous> found;
  ring.visit(Index{}, [&](const ChangeRecord& change) {
    found.push_back(change.previous);
    return true;
  });
  CHECK(found == std::vector{Previous::value, Previous::value, Previous::omitted, Previous::none});
}

TEST_CASE("a feed is told at once where it begins, then of each change once, in order") {
  Desk desk;
  desk.apply({"a"});
  desk.follow(7, wire::follow_from_now);
  CHECK(desk.pages() == Texts{"1-1:"});
  desk.serve();
  CHECK(desk.pages().empty());
  desk.apply({"b", "c"});
  desk.apply({});
  desk.apply({"d"});
  desk.serve();
  CHECK(desk.pages() == Texts{"1-4:b=2;c=2;d=4;"});
  desk.serve();
  CHECK(desk.pages().empty());
  desk.follow(8, 0);
  CHECK(desk.pages() == Texts{"0-4:a=1;b=2;c=2;d=4;"});
}

TEST_CASE("of a prefix, with what was there before if that was asked for") {
  Desk desk;
  desk.apply({"x1", "y1"});
  desk.follow(1, 0, 1000, {"x", false});
  desk.follow(2, 0, 1000, {"y", true});
  desk.follow(3, 0, 1000, {"z", false});
  CHECK(desk.pages() == Texts{"0-1:x1=1;", "0-1:y1=1<before;", "0-1:"});
}

TEST_CASE("a page begins where the last one that was told ended, also behind entries of no interest") {
  Desk desk;
  desk.follow(1, 0, 1000, {"x", false});
  CHECK(desk.pages() == Texts{"0-0:"});
  for (int i = 0; i < 5; ++i) desk.apply({"y"});
  desk.serve();
  CHECK(desk.pages().empty());
  desk.apply({"x"});
  desk.serve();
  CHECK(desk.pages() == Texts{"0-6:x=6;"});
  desk.apply({"y"});
  desk.serve();
  desk.desk.beat(desk.answers);
  CHECK(desk.pages() == Texts{"6-7:", "beat 1"});
  desk.desk.beat(desk.answers);
  CHECK(desk.pages() == Texts{"beat 1"});
}

TEST_CASE("without credit nothing comes, and what is granted counts from the begin of the feed") {
  Desk desk;
  desk.follow(1, 0, 2);
  for (const char* key : {"a", "b", "c", "d", "e"}) desk.apply({key});
  desk.serve();
  CHECK(desk.pages() == Texts{"0-0:", "0-2:a=1;b=2;"});
  desk.desk.grant(asker(99), {1, 2});
  desk.desk.grant(asker(99), {1, 1});
  desk.desk.grant(asker(99, "other"), {1, 100});
  desk.desk.grant(asker(99), {2, 100});
  desk.serve();
  CHECK(desk.pages().empty());
  desk.desk.grant(asker(99), {1, 3});
  desk.serve();
  CHECK(desk.pages() == Texts{"2-3:c=3;"});
  desk.desk.grant(asker(99), {1, 100});
  desk.serve();
  CHECK(desk.pages() == Texts{"3-5:d=4;e=5;"});
}

TEST_CASE("the changes of one entry are never parted") {
  Desk desk;
  desk.apply({"a", "b", "c"});
  desk.apply({"d"});
  desk.follow(1, 0, 1);
  desk.serve();
  CHECK(desk.pages() == Texts{"0-1:a=1;b=1;c=1;"});
}

TEST_CASE("a position that the ring has not any more, or not yet, ends the feed and says what there is") {
  Desk desk(8 * 1024);
  desk.ring.begin_behind(Index{10});
  desk.follow(1, 5);
  CHECK(desk.pages() == Texts{"gone 11"});
  desk.follow(2, 11);
  CHECK(desk.pages() == Texts{"gone 0"});
  CHECK(desk.desk.feeds() == 0);
  // One that was slow.
  desk.follow(3, 10, 0);
  CHECK(desk.pages() == Texts{"10-10:"});
  for (int i = 0; i < 500; ++i) desk.apply({"key"});
  desk.desk.grant(asker(99), {3, 10});
  desk.serve();
  CHECK(desk.pages() == Texts{"gone " + std::to_string(desk.ring.first().value)});
  CHECK(desk.desk.feeds() == 0);
}

TEST_CASE("a long way is made in pages of a bounded size, and rounds of bounded work") {
  Desk desk;
  for (int i = 0; i < 1000; ++i) desk.apply({"key" + std::to_string(i)});
  desk.follow(1, 0, 1'000'000);
  const Texts pages = desk.pages();
  REQUIRE(pages.size() == 4);
  CHECK(pages.back().starts_with("768-1000:"));
  for (std::uint64_t request = 0; request < limits::feed_round_feeds + 10; ++request) desk.follow(request, 1000);
  desk.answers.clear();
  desk.apply({"more"});
  CHECK(desk.desk.serve(desk.answers));
  CHECK_FALSE(desk.desk.serve(desk.answers));
  CHECK(desk.answers.size() == limits::feed_round_feeds + 10);
}

TEST_CASE("those who follow the same share the bytes of their pages") {
  Desk desk;
  for (std::uint64_t request = 1; request <= 3; ++request) desk.follow(request, 0);
  desk.answers.clear();
  desk.apply({"a"});
  desk.serve();
  REQUIRE(desk.answers.size() == 3);
  const auto bytes = [&](std::size_t at) {
    return std::get<wire::FeedReply>(desk.answers[at].body).items.view().data();
  };
  CHECK(bytes(0) == bytes(1));
  CHECK(bytes(0) == bytes(2));
}

TEST_CASE("a feed ends when it is told to, when its connection is lost, and when all do") {
  Desk desk;
  desk.follow(1, 0);
  desk.follow(2, 0);
  desk.follow(1, 0, 1000, {}, "c2");
  desk.answers.clear();
  desk.desk.end(asker(99), {1});
  desk.desk.end(asker(99), {1});
  desk.apply({"a"});
  desk.serve();
  CHECK(desk.pages().size() == 2);
  desk.desk.lost("c1");
  desk.desk.lost("c1");
  CHECK(desk.desk.feeds() == 1);
  desk.apply({"b"});
  desk.serve();
  CHECK(desk.pages() == Texts{"1-2:b=2;"});
  desk.desk.end_all({ErrorWord::no_leader, "", 0}, desk.answers);
  CHECK(desk.pages() == Texts{"no_leader"});
  CHECK(desk.desk.feeds() == 0);
  desk.desk.beat(desk.answers);
  CHECK(desk.pages().empty());
}

TEST_CASE("the same request once more begins its feed anew") {
  Desk desk;
  desk.apply({"a"});
  desk.follow(1, 0);
  desk.follow(1, 0);
  CHECK(desk.pages() == Texts{"0-1:a=1;", "0-1:a=1;"});
  CHECK(desk.desk.feeds() == 1);
}

TEST_CASE("what is no subject, a prefix that no key has, and a feed too many are refused") {
  Desk desk;
  desk.desk.follow(asker(1), {SharedBytes(Bytes("nonsense")), 0, 10}, desk.answers);
  desk.follow(2, 0, 10, {std::string(limits::key_bytes + 1, 'k'), false});
  CHECK(desk.pages() == Texts{"invalid", "too_large"});
  for (std::uint64_t request = 0; request < limits::feeds_per_client; ++request) desk.follow(request, 0);
  desk.answers.clear();
  desk.follow(limits::feeds_per_client, 0);
  CHECK(desk.pages() == Texts{"busy"});
  desk.follow(1, 0, 10, {}, "c2");
  CHECK(desk.pages() == Texts{"0-0:"});
  CHECK(desk.desk.feeds() == limits::feeds_per_client + 1);
}

TEST_CASE("thousands of feeds asked for at once are answered a round at a time, and share their pages") {
  Desk desk;
  const std::string value(1'000'000, 'v');
  desk.ring.add(Index{1}, {}, std::vector<app::KeyChange>{{"a", value, std::nullopt}});
  constexpr std::uint64_t feeds = 300;
  for (std::uint64_t request = 1; request <= feeds; ++request) {
    desk.desk.follow(asker(request), {SharedBytes(app::encode_follow(app::FollowKeys{})), 0, 10}, desk.answers);
  }
  CHECK(desk.answers.empty());
  std::set<std::uint64_t> answered;
  for (bool is_more = true; is_more;) {
    is_more = desk.desk.serve(desk.answers);
    CHECK(desk.answers.size() * value.size() <= limits::feed_round_bytes + value.size());
    std::set<const char*> pages;
    for (const Answer& answer : std::exchange(desk.answers, {})) {
      CHECK(answered.insert(answer.to.request).second);
      pages.insert(std::get<wire::FeedReply>(answer.body).items.view().data());
    }
    CHECK(pages.size() <= 1);
  }
  CHECK(answered.size() == feeds);
}
