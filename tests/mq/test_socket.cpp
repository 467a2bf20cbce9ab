#include <catch2/catch.hpp>

#include <functional>

#include "common/base/clock.hpp"
#include "common/base/limits.hpp"
#include "common/mq/poller.hpp"
#include "common/mq/signaler.hpp"
#include "common/mq/socket.hpp"
#include "tests/mq/stranger.hpp"

using namespace parley;
using namespace parley::mq;
using namespace parley::mq::testing;

namespace {

constexpr std::uint64_t patience_us = 20'000'000;

Socket open(Context& context, SocketKind kind) {
  auto socket = Socket::open(context, kind);
  REQUIRE(socket);
  return std::move(*socket);
}

/// Receives until something other than nothing came, or patience ends.
ReceiveOutcome await(Socket& socket, Received& received) {
  Poller poller;
  poller.watch(socket);
  const SystemClock clock;
  const std::uint64_t end = clock.now().monotonic_us + patience_us;
  while (clock.now().monotonic_us < end) {
    const ReceiveOutcome outcome = socket.receive(received);
    if (outcome != ReceiveOutcome::nothing) return outcome;
    poller.wait(100'000);
  }
  return ReceiveOutcome::nothing;
}

bool await_writable(Socket& socket) {
  Poller poller;
  const auto slot = poller.watch(socket, Poller::For::writing);
  poller.wait(patience_us);
  return poller.ready(slot);
}

bool await_true(const std::function<bool()>& condition) {
  const SystemClock clock;
  Signaler idle;
  const std::uint64_t end = clock.now().monotonic_us + patience_us;
  while (!condition()) {
    if (clock.now().monotonic_us > end) return false;
    idle.wait(1000);
  }
  return true;
}

struct Pair {
  Context context;
  Socket router = open(context, SocketKind::service_router);
  Address address = *router.bind(Address{});
  Socket dealer = open(context, SocketKind::client_dealer);
  Pair() {
    REQUIRE(dealer.connect(address));
    REQUIRE(await_writable(dealer));
  }
};

}  // namespace

TEST_CASE("a listener on port 0 says which port it got, and messages go both ways") {
  Pair pair;
  CHECK(pair.address.port() != 0);
  CHECK(pair.address.is_loopback());
  REQUIRE(pair.dealer.send("question") == SendOutcome::sent);
  Received received;
  REQUIRE(await(pair.router, received) == ReceiveOutcome::message);
  CHECK(received.body.view() == "question");
  REQUIRE(pair.router.send_to(received.routing_id, "answer") == SendOutcome::sent);
  Received answer;
  REQUIRE(await(pair.dealer, answer) == ReceiveOutcome::message);
  CHECK(answer.body.view() == "answer");
  CHECK(answer.routing_id.empty());
  CHECK(pair.router.receive(received) == ReceiveOutcome::nothing);
}

TEST_CASE("a port in use, a foreign address and port 0 to connect to are errors that name the address") {
  Pair pair;
  Socket second = open(pair.context, SocketKind::service_router);
  const auto taken = second.bind(pair.address);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == ErrorCode::usage);
  CHECK_THAT(taken.error().what, Catch::Contains(pair.address.text()) && Catch::Contains("in use"));

  const auto foreign = second.bind(*Address::parse("203.0.113.7:0"));
  REQUIRE_FALSE(foreign);
  CHECK_THAT(foreign.error().what, Catch::Contains("203.0.113.7") && Catch::Contains("no such address"));

  const auto named = second.bind(*Address::parse("no-such-name.invalid:0"));
  REQUIRE_FALSE(named);
  CHECK_THAT(named.error().what, Catch::Contains("no-such-name.invalid"));

  Socket dealer = open(pair.context, SocketKind::client_dealer);
  CHECK_FALSE(dealer.connect(Address{}));
  CHECK(second.bind(Address{}));  // and the socket is still good
}

TEST_CASE("a dealer without a connection queues nothing and blocks nobody") {
  Context context;
  // A port that no test is given: one that was free a moment ago may be somebody's by now.
  const Address nowhere = Address{}.with_port(1);
  Socket dealer = open(context, SocketKind::peer_dealer);
  REQUIRE(dealer.connect(nowhere));
  const auto meter = std::make_shared<ByteMeter>();
  for (int i = 0; i < 1000; ++i) REQUIRE(dealer.send("lost", meter) == SendOutcome::would_block);
  CHECK(meter->bytes() == 0);
}

