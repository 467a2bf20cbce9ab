#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <memory>

#include "client/feed_client.hpp"
#include "common/base/feed_limits.hpp"
#include "common/wire/client_codec.hpp"
#include "node/feed_desk.hpp"
#include "node/key_feeds.hpp"

using namespace parley;
using namespace parley::client;

namespace {

class TestClock final : public Clock {
 public:
  [[nodiscard]] ClockReading now() const override { return {now_us, now_us}; }
  std::uint64_t now_us = 1'000'000;
};

/// A server with the desk of a node, which has applied so much of what all apply in the end.
struct Server {
  Server(std::string its_name, std::uint16_t port, std::size_t ring_bytes)
      : name(std::move(its_name)), address(Address{}.with_port(port)), ring(ring_bytes) {}

  std::string name;
  Address address;
  bool is_up = true;
  bool is_silent = false;         ///< takes what comes and does nothing: a process that is paused
  std::size_t pages_to_lose = 0;  ///< replies that are dropped, and the connection's feeds with them
  std::optional<ErrorWord> refuses;
  node::ChangeRing ring;
  node::KeyFeeds source{ring};
  node::FeedDesk desk{{source, source}};
  node::Answers answers;
  std::deque<std::pair<Bytes, wire::ReplyFrame>> replies;
  std::deque<std::pair<Bytes, wire::Request>> unread;  ///< what came while it was paused

  void apply(std::uint64_t upto) {
    while (ring.last().value < upto) {
      const Index index = ring.last().next();
      const std::string key = (index.value % 2 == 0 ? "even" : "odd") + std::to_string(index.value);
      std::vector<app::KeyChange> changes;
      if (index.value % 5 != 0) changes.push_back({key, "v", std::nullopt});
      ring.add(index, {}, changes);
    }
    desk.changed(source);
  }
  void read() {
    for (const auto& [connection, request] : std::exchange(unread, {})) {
      const node::Asker asker{0, connection, request.id};
      if (const auto* follow = std::get_if<wire::FollowRequest>(&request.body)) {
        if (refuses) {
          answers.push_back({asker, wire::ErrorReply{*refuses, "no", 0}});
        } else {
          desk.follow(asker, *follow, answers);
        }
      }
      if (const auto* grant = std::get_if<wire::GrantRequest>(&request.body)) desk.grant(asker, *grant);
      if (const auto* end = std::get_if<wire::EndFeedRequest>(&request.body)) desk.end(asker, *end);
    }
  }
  void send_answers(const std::string& leader, const std::string& leader_address) {
    if (is_silent) return;
    read();
    while (desk.serve(answers)) {
    }
    for (node::Answer& answer : std::exchange(answers, {})) {
      if (pages_to_lose > 0) {
        --pages_to_lose;
        desk.lost(answer.to.connection);
        continue;
      }
      wire::ReplyFrame frame{cluster(), name, leader, leader_address, {}};
      frame.replies.push_back({answer.to.request, std::move(answer.body)});
      replies.emplace_back(answer.to.connection, std::move(frame));
    }
  }
  /// The process was killed; what comes back knows nothing.
  void crash() {
    is_up = false;
    desk.end_all({ErrorWord::no_leader, "", 0}, answers);
    answers.clear();
    replies.clear();
    unread.clear();
  }
  static ClusterId cluster() {
    ClusterId id;
    id.bytes[0] = 1;
    return id;
  }
};

class FeedNetwork;

class FeedConnection final : public Connection {
 public:
  FeedConnection(FeedNetwork& network, Server& server, Bytes name)
      : network_(network), server_(server), name_(std::move(name)) {}
  bool is_writable() override { return server_.is_up; }
  bool send(const wire::RequestFrame& frame) override;
  std::optional<wire::ReplyFrame> receive() override {
    const auto ours = std::ranges::find(server_.replies, name_, &std::pair<Bytes, wire::ReplyFrame>::first);
    if (!server_.is_up || ours == server_.replies.end()) return std::nullopt;
    auto frame = wire::decode_reply_frame(SharedBytes(wire::encode(ours->second)));
    REQUIRE(frame.has_value());
    server_.replies.erase(ours);
    return *std::move(frame);
  }

