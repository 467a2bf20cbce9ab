#include <deque>

#include "common/base/limits.hpp"
#include "node/image_desk.hpp"
#include "tests/node/image_testing.hpp"

using namespace parley;
using namespace parley::node;

namespace {

/// A desk and what it has asked for.
struct Side {
  Side(ServerId self, std::uint64_t seed)
      : id(self),
        desk(backend,
             {[this](ServerId to, transfer::Message message) { out.emplace_back(to, std::move(message)); },
              [this](raft::ImageSent each) { sent.push_back(each); },
              [this](raft::ImageReceived each) { received.push_back(std::move(each)); },
              [this](const std::string& text) { said.push_back(text); },
              [this](const std::string& text) { warned.push_back(text); }},
             seed) {}

  ServerId id;
  sim::SimulatedBackend backend;
  std::vector<std::pair<ServerId, transfer::Message>> out;
  std::vector<raft::ImageSent> sent;
  std::vector<raft::ImageReceived> received;
  std::vector<std::string> said;
  std::vector<std::string> warned;
  ImageDesk desk;
};

struct Pair {
  Pair() { put_state(a.backend, meta_at(Index{70}, Term{3}, Digest{}), "of a"); }

  /// Carries everything that was said, until nobody says more.
  void talk() {
    while (!a.out.empty() || !b.out.empty()) {
      carry(a, b);
      carry(b, a);
    }
  }
  void carry(Side& from, Side& to) {
    for (auto& [receiver, message] : std::exchange(from.out, {})) {
      if (receiver == to.id) to.desk.take(from.id, message, now_ms);
    }
  }

  std::uint64_t now_ms = 0;
  Side a{ServerId{1}, 1};
  Side b{ServerId{2}, 2};
};

}  // namespace

TEST_CASE("an image travels, is asked about, and is installed") {
  Pair pair;
  REQUIRE(pair.a.desk.begin(pair.b.id, 0).has_value());
  CHECK(pair.a.desk.is_sending());
  pair.talk();
  REQUIRE(pair.b.received.size() == 1);
  CHECK(pair.b.received[0].start.index == Index{70});
  CHECK(pair.b.received[0].start.term == Term{3});
  CHECK(pair.b.received[0].membership.index == Index{1});
  CHECK(pair.b.received[0].membership.membership == one_voter());
  CHECK(value_of(pair.b.backend).empty());
  CHECK(pair.a.sent.empty());
  REQUIRE(pair.b.desk.install().has_value());
  CHECK(value_of(pair.b.backend) == "of a");
  pair.talk();
  REQUIRE(pair.a.sent.size() == 1);
  CHECK(pair.a.sent[0].peer == pair.b.id);
  CHECK(pair.a.sent[0].index == Index{70});
  CHECK_FALSE(pair.a.desk.is_sending());
}

TEST_CASE("an image of which the core has no use is thrown away, and the sender told") {
  Pair pair;
  REQUIRE(pair.a.desk.begin(pair.b.id, 0).has_value());
  pair.talk();
  pair.b.desk.refuse();
  pair.talk();
  CHECK_FALSE(pair.b.backend.has_complete_image());
  REQUIRE(pair.a.sent.size() == 1);
  CHECK_FALSE(pair.a.sent[0].index);
}

TEST_CASE("an image of something else than was said is refused") {
  Pair pair;
  REQUIRE(pair.a.desk.begin(pair.b.id, 0).has_value());
  REQUIRE(pair.a.out.size() == 1);
  auto offer = std::get<transfer::ImageOffer>(pair.a.out[0].second);
  SECTION("another index") { offer.head.index = Index{71}; }
  SECTION("another term") { offer.head.term = Term{4}; }
  SECTION("another membership") { offer.head.membership = SharedBytes(Bytes("other")); }
  pair.a.out[0].second = offer;
  pair.talk();
  CHECK(pair.b.received.empty());
  CHECK_FALSE(pair.b.backend.has_complete_image());
  REQUIRE(pair.b.warned.size() == 1);
  CHECK(pair.b.warned[0].find("not of what it was said to be of") != std::string::npos);
  REQUIRE(pair.a.sent.size() == 1);
  CHECK_FALSE(pair.a.sent[0].index);
}

TEST_CASE("a store that nothing was flushed to makes no image, and says so") {
  Pair pair;
  const Status begun = pair.b.desk.begin(pair.a.id, 0);
  REQUIRE_FALSE(begun.has_value());
  CHECK(begun.error().what.find("meta row") != std::string::npos);
  CHECK_FALSE(pair.b.desk.is_sending());
}

TEST_CASE("an image for a peer that restarted or is silent is given up, once") {
  Pair pair;
  REQUIRE(pair.a.desk.begin(pair.b.id, 0).has_value());
  SECTION("restarted") { pair.a.desk.peer_restarted(pair.b.id); }
  SECTION("silent") { pair.a.desk.tick(limits::image_silence_ms); }
  pair.a.desk.tick(2 * limits::image_silence_ms);
  pair.a.desk.peer_restarted(pair.b.id);
  REQUIRE(pair.a.sent.size() == 1);
  CHECK_FALSE(pair.a.sent[0].index);
  CHECK_FALSE(pair.a.desk.is_sending());
}

TEST_CASE("that a peer has no room for an image is said once on either side, until one is installed there") {
  Pair pair;
  pair.b.backend.set_full(true);
  for (int attempt = 0; attempt < 3; ++attempt) {
    REQUIRE(pair.a.desk.begin(pair.b.id, 0).has_value());
    pair.talk();
    REQUIRE(pair.a.sent.size() == static_cast<std::size_t>(attempt) + 1);
    CHECK_FALSE(pair.a.sent.back().index);
  }
  REQUIRE(pair.a.said.size() == 1);
  REQUIRE(pair.a.warned.size() == 1);
  CHECK(pair.a.warned[0].find("entry 70 for server") != std::string::npos);
  CHECK(pair.b.said.empty());
  REQUIRE(pair.b.warned.size() == 1);
  CHECK(pair.b.warned[0].find("no space left") != std::string::npos);
  pair.b.backend.set_full(false);
  REQUIRE(pair.a.desk.begin(pair.b.id, 0).has_value());
  pair.talk();
  REQUIRE(pair.b.desk.install().has_value());
  pair.talk();
  CHECK(pair.a.said.back().find("is installed there") != std::string::npos);
  pair.b.backend.set_full(true);
  REQUIRE(pair.a.desk.begin(pair.b.id, 0).has_value());
  pair.talk();
  CHECK(pair.a.warned.size() == 2);
  CHECK(pair.b.warned.size() == 2);
}

TEST_CASE("who no longer leads stops sending without a word, and a new image replaces an earlier one for that peer") {
  Pair pair;
  REQUIRE(pair.a.desk.begin(pair.b.id, 0).has_value());
  pair.talk();
  put_state(pair.a.backend, meta_at(Index{90}, Term{3}, Digest{}), "of a, later");
  REQUIRE(pair.a.desk.begin(pair.b.id, 0).has_value());
  pair.b.desk.refuse();
  pair.talk();
  REQUIRE(pair.b.received.size() == 2);
  CHECK(pair.b.received[1].start.index == Index{90});
  pair.a.desk.stop_sending();
  CHECK_FALSE(pair.a.desk.is_sending());
  CHECK(pair.a.sent.empty());
}