TEST_CASE("a router says who is unroutable, and gives the bytes back") {
  Pair pair;
  const auto meter = std::make_shared<ByteMeter>();
  CHECK(pair.router.send_to("nobody", "lost", meter) == SendOutcome::unroutable);
  CHECK(meter->bytes() == 0);

  REQUIRE(pair.dealer.send("hello") == SendOutcome::sent);
  Received received;
  REQUIRE(await(pair.router, received) == ReceiveOutcome::message);
  pair.dealer = open(pair.context, SocketKind::client_dealer);
  CHECK(await_true([&] { return pair.router.send_to(received.routing_id, "late", meter) == SendOutcome::unroutable; }));
  // libzmq lets go of a dead connection's messages when its socket is next used, as a service's is all the time.
  CHECK(await_true([&] { return pair.router.receive(received) == ReceiveOutcome::nothing && meter->bytes() == 0; }));
}

TEST_CASE("a meter counts what libzmq still holds, here and in the whole") {
  Pair pair;
  REQUIRE(pair.dealer.send("hello") == SendOutcome::sent);
  Received received;
  REQUIRE(await(pair.router, received) == ReceiveOutcome::message);
  const auto whole = std::make_shared<ByteMeter>();
  const auto meter = std::make_shared<ByteMeter>(whole);
  // The dealer reads nothing: kernel buffers fill, then libzmq holds the rest.
  const std::string body(limits::MiB, 'x');
  std::size_t given = 0;
  while (meter->bytes() < 8 * limits::MiB) {
    REQUIRE(pair.router.send_to(received.routing_id, body, meter) == SendOutcome::sent);
    ++given;
    REQUIRE(given < 1000);
  }
  CHECK(whole->bytes() >= 8 * limits::MiB);
  Received answer;
  for (std::size_t i = 0; i < given; ++i) {
    REQUIRE(await(pair.dealer, answer) == ReceiveOutcome::message);
    REQUIRE(answer.body.view() == body);
  }
  CHECK(await_true([&] { return meter->bytes() == 0 && whole->bytes() == 0; }));
}

TEST_CASE("a message of several parts is dropped whole, and what follows is heard") {
  Pair pair;
  StrangeDealer stranger(pair.address);
  REQUIRE(stranger.send({"", "request in the manner of REQ"}));
  REQUIRE(stranger.send({"a", "b", "c", "d"}));
  REQUIRE(stranger.send({"proper"}));
  Received received;
  CHECK(await(pair.router, received) == ReceiveOutcome::dropped);
  CHECK(await(pair.router, received) == ReceiveOutcome::dropped);
  REQUIRE(await(pair.router, received) == ReceiveOutcome::message);
  CHECK(received.body.view() == "proper");
}

TEST_CASE("a frame beyond the bound ends the connection that sent it and no other") {
  Pair pair;
  StrangeDealer stranger(pair.address);
  REQUIRE(stranger.send({std::string(limits::client_frame_bytes + 1, 'x')}));
  REQUIRE(pair.dealer.send(std::string(limits::client_frame_bytes, 'y')) == SendOutcome::sent);
  Received received;
  REQUIRE(await(pair.router, received) == ReceiveOutcome::message);
  CHECK(received.body.size() == limits::client_frame_bytes);
  CHECK(received.body.view().front() == 'y');
  CHECK(pair.router.receive(received) == ReceiveOutcome::nothing);
}

TEST_CASE("bytes that are not ZMTP harm nobody") {
  Pair pair;
  send_raw_tcp(pair.address, "GET / HTTP/1.1\r\n\r\n");
  send_raw_tcp(pair.address, std::string(100000, '\xff'));
  send_raw_tcp(pair.address, "");
  REQUIRE(pair.dealer.send("still here") == SendOutcome::sent);
  Received received;
  REQUIRE(await(pair.router, received) == ReceiveOutcome::message);
  CHECK(received.body.view() == "still here");
}

TEST_CASE("a body stays as it is, however it is kept, while others come and go") {
  Pair pair;
  std::vector<SharedBytes> kept;
  const std::vector<std::size_t> sizes = {0, 1, 33, 34, 1000, 8191, 8192, 100000};
  for (const std::size_t size : sizes) {
    REQUIRE(pair.dealer.send(std::string(size, static_cast<char>('a' + kept.size()))) == SendOutcome::sent);
    Received received;
    REQUIRE(await(pair.router, received) == ReceiveOutcome::message);
    kept.push_back(received.body);
  }
  pair.router = open(pair.context, SocketKind::service_router);  // the bodies outlive the socket
  for (std::size_t i = 0; i < sizes.size(); ++i)
    CHECK(kept[i].view() == std::string(sizes[i], static_cast<char>('a' + i)));
}

