#include <catch2/catch.hpp>

#include <functional>
#include <map>

#include "common/base/clock.hpp"
#include "common/base/limits.hpp"
#include "common/base/random.hpp"
#include "common/mq/poller.hpp"
#include "common/transport/service_client.hpp"
#include "common/transport/service_port.hpp"
#include "common/wire/client_codec.hpp"
#include "tests/mq/stranger.hpp"

using namespace parley;
using namespace parley::transport;
using parley::mq::testing::memory_in_use;
using parley::mq::testing::StrangeDealer;

namespace {

constexpr std::uint64_t patience_us = 120'000'000;  // with a sanitizer on a busy machine gigabytes take long

ClusterId cluster(std::uint8_t number) {
  ClusterId id;
  id.bytes.fill(number);
  return id;
}

wire::Request read(std::uint64_t id) {
  return {id, 1000, wire::ReadRequest{wire::ReadMode::stale, SharedBytes(Bytes("query"))}};
}

wire::Reply answer(std::uint64_t id, std::size_t bytes) {
  return {id, wire::AppReply{Index{id}, SharedBytes(Bytes(bytes, 'r'))}};
}

/// A port and its clients, which take turns in one thread.
struct Service {
  mq::Context context{{.io_threads = 1, .max_sockets = 4000}};
  ServicePort port = *ServicePort::bind(context, Address{});
  std::vector<Arrival> arrivals;

  Service() { port.set_header({cluster(1), "node0", "node1", "127.0.0.1:11001"}); }

  ServiceClient client() {
    auto made = ServiceClient::connect(context, port.address());
    REQUIRE(made);
    mq::Poller poller;
    const auto slot = poller.watch(made->socket(), mq::Poller::For::writing);
    poller.wait(patience_us);
    REQUIRE(poller.ready(slot));
    return std::move(*made);
  }
  bool await(const std::function<bool()>& condition) {
    const SystemClock clock;
    const std::uint64_t end = clock.now().monotonic_us + patience_us;
    mq::Poller poller;
    poller.watch(port.socket());
    while (!condition()) {
      if (clock.now().monotonic_us > end) return false;
      (void)port.receive(100, clock.now().monotonic_us, arrivals);
      port.flush();
      poller.wait(1000);
    }
    return true;
  }
  wire::ReplyFrame reply_to(ServiceClient& from) {
    std::optional<Result<wire::ReplyFrame>> frame;
    REQUIRE(await([&] { return (frame = from.receive()).has_value(); }));
    REQUIRE(frame->has_value());
    return **frame;
  }
};

const wire::ErrorReply& error_of(const wire::Reply& reply) { return std::get<wire::ErrorReply>(reply.body); }

}  // namespace

TEST_CASE("requests arrive by connection, and each connection gets its own replies in one frame") {
  Service service;
  ServiceClient first = service.client();
  ServiceClient second = service.client();
  const wire::RequestFrame asked{cluster(1), {read(1), read(2), read(3)}};
  REQUIRE(first.send(asked) == mq::SendOutcome::sent);
  REQUIRE(second.send({ClusterId{}, {read(1)}}) == mq::SendOutcome::sent);
  REQUIRE(service.await([&] { return service.arrivals.size() == 2; }));
  const auto& of_first = service.arrivals[0].frame.requests.size() == 3 ? service.arrivals[0] : service.arrivals[1];
  const auto& of_second = service.arrivals[0].frame.requests.size() == 3 ? service.arrivals[1] : service.arrivals[0];
  CHECK(of_first.frame == asked);
  CHECK(of_first.client != of_second.client);

  service.port.reply(of_second.client, answer(1, 10));
  for (const std::uint64_t id : {3, 1, 2}) service.port.reply(of_first.client, answer(id, 5));
  service.port.flush();
  const wire::ReplyFrame to_first = service.reply_to(first);
  CHECK(to_first.cluster == cluster(1));
  CHECK(to_first.node == "node0");
  CHECK(to_first.leader == "node1");
  CHECK(to_first.leader_address == "127.0.0.1:11001");
  CHECK(to_first.replies == std::vector{answer(3, 5), answer(1, 5), answer(2, 5)});
  CHECK(service.reply_to(second).replies == std::vector{answer(1, 10)});
  CHECK(service.port.stats().requests_in == 4);
  CHECK(service.port.stats().frames_out == 2);
  CHECK(service.port.stats().replies_out == 4);
}

