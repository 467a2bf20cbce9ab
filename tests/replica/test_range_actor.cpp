#include <catch2/catch.hpp>

#include "common/base/range_limits.hpp"
#include "common/mq/poller.hpp"
#include "common/wire/client_codec.hpp"
#include "common/wire/range_codec.hpp"
#include "tests/mq/stranger.hpp"
#include "tests/replica/range_server.hpp"

using namespace parley;
using namespace parley::replica;
using namespace parley::replica::testing;
using parley::mq::testing::StrangeDealer;
using parley::transfer::testing::cluster;

namespace {

/// A receiver that says exactly what a test wants.
class Asker {
 public:
  explicit Asker(Server& server) : socket_(*mq::Socket::open(server.context, mq::SocketKind::range_dealer)) {
    REQUIRE(socket_.connect(server.actor->address()));
    mq::Poller poller;
    const auto slot = poller.watch(socket_, mq::Poller::For::writing);
    poller.wait(patience_us);
    REQUIRE(poller.ready(slot));
  }
  void ask(std::uint64_t id, wire::RangeRequestBody body, std::uint32_t deadline_ms = 60'000) {
    REQUIRE(socket_.send(wire::encode({ClusterId{}, id, deadline_ms, std::move(body)})) == mq::SendOutcome::sent);
  }
  /// The same, if the connection takes it: one on which nothing is read may have been cut.
  void try_ask(std::uint64_t id, wire::RangeRequestBody body) {
    (void)socket_.send(wire::encode({ClusterId{}, id, 60'000, std::move(body)}));
  }
  std::optional<wire::RangeReply> try_receive() {
    mq::Received received;
    if (socket_.receive(received) != mq::ReceiveOutcome::message) return std::nullopt;
    auto reply = wire::decode_range_reply(std::move(received.body));
    REQUIRE(reply);
    return std::move(*reply);
  }
  /// The next reply that is not a mere sign of life.
  wire::RangeReply receive() {
    const SystemClock clock;
    const std::uint64_t end = clock.now().monotonic_us + patience_us;
    mq::Poller poller;
    poller.watch(socket_);
    while (clock.now().monotonic_us < end) {
      auto reply = try_receive();
      if (reply && !std::holds_alternative<wire::AliveReply>(reply->body)) return *reply;
      if (!reply) poller.wait(100'000);
    }
    FAIL("no reply");
    return {};
  }
  template <class Body>
  Body receive_body() {
    const wire::RangeReply reply = receive();
    REQUIRE(std::holds_alternative<Body>(reply.body));
    return std::get<Body>(reply.body);
  }

 private:
  mq::Socket socket_;
};

}  // namespace

TEST_CASE("head, range and feed over a socket, woken by what is committed") {
  Server server;
  server.append(100);
  Asker asker(server);
  asker.ask(1, wire::HeadRequest{});
  CHECK(asker.receive_body<wire::HeadReply>().head == server.store.head());

  transfer::EntryReceiver range(Index{1}, Index{150}, transfer::testing::FakeLog(cluster(1)).digest_at(Index{0}));
  transfer::EntryReceiver feed(Index{101}, Index{0}, std::nullopt);
  asker.ask(2, wire::EntriesRequest{Index{1}, Index{150}, 1 << 20});
  asker.ask(3, wire::EntriesRequest{Index{101}, Index{0}, 1 << 20});
  int appended = 100;
  while (!range.is_complete() || feed.next() <= Index{150}) {
    const wire::RangeReply reply = asker.receive();
    const auto& chunk = std::get<wire::EntriesReply>(reply.body).chunk;
    REQUIRE((reply.id == 2 ? range : feed).take(chunk));
    if (range.next().value == static_cast<std::uint64_t>(appended) + 1 && appended < 150) {
      server.append(10);
      appended += 10;
    }
  }
  CHECK(feed.digest() == server.store.last().digest);
}

TEST_CASE("an actor says what is wrong with the address, and gives the port back") {
  Server server;
  const auto second = RangeActor::start(server.context, server.actor->address(), server.clock, obs::Logger::silent());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::usage);
  CHECK_THAT(second.error().what, Catch::Contains(server.actor->address().text()));
}

TEST_CASE("random bytes, frames of clients and messages of several parts end nobody") {
  Server server;
  server.append(10);
  StrangeDealer stranger(server.actor->address());
  Random random(3);
  for (int i = 0; i < 1000; ++i) {
    std::string garbage(random.below(400), '\0');
    for (char& c : garbage) c = static_cast<char>(random.below(256));
    REQUIRE(stranger.send({garbage}));
    if (i % 100 == 0) REQUIRE(stranger.send({garbage, garbage}));
  }
  // Good frames with a few bytes changed reach the desk now and then.
  Asker good(server);
  const std::vector<wire::RangeRequestBody> bodies = {wire::HeadRequest{},
                                                      wire::EntriesRequest{Index{1}, Index{10}, 4096},
                                                      wire::CreditRequest{8192},
                                                      wire::CancelRequest{},
                                                      wire::ImageRequest{Index{5}, 1, 4096},
                                                      wire::TruncateRequest{ServerId{1}, "node0", Index{5}}};
  for (int i = 0; i < 5000; ++i) {
    Bytes frame = wire::encode({ClusterId{}, random.below(4), 1000, bodies[random.below(bodies.size())]});
    for (int change = 0; change < 2; ++change) frame[random.below(frame.size())] = static_cast<char>(random.below(256));
    REQUIRE(stranger.send({frame}));
  }
  REQUIRE(stranger.send({wire::encode(wire::RequestFrame{ClusterId{}, {{1, 2, wire::MembersRequest{}}}})}));
  mq::testing::send_raw_tcp(server.actor->address(), std::string(5000, '\x90'));
  StrangeDealer glutton(server.actor->address());
  (void)glutton.send({std::string(limits::range_request_bytes + 1, 'x')});
  REQUIRE_FALSE(stranger.receive().empty());

  good.ask(1, wire::EntriesRequest{Index{1}, Index{10}, 1 << 20});
  std::size_t came = 0;
  while (came < 10) came += good.receive_body<wire::EntriesReply>().chunk.count;
  CHECK(came == 10);
}

TEST_CASE("a frame that cannot be read is answered with what is wrong") {
  Server server;
  StrangeDealer stranger(server.actor->address());
  REQUIRE(stranger.send({"garbage"}));
  const auto parts = stranger.receive();
  REQUIRE(parts.size() == 1);
  const auto reply = wire::decode_range_reply(SharedBytes(parts[0]));
  REQUIRE(reply);
  CHECK(reply->id == 0);
  CHECK(std::get<wire::RangeErrorReply>(reply->body).error == ErrorWord::invalid);
}

TEST_CASE("subscribers that do not read cost a bounded amount of memory, and others are served as before") {
  Server server;
  server.append(6'000, 10'000);  // 60 MB, and each is to be sent eighty times
  Asker healthy(server);
  const std::size_t before = mq::testing::memory_in_use();
  std::vector<std::unique_ptr<Asker>> deaf;
  for (int i = 0; i < 20; ++i) {
    deaf.push_back(std::make_unique<Asker>(server));
    for (std::uint64_t id = 1; id <= 4; ++id)
      deaf.back()->ask(id, wire::EntriesRequest{Index{1}, Index{0}, limits::range_window_bytes / 4});
  }
  // They go on granting credit for what they never read.
  std::uint64_t total = limits::range_window_bytes / 4;
  transfer::EntryReceiver receiver(Index{1}, Index{6'000}, std::nullopt);
  transfer::CreditGiven given(1 << 17);
  healthy.ask(1, wire::EntriesRequest{Index{1}, Index{6'000}, 1 << 17});
  while (!receiver.is_complete()) {
    const auto chunk = healthy.receive_body<wire::EntriesReply>().chunk;
    REQUIRE(given.received(chunk.block.size()));
    REQUIRE(receiver.take(chunk));
    given.released(chunk.block.size());
    if (const auto due = given.take_due()) healthy.ask(1, wire::CreditRequest{*due});
    total += limits::range_window_bytes / 64;  // little by little, or it would be more than was sent and a window
    for (auto& each : deaf) {
      for (std::uint64_t id = 1; id <= 4; ++id) each->try_ask(id, wire::CreditRequest{total});
    }
  }
  // What the deaf ends hold of it is in this process too.
  const std::size_t held_by_deaf_ends = deaf.size() * limits::range_unread_frames * limits::range_chunk_bytes;
  CHECK(mq::testing::memory_in_use() < before + held_by_deaf_ends + limits::range_unread_in_all + 300 * limits::MiB);
  server.actor->stop();
  CHECK_THAT(server.log.str(), Catch::Contains("does not read what it has granted credit for"));
}

TEST_CASE("receivers that vanish leave room for others") {
  Server server;
  for (std::size_t i = 0; i < 2 * limits::range_streams_in_all / limits::range_streams_per_connection; ++i) {
    Asker asker(server);
    for (std::uint64_t id = 1; id <= limits::range_streams_per_connection; ++id)
      asker.ask(id, wire::EntriesRequest{Index{1}, Index{0}, 4096});
    asker.ask(100, wire::HeadRequest{});
    while (true) {
      // The streams of those who are gone may not have been found yet: then the answer is busy.
      const wire::RangeReply reply = asker.receive();
      if (std::holds_alternative<wire::HeadReply>(reply.body)) break;
      REQUIRE(std::get<wire::RangeErrorReply>(reply.body).error == ErrorWord::busy);
    }
  }
  server.append(1);  // all those who are gone are found now
  Asker last(server);
  const std::uint64_t end = server.clock.now().monotonic_us + patience_us;
  std::uint64_t id = 0;
  for (bool is_open = false; !is_open;) {
    REQUIRE(server.clock.now().monotonic_us < end);
    last.ask(++id, wire::EntriesRequest{Index{1}, Index{1}, 4096});
    is_open = std::holds_alternative<wire::EntriesReply>(last.receive().body);
  }
}

TEST_CASE("several clusters behind one port, one of which closes") {
  Server server;
  FakeStore other(cluster(2));
  other.append(5);
  server.serve(other);
  server.append(3);
  Asker asker(server);
  asker.ask(1, wire::HeadRequest{});
  CHECK_THAT(asker.receive_body<wire::RangeErrorReply>().detail, Catch::Contains(cluster(2).text()));
  server.actor->order(CloseSource{cluster(2), "its folder is full"});
  asker.ask(2, wire::HeadRequest{});
  CHECK(asker.receive_body<wire::HeadReply>().head.last.index == Index{3});
}