TEST_CASE("keeping one small message does not keep a read buffer") {
  Pair pair;
  std::vector<SharedBytes> kept;
  const std::size_t before = memory_in_use();
  for (int i = 0; i < 20000; ++i) {
    REQUIRE(pair.dealer.send(std::string(100, 'k')) == SendOutcome::sent);
    Received received;
    REQUIRE(await(pair.router, received) == ReceiveOutcome::message);
    kept.push_back(received.body);
  }
  CHECK(memory_in_use() < before + 20000 * 2000);  // with libzmq's zero-copy receive they take 8 KiB each, 160 MB
}

TEST_CASE("a peer's connection on which nothing is read for seconds is cut, though its machine is there") {
  Context context;
  Socket router = open(context, SocketKind::peer_router);
  const auto address = router.bind(Address{});
  REQUIRE(address);
  RawDealer deaf(*address);
  REQUIRE(deaf.send(RawDealer::frame("hello")));
  Received hello;
  REQUIRE(await(router, hello) == ReceiveOutcome::message);
  // More than the kernel takes for somebody who reads nothing.
  REQUIRE(router.send_to(hello.routing_id, Bytes(64 * limits::MiB, 'm')) == SendOutcome::sent);
  Received nothing;
  CHECK(await_true([&] {
    // libzmq notes the end of a connection when it is read from.
    return router.receive(nothing) == ReceiveOutcome::nothing &&
           router.send_to(hello.routing_id, "more") == SendOutcome::unroutable;
  }));
}

TEST_CASE("a range dealer learns of its connection, and what it sends on the next one arrives") {
  Context context;
  std::optional<Socket> router = open(context, SocketKind::range_router);
  const Address address = *router->bind(Address{});
  Socket dealer = open(context, SocketKind::range_dealer);
  REQUIRE(dealer.connect(address));
  Poller poller;
  poller.watch_connections(dealer);
  const auto await_news = [&](auto condition) {
    const SystemClock clock;
    const std::uint64_t end = clock.now().monotonic_us + patience_us;
    while (clock.now().monotonic_us < end) {
      if (condition(dealer.take_connection_news())) return true;
      poller.wait(patience_us);
    }
    return false;
  };
  const auto is_up = [](const ConnectionNews& news) { return news.is_up; };
  REQUIRE(await_news([](const ConnectionNews& news) { return news.is_up && !news.was_lost; }));
  for (int round = 0; round < 5; ++round) {
    INFO("round " << round);
    router.reset();
    REQUIRE(await_news([](const ConnectionNews& news) { return news.was_lost && !news.is_up; }));
    CHECK_FALSE(dealer.take_connection_news().was_lost);
    router = open(context, SocketKind::range_router);
    REQUIRE(await_true([&] { return router->bind(address).has_value(); }));
    REQUIRE(await_news(is_up));
    CHECK(dealer.send("hello") == SendOutcome::sent);
    Received received;
    REQUIRE(await(*router, received) == ReceiveOutcome::message);
    CHECK(received.body.view() == "hello");
  }
}

TEST_CASE("a context with no sockets left says so") {
  Context context({.io_threads = 1, .max_sockets = 2});
  const auto first = Socket::open(context, SocketKind::client_dealer);
  const auto second = Socket::open(context, SocketKind::client_dealer);
  const auto third = Socket::open(context, SocketKind::client_dealer);
  CHECK(first.has_value());
  REQUIRE_FALSE((second.has_value() && third.has_value()));
  CHECK((third ? second : third).error().code == ErrorCode::io);
}

TEST_CASE("IPv6 works where the machine has it") {
  Context context;
  Socket router = open(context, SocketKind::service_router);
  const auto bound = router.bind(*Address::parse("[::1]:0"));
  if (!bound) {
    CHECK_THAT(bound.error().what, Catch::Contains("[::1]:0"));
    return;
  }
  CHECK(bound->is_ipv6());
  Socket dealer = open(context, SocketKind::client_dealer);
  REQUIRE(dealer.connect(*bound));
  REQUIRE(await_writable(dealer));
  REQUIRE(dealer.send("six") == SendOutcome::sent);
  Received received;
  REQUIRE(await(router, received) == ReceiveOutcome::message);
  CHECK(received.body.view() == "six");
}