 private:
  FeedNetwork& network_;
  Server& server_;
  Bytes name_;
};

class FeedNetwork final : public Network {
 public:
  explicit FeedNetwork(std::size_t count, std::size_t ring_bytes = limits::change_ring_bytes) {
    for (std::size_t at = 0; at < count; ++at) {
      servers.push_back(
          std::make_unique<Server>("n" + std::to_string(at), static_cast<std::uint16_t>(at + 1), ring_bytes));
    }
  }
  Result<std::unique_ptr<Connection>> connect(const Address& address) override {
    for (const auto& server : servers) {
      if (server->address == address)
        return std::make_unique<FeedConnection>(*this, *server, "c" + std::to_string(++connections_));
    }
    return fail(ErrorCode::usage, "nobody is there");
  }
  bool wait(std::uint64_t, int) override { return false; }

  [[nodiscard]] std::vector<Address> addresses() const {
    std::vector<Address> all;
    for (const auto& server : servers) all.push_back(server->address);
    return all;
  }
  Server& operator[](std::size_t at) { return *servers.at(at); }

  std::vector<std::unique_ptr<Server>> servers;
  /// All servers say what they have to say.
  void send_answers() {
    const auto leads = std::ranges::find(servers, leader, [](const auto& server) { return server->name; });
    for (const auto& server : servers) server->send_answers(leader, (*leads)->address.text());
  }
  std::string leader = "n0";

 private:
  std::size_t connections_ = 0;
};

bool FeedConnection::send(const wire::RequestFrame& frame) {
  if (!server_.is_up) return false;
  auto decoded = wire::decode_request_frame(SharedBytes(wire::encode(frame)));
  REQUIRE(decoded.has_value());
  for (const wire::Request& request : decoded->requests) server_.unread.emplace_back(name_, request);
  if (!server_.is_silent) server_.read();
  return true;
}

/// What one feed was told, checked as it comes.
struct Told {
  std::uint64_t position = 0;
  bool has_begun = false;
  std::vector<std::uint64_t> indexes;
  std::size_t troubles = 0;
  std::optional<FeedGone> gone;
  std::optional<FeedRefused> refused;
  std::uint64_t unconsumed = 0;

  void take(FeedEvent&& event) {
    REQUIRE_FALSE(gone);
    REQUIRE_FALSE(refused);
    if (auto* over = std::get_if<FeedGone>(&event)) gone = *over;
    if (auto* over = std::get_if<FeedRefused>(&event)) refused = *over;
    if (std::holds_alternative<FeedTrouble>(event)) ++troubles;
    const auto* page = std::get_if<FeedItems>(&event);
    if (page == nullptr) return;
    if (!std::exchange(has_begun, true)) position = page->after;
    REQUIRE(page->after == position);
    position = page->upto;
    unconsumed += page->count;
    if (page->items.empty()) return;
    const auto changes = app::decode_change_page(page->items.view());
    REQUIRE(changes.has_value());
    REQUIRE(changes->size() == page->count);
    for (const app::ChangeRecord& change : *changes) {
      REQUIRE(change.index.value > page->after);
      REQUIRE(change.index.value <= page->upto);
      if (!indexes.empty()) REQUIRE(change.index.value > indexes.back());
      indexes.push_back(change.index.value);
    }
  }
};

struct Fixture {
  explicit Fixture(std::size_t count = 3, std::size_t ring_bytes = limits::change_ring_bytes, std::uint64_t window = 64)
      : network(count, ring_bytes), client(network, clock, {network.addresses(), {}, 7, window}) {}

  FeedId follow(Told& told, std::uint64_t after, app::FollowKeys keys = {}) {
    return client.follow(app::encode_follow(keys), after, [&told](FeedEvent&& event) { told.take(std::move(event)); });
  }
  void apply(std::uint64_t upto) {
    for (const auto& server : network.servers) server->apply(upto);
  }
  /// For so long; beats are sent in time.
  void run(std::uint64_t duration_us) {
    const std::uint64_t end_us = clock.now_us + duration_us;
    while (clock.now_us < end_us) {
      for (const auto& server : network.servers) {
        if (clock.now_us >= next_beat_us && server->is_up && !server->is_silent) server->desk.beat(server->answers);
      }
      network.send_answers();
      if (clock.now_us >= next_beat_us) next_beat_us = clock.now_us + limits::feed_beat_ms * 1000;
      client.step();
      clock.now_us += 10'000;
    }
  }
  /// Everything that it has been told is done with.
  void consume(FeedId id, Told& told) { client.consumed(id, std::exchange(told.unconsumed, 0)); }
  [[nodiscard]] std::size_t place() {
    for (std::size_t at = 0; at < network.servers.size(); ++at) {
      if (network[at].desk.feeds() > 0) return at;
    }
    return 99;
  }

