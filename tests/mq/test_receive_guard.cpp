#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.hpp"
#include "common/base/limits.hpp"
#include "common/mq/poller.hpp"
#include "common/mq/socket.hpp"
#include "tests/mq/stranger.hpp"

using namespace parley;
using namespace parley::mq;
using namespace parley::mq::testing;

namespace {

constexpr std::uint64_t patience_us = 30'000'000;

/// A listening socket whose owner looks at it as a node does.
struct Guarded {
  Context context;
  Socket router;
  Address address;
  std::vector<CutConnection> cut;
  std::size_t messages = 0;

  explicit Guarded(SocketKind kind)
      : router(std::move(*Socket::open(context, kind))), address(*router.bind(Address{})) {}

  void round() {
    const SystemClock clock;
    router.look(clock.now().monotonic_us);
    Received received;
    ReceiveOutcome outcome;
    while ((outcome = router.receive(received)) != ReceiveOutcome::nothing) ++messages;
    for (const CutConnection& each : router.cut_hoarders()) cut.push_back(each);
    Poller poller;
    poller.watch(router);
    poller.wait(10'000);
  }
  template <class Condition>
  bool await(const Condition& condition) {
    const SystemClock clock;
    const std::uint64_t end = clock.now().monotonic_us + patience_us;
    while (!condition() && clock.now().monotonic_us < end) round();
    return condition();
  }
};

/// Until they are no longer taken.
void send_endless_parts(const Address& to, std::size_t size) {
  RawDealer stranger(to);
  const std::string part = RawDealer::frame(std::string(size, 'x'), RawDealer::more);
  std::string parts;
  while (parts.size() < 60000) parts += part;
  while (stranger.send(parts)) {
  }
}

}  // namespace

TEST_CASE("a message of endless parts ends its connection, and no other") {
  const SocketKind kind = GENERATE(SocketKind::service_router, SocketKind::peer_router);
  const std::size_t size = GENERATE(std::size_t{0}, std::size_t{200});
  Guarded guarded(kind);
  auto honest = *Socket::open(guarded.context, SocketKind::client_dealer);
  REQUIRE(honest.connect(guarded.address));
  {
    const std::jthread stranger([&] { send_endless_parts(guarded.address, size); });
    REQUIRE(guarded.await([&] { return !guarded.cut.empty(); }));
  }
  CHECK(guarded.cut.front().why == CutConnection::Why::unfinished);
  const std::size_t heard = guarded.messages;
  REQUIRE(guarded.await([&] { return honest.send("still here") == SendOutcome::sent; }));
  CHECK(guarded.await([&] { return guarded.messages > heard; }));
}

TEST_CASE("honest senders to a slow reader are not cut, however much waits within the bounds") {
  const bool is_peer = GENERATE(false, true);
  Guarded guarded(is_peer ? SocketKind::peer_router : SocketKind::service_router);
  auto sender = *Socket::open(guarded.context, is_peer ? SocketKind::peer_dealer : SocketKind::client_dealer);
  REQUIRE(sender.connect(guarded.address));
  const std::string value(is_peer ? 3 * limits::MiB : limits::value_bytes, 'v');
  std::size_t sent = 0;
  std::uint64_t now_us = 0;
  Received received;
  // Sixty values pile up before each time that the reader takes any.
  while (sent < 240) {
    if (sender.send(value) != SendOutcome::sent) {
      Poller room;
      room.watch(sender, Poller::For::writing);
      room.wait(1000);
      continue;
    }
    if (++sent % 60 != 0) continue;
    now_us += 1'000'000;
    guarded.router.look(now_us);
    for (int i = 0; i < 40 && guarded.router.receive(received) == ReceiveOutcome::message; ++i) ++guarded.messages;
    CHECK(guarded.router.cut_hoarders().empty());
  }
  CHECK(guarded.await([&] { return guarded.messages == sent; }));
  CHECK(guarded.cut.empty());
}

TEST_CASE("forty honest clients on slow networks, each in the middle of the largest value, are not cut") {
  Guarded guarded(SocketKind::service_router);
  std::vector<std::unique_ptr<RawDealer>> clients;
  for (int i = 0; i < 40; ++i) clients.push_back(std::make_unique<RawDealer>(guarded.address));
  const std::string value = RawDealer::frame(std::string(limits::value_bytes, 'v'));
  constexpr std::size_t step = 32 * limits::KiB;
  for (std::size_t round = 1; round <= 3; ++round) {
    for (std::size_t at = 0; at < value.size(); at += step) {
      for (const auto& client : clients) REQUIRE(client->send(value.substr(at, step)));
      guarded.round();
    }
    REQUIRE(guarded.await([&] { return guarded.messages == round * clients.size(); }));
  }
  CHECK(guarded.cut.empty());
}

TEST_CASE("attacks that are repeated do not add up in memory") {
  Guarded guarded(SocketKind::service_router);
  const std::size_t before = memory_in_use();
  for (std::size_t attack = 1; attack <= 10; ++attack) {
    const std::jthread stranger([&] { send_endless_parts(guarded.address, 0); });
    REQUIRE(guarded.await([&] { return guarded.cut.size() == attack; }));
    CHECK(guarded.cut.back().bytes < std::int64_t{limits::client_frame_bytes + 2 * limits::MiB});
  }
  // One attack takes 66 MiB, and as much again for what came before it was seen and for what the allocator keeps.
  CHECK(memory_in_use() < before + 256 * limits::MiB);
}

TEST_CASE("a connection that only says little, for long, is not cut") {
  Guarded guarded(SocketKind::service_router);
  RawDealer stranger(guarded.address);
  const std::string pings = RawDealer::frame(std::string("\4PING\0\0", 7), RawDealer::command);
  for (std::size_t sent = 1; sent <= 20; ++sent) {
    for (int i = 0; i < 1000; ++i) REQUIRE(stranger.send(pings));
    REQUIRE(stranger.send(RawDealer::frame("a question")));
    REQUIRE(guarded.await([&] { return guarded.messages == sent; }));
    guarded.round();
  }
  CHECK(guarded.cut.empty());
}

TEST_CASE("a connection that breaks while it waits for room aborts nobody") {
  // libzmq 4.3.4 does, if it has to send a heartbeat then.
  Guarded guarded(SocketKind::peer_router);
  {
    RawDealer stranger(guarded.address);
    stranger.break_when_closed();
    std::string frames;
    for (int i = 0; i < 2 * limits::unread_frames_per_peer; ++i) frames += RawDealer::frame("unread");
    REQUIRE(stranger.send(frames));
    Poller readable;
    readable.watch(guarded.router);
    readable.wait(patience_us);
  }
  // Nobody reads while a heartbeat of a second would come and go.
  Poller nothing;
  nothing.watch_connections(guarded.router);
  const SystemClock clock;
  guarded.router.look(clock.now().monotonic_us);
  const std::uint64_t end = clock.now().monotonic_us + 1'500'000;
  for (std::uint64_t now = 0; (now = clock.now().monotonic_us) < end;) nothing.wait(end - now);
  CHECK(guarded.await([&] { return guarded.messages > 0; }));
}
