#include "common/transport/frame_port.hpp"

#include <algorithm>

namespace parley::transport {
namespace {

constexpr std::uint64_t warn_again_us = 10'000'000;

}  // namespace

Result<FramePort> FramePort::bind(mq::Context& context, mq::SocketKind kind, const Address& address) {
  auto router = mq::Socket::open(context, kind);
  if (!router) return std::unexpected(router.error());
  auto bound = router->bind(address);
  if (!bound) return std::unexpected(bound.error());
  return FramePort(std::move(*router), std::move(*bound));
}

FramePort::FramePort(mq::Socket router, Address address) : router_(std::move(router)), address_(std::move(address)) {}

std::size_t FramePort::receive(std::size_t budget, std::uint64_t now_us, std::vector<FrameArrival>& arrivals) {
  router_.look(now_us);
  const std::size_t taken = receive_frames(budget, arrivals);
  cut_hoarders(now_us);
  return taken;
}

std::size_t FramePort::receive_frames(std::size_t budget, std::vector<FrameArrival>& arrivals) {
  mq::Received received;
  for (std::size_t taken = 0; taken < budget; ++taken) {
    switch (router_.receive(received)) {
      case mq::ReceiveOutcome::nothing: return taken;
      case mq::ReceiveOutcome::dropped: ++multipart_; break;
      case mq::ReceiveOutcome::message:
        arrivals.push_back({ClientKey(std::move(received.routing_id)), std::move(received.body)});
        break;
    }
  }
  return budget;
}

void FramePort::cut_hoarders(std::uint64_t now_us) {
  const std::vector<mq::CutConnection> cut = router_.cut_hoarders();
  if (cut.empty()) return;
  cut_ += cut.size();
  if (warned_us_ && now_us - *warned_us_ < warn_again_us) return;
  warned_us_ = now_us;
  warning_ = "on " + address_.text() + " " + mq::text(cut.front()) + "; " + std::to_string(cut_) +
             " have been since the start";
}

const std::shared_ptr<mq::ByteMeter>& FramePort::meter_of(const ClientKey& client) {
  const auto known = meters_.find(client);
  if (known != meters_.end()) return known->second;
  if (meters_.size() >= forget_at_) {
    std::erase_if(meters_, [](const auto& item) { return item.second->bytes() == 0; });
    // Twice what is left: so that looking through all of them is paid for by as many new ones.
    forget_at_ = std::max<std::size_t>(64, 2 * meters_.size());
  }
  return meters_.emplace(client, std::make_shared<mq::ByteMeter>(unread_in_all_)).first->second;
}

std::size_t FramePort::unread(const ClientKey& client) const {
  const auto known = meters_.find(client);
  return known == meters_.end() ? 0 : known->second->bytes();
}

mq::SendOutcome FramePort::send(const ClientKey& client, Bytes frame) {
  return router_.send_to(client.routing_id(), std::move(frame), meter_of(client));
}

}  // namespace parley::transport