TEST_CASE("a frame that cannot be read is answered once, with what is wrong") {
  Service service;
  StrangeDealer stranger(service.port.address());
  REQUIRE(stranger.send({"garbage"}));
  REQUIRE(service.await([&] { return service.port.stats().malformed == 1 && service.port.stats().frames_out == 1; }));
  auto parts = stranger.receive();
  REQUIRE(parts.size() == 1);
  auto frame = wire::decode_reply_frame(SharedBytes(parts[0]));
  REQUIRE(frame);
  REQUIRE(frame->replies.size() == 1);
  CHECK(frame->replies[0].id == 0);
  CHECK(error_of(frame->replies[0]).error == ErrorWord::invalid);

  std::string newer = wire::encode(wire::RequestFrame{cluster(1), {read(1)}});
  newer[1] = 9;
  REQUIRE(stranger.send({newer}));
  REQUIRE(service.await([&] { return service.port.stats().frames_out == 2; }));
  parts = stranger.receive();
  REQUIRE(parts.size() == 1);
  frame = wire::decode_reply_frame(SharedBytes(parts[0]));
  REQUIRE(frame);
  CHECK_THAT(error_of(frame->replies.at(0)).detail, Catch::Contains("version 9") && Catch::Contains("version 1"));
  CHECK(service.arrivals.empty());
}

TEST_CASE("a client that remembers another cluster is refused, request by request, naming both") {
  Service service;
  ServiceClient client = service.client();
  REQUIRE(client.send({cluster(2), {read(5), read(6)}}) == mq::SendOutcome::sent);
  const wire::ReplyFrame frame = service.reply_to(client);
  REQUIRE(frame.replies.size() == 2);
  CHECK(frame.replies[0].id == 5);
  CHECK(frame.replies[1].id == 6);
  CHECK(error_of(frame.replies[0]).error == ErrorWord::denied);
  CHECK_THAT(error_of(frame.replies[0]).detail,
             Catch::Contains(cluster(1).text()) && Catch::Contains(cluster(2).text()));
  CHECK(service.arrivals.empty());
  CHECK(service.port.stats().foreign == 2);

  service.port.set_header({ClusterId{}, "node0", "", ""});
  REQUIRE(client.send({cluster(2), {read(7)}}) == mq::SendOutcome::sent);
  CHECK_THAT(error_of(service.reply_to(client).replies.at(0)).detail, Catch::Contains("no cluster yet"));
}

TEST_CASE("what strangers send harms nobody") {
  Service service;
  StrangeDealer stranger(service.port.address());
  Random random(5);
  REQUIRE(stranger.send({"", "in the manner of REQ"}));
  REQUIRE(stranger.send(std::vector<std::string>(50, "part")));
  for (int i = 0; i < 300; ++i) {
    std::string garbage(random.below(300), '\0');
    for (char& c : garbage) c = static_cast<char>(random.below(256));
    REQUIRE(stranger.send({garbage}));
  }
  mq::testing::send_raw_tcp(service.port.address(), std::string(5000, '\x90'));
  StrangeDealer glutton(service.port.address());
  REQUIRE(glutton.send({std::string(limits::client_frame_bytes + 1, 'x')}));
  // More than 300: libzmq takes bytes without a greeting for the first version of ZMTP, and hands us frames of them.
  REQUIRE(service.await([&] { return service.port.stats().malformed >= 300; }));
  CHECK(service.port.stats().multipart == 2);
  ServiceClient client = service.client();
  REQUIRE(client.send({ClusterId{}, {read(1)}}) == mq::SendOutcome::sent);
  REQUIRE(service.await([&] { return service.arrivals.size() == 1; }));
  service.port.reply(service.arrivals[0].client, answer(1, 1));
  CHECK(service.reply_to(client).replies.size() == 1);
}

TEST_CASE("replies that do not fit one frame go into several, and one that fits none becomes an error") {
  Service service;
  ServiceClient client = service.client();
  REQUIRE(client.send({ClusterId{}, {read(1)}}) == mq::SendOutcome::sent);
  REQUIRE(service.await([&] { return service.arrivals.size() == 1; }));
  const ClientKey key = service.arrivals[0].client;
  for (std::uint64_t id = 1; id <= 5; ++id) service.port.reply(key, answer(id, limits::MiB));
  for (std::uint64_t id = 6; id <= 5 + limits::replies_per_frame + 1; ++id) service.port.reply(key, answer(id, 1));
  service.port.reply(key, answer(0, limits::command_bytes + 1));
  service.port.flush();
  std::uint64_t next = 1;
  while (next <= 5 + limits::replies_per_frame + 1) {
    for (const wire::Reply& reply : service.reply_to(client).replies) {
      if (reply.id == 0) {
        CHECK(error_of(reply).error == ErrorWord::too_large);
      } else {
        REQUIRE(reply.id == next++);
      }
    }
  }
  CHECK(service.port.stats().frames_out >= 3);
  CHECK(service.port.stats().replies_unread == 0);
}

