#include <catch2/catch.hpp>

#include <atomic>
#include <memory>
#include <thread>

#include "client/client.hpp"
#include "client/transport_network.hpp"
#include "common/app/application.hpp"
#include "common/base/ensure.hpp"
#include "common/base/clock.hpp"
#include "common/mq/poller.hpp"
#include "common/transport/service_port.hpp"

using namespace parley;
using namespace parley::client;

namespace {

/// A server of one application behind a real port, in a thread of its own until the end of its life.
class PortServer {
 public:
  explicit PortServer(const Address& address) {
    std::atomic<bool> is_ready = false;
    thread_ = std::jthread([this, address, &is_ready](const std::stop_token& stop) {
      mq::Context context;
      auto port = transport::ServicePort::bind(context, address);
      ENSURE(port.has_value());
      address_ = port->address();
      is_ready = true;
      is_ready.notify_one();
      serve(*port, stop);
    });
    is_ready.wait(false);
  }
  [[nodiscard]] const Address& address() const { return address_; }

 private:
  static void serve(transport::ServicePort& port, const std::stop_token& stop) {
    ClusterId cluster;
    cluster.bytes[0] = 1;
    port.set_header({cluster, "n0", "n0", port.address().text()});
    app::MemoryTable table;
    auto application = app::Application::open(table);
    mq::Poller poller;
    poller.watch(port.socket());
    std::vector<transport::Arrival> arrivals;
    while (!stop.stop_requested()) {
      poller.wait(10'000);
      arrivals.clear();
      (void)port.receive(100, SystemClock().now().monotonic_us, arrivals);
      for (auto& arrival : arrivals) {
        for (const auto& request : arrival.frame.requests)
          port.reply(arrival.client, {request.id, answer(*application, request)});
      }
      port.flush();
    }
  }
  static wire::ReplyBody answer(app::Application& application, const wire::Request& request) {
    const auto* write = std::get_if<wire::WriteRequest>(&request.body);
    if (write == nullptr) return wire::DoneReply{};
    Entry entry;
    entry.index = application.applied().next();
    entry.kind = EntryKind::command;
    entry.payload = write->command;
    return wire::AppReply{entry.index, SharedBytes(Bytes(application.apply(entry).encoded))};
  }

  Address address_;
  std::jthread thread_;
};

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