  TestClock clock;
  FeedNetwork network;
  FeedClient client;
  std::uint64_t next_beat_us = 0;
};

/// The entries in (after, upto] that change something, of a prefix or of all.
std::vector<std::uint64_t> changing(std::uint64_t after, std::uint64_t upto, int parity = -1) {
  std::vector<std::uint64_t> indexes;
  for (std::uint64_t index = after + 1; index <= upto; ++index) {
    if (index % 5 != 0 && (parity < 0 || index % 2 == static_cast<unsigned>(parity))) indexes.push_back(index);
  }
  return indexes;
}

constexpr std::uint64_t second_us = 1'000'000;

}  // namespace

TEST_CASE("a feed from a position has all behind it; one from now on begins where its server stands") {
  Fixture f;
  f.apply(20);
  Told from_start;
  Told from_now;
  Told of_prefix;
  f.follow(from_start, 0);
  f.follow(from_now, wire::follow_from_now);
  f.follow(of_prefix, 0, {"odd", false});
  f.run(second_us);
  CHECK(from_now.has_begun);
  CHECK(from_now.position == 20);
  f.apply(30);
  f.run(2 * second_us);
  CHECK(from_start.indexes == changing(0, 30));
  CHECK(from_now.indexes == changing(20, 30));
  CHECK(of_prefix.indexes == changing(0, 30, 1));
  CHECK(of_prefix.position == 30);
}