TEST_CASE("replies to a client that is gone are dropped and counted") {
  Service service;
  {
    ServiceClient client = service.client();
    REQUIRE(client.send({ClusterId{}, {read(1)}}) == mq::SendOutcome::sent);
    REQUIRE(service.await([&] { return service.arrivals.size() == 1; }));
  }
  REQUIRE(service.await([&] {
    service.port.reply(service.arrivals[0].client, answer(1, 10));
    return service.port.stats().replies_gone > 0;
  }));
  service.port.reply(ClientKey("never was"), answer(1, 10));
  const auto gone = service.port.stats().replies_gone;
  service.port.flush();
  CHECK(service.port.stats().replies_gone >= gone + 1);
}

TEST_CASE("clients that never read cost a bounded amount of memory, and others are answered as before") {
  Service service;
  constexpr std::size_t slow_clients = 24;
  std::vector<ServiceClient> slow;
  for (std::size_t i = 0; i < slow_clients; ++i) {
    slow.push_back(service.client());
    REQUIRE(slow.back().send({ClusterId{}, {read(i)}}) == mq::SendOutcome::sent);
  }
  REQUIRE(service.await([&] { return service.arrivals.size() == slow_clients; }));
  std::vector<ClientKey> keys;
  for (const Arrival& arrival : service.arrivals) keys.push_back(arrival.client);
  service.arrivals.clear();

  // In this process the slow ends hold what they received and did not read: 256 frames each, so frames are small enough
  // here.
  const std::size_t before = memory_in_use();
  const auto feed = [&](int rounds) {
    for (int round = 0; round < rounds; ++round) {
      for (const ClientKey& key : keys) service.port.reply(key, answer(1, 64 * limits::KiB));
      service.port.flush();
    }
  };
  REQUIRE(service.await([&] {
    feed(10);
    return service.port.stats().replies_unread > 100 * slow_clients;
  }));
  feed(2000);  // 3 GB
  const std::size_t held_by_slow_ends = slow_clients * 256 * 64 * limits::KiB;
  CHECK(memory_in_use() < before + held_by_slow_ends + limits::unread_bytes_in_all + 300 * limits::MiB);

  ServiceClient healthy = service.client();
  for (std::uint64_t id = 1; id <= 50; ++id) {
    REQUIRE(healthy.send({ClusterId{}, {read(id)}}) == mq::SendOutcome::sent);
    REQUIRE(service.await([&] { return service.arrivals.size() == 1; }));
    service.port.reply(service.arrivals[0].client, answer(id, limits::MiB));
    service.arrivals.clear();
    feed(1);
    REQUIRE(service.reply_to(healthy).replies.at(0).id == id);
  }
}

TEST_CASE("connections that come and go leave nothing behind") {
  Service service;
  for (std::uint64_t id = 0; id < 500; ++id) {
    ServiceClient client = service.client();
    REQUIRE(client.send({ClusterId{}, {read(id)}}) == mq::SendOutcome::sent);
    REQUIRE(service.await([&] { return service.arrivals.size() == 1; }));
    service.port.reply(service.arrivals[0].client, answer(id, 10));
    service.arrivals.clear();
    REQUIRE(service.reply_to(client).replies.at(0).id == id);
  }
  CHECK(service.port.remembered() <= 64);
}

TEST_CASE("a client without a connection is told so at once") {
  Service service;
  const Address nowhere = *Address::parse("127.0.0.1:9");
  auto client = ServiceClient::connect(service.context, nowhere);
  REQUIRE(client);
  CHECK(client->address() == nowhere);
  CHECK(client->send({ClusterId{}, {read(1)}}) == mq::SendOutcome::would_block);
  CHECK_FALSE(client->receive().has_value());
  CHECK_FALSE(ServiceClient::connect(service.context, Address{}));
  CHECK_FALSE(ServicePort::bind(service.context, service.port.address()));
}

TEST_CASE("a client survives a server that sends nonsense") {
  mq::Context context;
  auto router = *mq::Socket::open(context, mq::SocketKind::service_router);
  const Address address = *router.bind(Address{});
  auto client = ServiceClient::connect(context, address);
  REQUIRE(client);
  mq::Poller poller;
  poller.watch(client->socket(), mq::Poller::For::writing);
  poller.wait(patience_us);
  REQUIRE(client->send({ClusterId{}, {read(1)}}) == mq::SendOutcome::sent);
  mq::Received received;
  mq::Poller at_router;
  at_router.watch(router);
  at_router.wait(patience_us);
  REQUIRE(router.receive(received) == mq::ReceiveOutcome::message);
  REQUIRE(router.send_to(received.routing_id, "nonsense") == mq::SendOutcome::sent);
  mq::Poller at_client;
  at_client.watch(client->socket());
  at_client.wait(patience_us);
  const auto answered = client->receive();
  REQUIRE(answered.has_value());
  REQUIRE_FALSE(answered->has_value());
  CHECK(answered->error().code == ErrorCode::protocol);
}
