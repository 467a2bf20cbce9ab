#pragma once
#include <atomic>
#include <stop_token>
#include <thread>
#include <vector>

#include "common/app/application.hpp"
#include "common/base/clock.hpp"
#include "common/base/ensure.hpp"
#include "common/mq/poller.hpp"
#include "common/transport/service_port.hpp"

namespace parley::client {

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
    if (const auto* read = std::get_if<wire::ReadRequest>(&request.body)) {
      const auto query = app::decode_query(read->query.view());
      ENSURE(query.has_value());
      return wire::AppReply{application.applied(), SharedBytes(app::encode_reply(application.query(*query)))};
    }
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

}  // namespace parley::client