TEST_CASE("no more comes than was said to be consumed, and all of it once it is") {
  Fixture f;
  f.apply(1000);
  Told told;
  const FeedId id = f.follow(told, 0);
  f.run(second_us);
  CHECK(told.indexes.size() == 64);
  f.run(second_us);
  CHECK(told.indexes.size() == 64);
  for (int i = 0; i < 100; ++i) {
    f.consume(id, told);
    f.run(100'000);
  }
  CHECK(told.indexes == changing(0, 1000));
}

TEST_CASE("a feed goes on elsewhere when its server is gone, silent, has dropped it, or knows no leader") {
  Fixture f;
  f.apply(10);
  Told told;
  f.follow(told, 0);
  f.run(second_us);
  const std::size_t first = f.place();
  REQUIRE(first < 3);
  SECTION("gone") { f.network[first].crash(); }
  SECTION("silent") { f.network[first].is_silent = true; }
  SECTION("dropped") {
    f.network[first].desk.lost("c1"), f.network[first].desk.lost("c2"), f.network[first].desk.lost("c3");
  }
  SECTION("no leader") {
    f.network[first].desk.end_all({ErrorWord::no_leader, "", 0}, f.network[first].answers);
    f.network[first].refuses = ErrorWord::no_leader;
  }
  f.apply(30);
  f.run(8 * second_us);
  CHECK(told.indexes == changing(0, 30));
  CHECK(told.position == 30);
}

TEST_CASE("a leader that nobody had named is known from the first answer that tells of it") {
  Fixture f;
  f.apply(10);
  f.network.leader = "n2";
  FeedClient client(f.network, f.clock, {{f.network[0].address}, {}, 7, 64});
  Told told;
  client.follow(app::encode_follow(app::FollowKeys{}), 0, [&told](FeedEvent&& event) { told.take(std::move(event)); });
  for (int i = 0; i < 100; ++i) {
    f.network.send_answers();
    client.step();
    f.clock.now_us += 10'000;
  }
  CHECK(told.indexes == changing(0, 10));
}

TEST_CASE("a page that is lost is asked for again") {
  Fixture f(1);
  f.apply(10);
  Told told;
  f.follow(told, 0);
  f.run(second_us);
  f.network[0].pages_to_lose = 1;
  f.apply(20);
  f.run(6 * second_us);
  CHECK(told.indexes == changing(0, 20));
}

TEST_CASE("a position that all have forgotten ends the feed with the first that there is") {
  Fixture f(3, 8 * 1024);
  f.apply(3000);
  f.network[1].ring.begin_behind(Index{3000});
  f.network[1].desk.changed(f.network[1].source);
  Told told;
  SECTION("although one is away") { f.network[2].is_up = false; }
  SECTION("when all are there") {}
  f.follow(told, 5);
  f.run(3 * second_us);
  REQUIRE(told.gone);
  CHECK(told.gone->first == f.network[0].ring.first().value);
  CHECK(f.client.feeds() == 0);
}

TEST_CASE("one that some have forgotten is served by another") {
  Fixture f;
  f.apply(50);
  f.network[0].ring.begin_behind(Index{50});
  f.network[1].ring.begin_behind(Index{50});
  Told told;
  f.follow(told, 5);
  f.run(2 * second_us);
  CHECK(told.indexes == changing(5, 50));
}

TEST_CASE("a position ahead of one server is asked of others, and ahead of all it ends the feed") {
  Fixture f;
  f.apply(50);
  f.network[1].apply(100);
  Told told;
  Told ahead;
  f.follow(told, 90);
  f.follow(ahead, 500);
  f.run(6 * second_us);
  CHECK(told.indexes == changing(90, 100));
  REQUIRE(ahead.gone);
  CHECK(ahead.gone->first == 0);
}

TEST_CASE("a refusal counts when the leader says it; who may be behind is not believed") {
  Fixture f;
  f.apply(10);
  f.network.leader = "n1";
  Told told;
  SECTION("the leader knows better") {
    f.network[0].refuses = f.network[2].refuses = ErrorWord::not_found;
    f.follow(told, 0);
    f.run(3 * second_us);
    CHECK(told.indexes == changing(0, 10));
  }
  SECTION("the leader says so") {
    for (const auto& server : f.network.servers) server->refuses = ErrorWord::not_found;
    f.follow(told, 0);
    f.run(3 * second_us);
    REQUIRE(told.refused);
    CHECK(told.refused->word == ErrorWord::not_found);
    CHECK(f.client.feeds() == 0);
  }
}

TEST_CASE("a feed that nobody follows any more is ended at its server") {
  Fixture f;
  f.apply(10);
  Told told;
  const FeedId id = f.follow(told, 0);
  f.run(second_us);
  f.client.unfollow(id);
  f.client.unfollow(id);
  f.client.consumed(id, 3);
  f.apply(20);
  f.run(second_us);
  CHECK(told.indexes == changing(0, 10));
  CHECK(f.place() == 99);
}

TEST_CASE("a server of another cluster is not followed") {
  Fixture f;
  f.apply(10);
  ClusterId other;
  other.bytes[0] = 9;
  FeedClient stranger(f.network, f.clock, {f.network.addresses(), other, 1, 64});
  std::size_t events = 0;
  (void)stranger.follow(app::encode_follow(app::FollowKeys{}), 0, [&](FeedEvent&& event) {
    if (std::holds_alternative<FeedItems>(event)) ++events;
  });
  for (int i = 0; i < 100; ++i) {
    f.network.send_answers();
    stranger.step();
    f.clock.now_us += 10'000;
  }
  CHECK(events == 0);
}

TEST_CASE("through crashes, pauses, losses and lagging servers every feed is told of each change once and in order") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Random random(seed);
    Fixture f(3 + 2 * random.below(2), limits::change_ring_bytes, 1 + random.below(100));
    const std::size_t count = f.network.servers.size();
    std::vector<Told> told(20);
    std::vector<FeedId> ids;
    for (Told& each : told) {
      each.has_begun = true;
      ids.push_back(f.follow(each, 0, {random.one_in(3) ? "odd" : "", random.one_in(2)}));
    }
    std::uint64_t committed = 0;
    for (int round = 0; round < 200; ++round) {
      committed += random.below(20);
      for (const auto& server : f.network.servers) {
        if (server->is_up && !random.one_in(3)) server->apply(committed - random.below(1 + committed / 50));
      }
      Server& victim = f.network[random.below(count)];
      switch (random.below(12)) {
        case 0: victim.crash(); break;
        case 1: victim.is_silent = true; break;
        case 2: victim.pages_to_lose = random.below(5); break;
        case 3: victim.desk.end_all({ErrorWord::no_leader, "", 0}, victim.answers); break;
        case 4: f.network.leader = victim.name; break;
        default:
          victim.is_up = true;
          victim.is_silent = false;
          break;
      }
      f.run(random.below(600'000));
      for (std::size_t at = 0; at < told.size(); ++at) {
        if (!random.one_in(4)) f.consume(ids[at], told[at]);
      }
    }
    for (const auto& server : f.network.servers) {
      server->is_up = true;
      server->is_silent = false;
      server->pages_to_lose = 0;
    }
    f.apply(committed);
    for (int round = 0; round < 1200; ++round) {
      f.run(100'000);
      for (std::size_t at = 0; at < told.size(); ++at) f.consume(ids[at], told[at]);
      if (std::ranges::all_of(told, [&](const Told& each) { return each.position == committed; })) break;
    }
    for (const Told& each : told) {
      REQUIRE(each.position == committed);
      const bool is_all = each.indexes == changing(0, committed);
      const bool is_odd = each.indexes == changing(0, committed, 1);
      REQUIRE((is_all || is_odd));
    }
  }
}
