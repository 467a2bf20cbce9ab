#include <catch2/catch.hpp>

#include <memory>

#include "client/client.hpp"
#include "client/transport_network.hpp"
#include "common/base/clock.hpp"
#include "tests/client/port_server.hpp"

using namespace parley;
using namespace parley::client;

namespace {

struct RealClient {
  explicit RealClient(std::vector<Address> servers) : client(network, clock, settings(std::move(servers))) {}
  static ClientSettings settings(std::vector<Address> servers) {
    ClientSettings settings;
    settings.servers = std::move(servers);
    settings.timeout_us = 60'000'000;
    return settings;
  }
  Outcome set(const std::string& key) {
    std::optional<Outcome> outcome;
    client.submit(app::Set{key, "v"}, [&](Outcome&& ended) { outcome = std::move(ended); });
    while (!outcome) client.poll(60'000'000);
    return *outcome;
  }

  mq::Context context;
  TransportNetwork network{context};
  SystemClock clock;
  Client client;
};

}  // namespace

TEST_CASE("writes travel through real sockets, many at a time") {
  const PortServer server(Address{});
  RealClient real({server.address()});
  std::size_t answered = 0;
  for (int i = 0; i < 1000; ++i) {
    real.client.submit(app::Set{"k" + std::to_string(i), "v"},
                       [&](Outcome&& outcome) { answered += outcome.ok() ? 1 : 0; });
  }
  while (real.client.outstanding() > 0) real.client.poll(60'000'000);
  CHECK(answered == 1000);
  CHECK(real.client.counters().frames_sent < 200);
}

TEST_CASE("a server that is not there is passed over for one that is") {
  // Nobody listens there any more once the port was given back.
  const Address gone = PortServer(Address{}).address();
  const PortServer server(Address{});
  RealClient real({gone, server.address()});
  CHECK(real.set("k").ok());
}

TEST_CASE("a client goes on after its server was restarted at the same address") {
  auto server = std::make_unique<PortServer>(Address{});
  const Address address = server->address();
  RealClient real({address});
  CHECK(real.set("k").ok());
  server.reset();
  server = std::make_unique<PortServer>(address);
  // The new server knows no sessions. Whether the old one took the first try before it went, nobody can know.
  const Outcome first = real.set("k");
  CHECK((first.ok() || first.word == ErrorWord::timeout));
  CHECK(real.set("k").ok());
  CHECK(real.client.counters().sessions_opened == 2);
}

TEST_CASE("a server that comes back ends one wait, and not every one") {
  const Address address = PortServer(Address{}).address();
  mq::Context context;
  TransportNetwork network(context);
  const auto connection = network.connect(address);
  REQUIRE(connection.has_value());
  REQUIRE_FALSE((*connection)->is_writable());
  const PortServer server(address);
  network.wait(60'000'000, -1);
  const SystemClock clock;
  const std::uint64_t begin = clock.now().monotonic_us;
  network.wait(50'000, -1);
  CHECK(clock.now().monotonic_us - begin >= 50'000);
  CHECK((*connection)->is_writable());
}
