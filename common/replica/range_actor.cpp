#include "common/replica/range_actor.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/mq/poller.hpp"
#include "common/replica/range_desk.hpp"
#include "common/transport/range_port.hpp"

namespace parley::replica {
namespace {

/// Frames taken from the port before anything else is looked at.
constexpr std::size_t frames_per_round = 256;
/// Answers of sources, and news: as many as there are questions and clusters.
constexpr std::size_t mailbox_capacity = 65536;
/// When nothing is due it waits for whatever comes.
constexpr std::uint64_t idle_us = 3'600'000'000;

RangeDesk::Sent sent(mq::SendOutcome outcome) {
  switch (outcome) {
    case mq::SendOutcome::sent: return RangeDesk::Sent::sent;
    case mq::SendOutcome::unroutable: return RangeDesk::Sent::gone;
    case mq::SendOutcome::would_block: return RangeDesk::Sent::full;
  }
  return RangeDesk::Sent::full;
}

/// What the thread owns.
class RangeServer {
 public:
  RangeServer(transport::RangePort port, mq::Mailbox<RangeOrder>& mailbox, const Clock& clock, obs::Logger logger)
      : port_(std::move(port)), mailbox_(mailbox), clock_(clock), logger_(std::move(logger)), desk_(calls()) {}

  Status run(const std::stop_token& stop) {
    mq::Poller poller;
    poller.watch(port_.socket());
    poller.watch_connections(port_.socket());
    poller.watch(mailbox_.fd());
    while (!stop.stop_requested()) {
      now_us_ = clock_.now().monotonic_us;
      bool is_busy = take_orders();
      is_busy = take_requests() || is_busy;
      desk_.work(now_us_);
      poller.wait(!is_busy && mailbox_.prepare_to_sleep(desk_.awaits_entries()) ? sleep_us() : 0);
      mailbox_.awake();
    }
    return {};
  }

 private:
  RangeDesk::Calls calls() {
    RangeDesk::Calls calls;
    calls.send = [this](const transport::ClientKey& to, const wire::RangeReply& reply, std::uint64_t windows) {
      return sent(port_.send(to, reply, windows));
    };
    calls.unread = [this] { return port_.unread_in_all(); };
    calls.said = [this](const std::string& what) { logger_.warn("{}", what); };
    return calls;
  }
  bool take_orders() {
    if (!mailbox_.drain(orders_)) return false;
    for (RangeOrder& order : orders_) desk_.take(order, now_us_);
    orders_.clear();
    return true;
  }
  bool take_requests() {
    const std::size_t taken = port_.receive(frames_per_round, now_us_, arrivals_);
    for (const transport::RangeArrival& arrival : arrivals_) desk_.take(arrival.client, arrival.request, now_us_);
    arrivals_.clear();
    if (const auto warning = port_.take_warning()) logger_.warn("{}", *warning);
    return taken > 0;
  }
  [[nodiscard]] std::uint64_t sleep_us() const {
    std::uint64_t until_us = now_us_ + idle_us;
    until_us = std::min(until_us, desk_.next_due_us().value_or(until_us));
    until_us = std::min(until_us, port_.next_look_us().value_or(until_us));
    return until_us - std::min(until_us, now_us_);
  }

  transport::RangePort port_;
  mq::Mailbox<RangeOrder>& mailbox_;
  const Clock& clock_;
  obs::Logger logger_;
  RangeDesk desk_;
  std::uint64_t now_us_ = 0;
  std::vector<RangeOrder> orders_;
  std::vector<transport::RangeArrival> arrivals_;
};

}  // namespace

RangeActor::RangeActor(const Clock& clock, obs::Logger logger)
    : clock_(clock), logger_(std::move(logger)), mailbox_(mailbox_capacity) {}

Result<std::unique_ptr<RangeActor>> RangeActor::start(mq::Context& context, const Address& listen, const Clock& clock,
                                                      obs::Logger logger) {
  std::unique_ptr<RangeActor> self(new RangeActor(clock, std::move(logger)));
  RangeActor* const actor = self.get();
  auto started = mq::Actor::start(
      "ranges", [actor] { actor->mailbox_.wake(); },
      [actor, &context, listen]() -> Result<std::unique_ptr<RangeServer>> {
        auto port = transport::RangePort::bind(context, listen);
        if (!port) return std::unexpected(port.error());
        actor->address_ = port->address();
        return std::make_unique<RangeServer>(std::move(*port), actor->mailbox_, actor->clock_, actor->logger_);
      },
      [](std::unique_ptr<RangeServer>& server, const std::stop_token& stop) { return server->run(stop); });
  if (!started) return std::unexpected(started.error());
  self->actor_ = std::move(*started);
  return self;
}

void RangeActor::advanced(const ClusterId& cluster, const transfer::LogPoint& last) {
  mailbox_.replace_quietly(Advanced{cluster, last}, [&cluster](const RangeOrder& waiting, const RangeOrder&) {
    const auto* news = std::get_if<Advanced>(&waiting);
    return news != nullptr && news->cluster == cluster;
  });
}

}  // namespace parley::replica
