#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stop_token>
#include <thread>
#include <vector>

#include "common/base/clock.hpp"
#include "common/mq/poller.hpp"
#include "common/transport/service_client.hpp"
#include "common/transport/service_port.hpp"

/// Prints how many requests a second go through a ServicePort and back, decoded and encoded on both sides, by the
/// number of requests in a frame and of frames that are outstanding. One connection, a thread for each side, no work in
/// between. Usage: measure_transport [requests per frame, 256] [frames outstanding, 4] [seconds, 3] [bytes of a
/// command, 160]
using namespace parley;
using namespace parley::transport;

namespace {

std::uint64_t argument(int count, char** values, int index, std::uint64_t fallback) {
  return index < count ? std::strtoull(values[index], nullptr, 10) : fallback;
}

void serve(ServicePort& port, const std::stop_token& stop) {
  mq::Poller poller;
  poller.watch(port.socket());
  std::vector<Arrival> arrivals;
  const SystemClock clock;
  while (!stop.stop_requested()) {
    arrivals.clear();
    const std::size_t taken = port.receive(64, clock.now().monotonic_us, arrivals);
    for (const Arrival& arrival : arrivals) {
      for (const wire::Request& request : arrival.frame.requests) {
        port.reply(arrival.client, {request.id, wire::AppReply{Index{request.id}, {}}});
      }
    }
    port.flush();
    if (taken < 64) poller.wait(10'000);
  }
}

}  // namespace

int main(int count, char** values) {
  const std::uint64_t per_frame = argument(count, values, 1, 256);
  const std::uint64_t outstanding = argument(count, values, 2, 4);
  const std::uint64_t seconds = argument(count, values, 3, 3);
  const std::uint64_t bytes = argument(count, values, 4, 160);

  mq::Context context;
  auto port = ServicePort::bind(context, Address{});
  if (!port) return 1;
  const Address address = port->address();
  const std::jthread server([&port](const std::stop_token& stop) { serve(*port, stop); });

  auto client = ServiceClient::connect(context, address);
  if (!client) return 1;
  mq::Poller writable;
  writable.watch(client->socket(), mq::Poller::For::writing);
  writable.wait(std::nullopt);

  wire::RequestFrame frame;
  const SharedBytes command(Bytes(bytes, 'c'));
  for (std::uint64_t id = 0; id < per_frame; ++id) frame.requests.push_back({id, 5000, wire::WriteRequest{command}});

  mq::Poller readable;
  readable.watch(client->socket());
  std::uint64_t waiting = 0;
  std::uint64_t answered = 0;
  const auto begin = std::chrono::steady_clock::now();
  const auto end = begin + std::chrono::seconds(seconds);
  while (std::chrono::steady_clock::now() < end) {
    while (waiting < outstanding * per_frame && client->send(frame) == mq::SendOutcome::sent) waiting += per_frame;
    bool heard = false;
    while (const auto reply = client->receive()) {
      if (!reply->has_value()) return 1;
      heard = true;
      waiting -= (*reply)->replies.size();
      answered += (*reply)->replies.size();
    }
    if (!heard) readable.wait(10'000);
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  std::printf("%llu requests a frame, %llu frames outstanding, %llu bytes: %.0f requests/s\n",
              static_cast<unsigned long long>(per_frame), static_cast<unsigned long long>(outstanding),
              static_cast<unsigned long long>(bytes), static_cast<double>(answered) / spent.count());
  return 0;
}
