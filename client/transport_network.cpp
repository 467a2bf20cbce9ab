#include "client/transport_network.hpp"

#include <algorithm>
#include <utility>

#include "common/transport/service_client.hpp"

namespace parley::client {

class TransportConnection final : public Connection {
 public:
  TransportConnection(TransportNetwork& network, transport::ServiceClient link)
      : network_(network), link_(std::move(link)) {
    network_.connections_.push_back(this);
  }
  ~TransportConnection() override { std::erase(network_.connections_, this); }
  TransportConnection(const TransportConnection&) = delete;
  TransportConnection& operator=(const TransportConnection&) = delete;

  bool is_writable() override {
    mq::Poller poller;
    const auto slot = poller.watch(link_.socket(), mq::Poller::For::writing);
    poller.wait(0);
    waits_to_write_ = !poller.ready(slot);
    return !waits_to_write_;
  }
  bool send(const wire::RequestFrame& frame) override {
    waits_to_write_ = link_.send(frame) != mq::SendOutcome::sent;
    return !waits_to_write_;
  }
  std::optional<wire::ReplyFrame> receive() override {
    while (auto received = link_.receive()) {
      if (*received) return std::move(**received);
    }
    return std::nullopt;
  }

  [[nodiscard]] mq::Socket& socket() { return link_.socket(); }
  [[nodiscard]] bool waits_to_write() const { return waits_to_write_; }
  /// Its wait is over. Whether a frame is sent now is not ours to say; if none is, watching on would end every wait at
  /// once.
  void may_write() { waits_to_write_ = false; }

 private:
  TransportNetwork& network_;
  transport::ServiceClient link_;
  bool waits_to_write_ = false;
};

Result<std::unique_ptr<Connection>> TransportNetwork::connect(const Address& server) {
  auto link = transport::ServiceClient::connect(context_, server);
  if (!link) return std::unexpected(link.error());
  return std::make_unique<TransportConnection>(*this, *std::move(link));
}

bool TransportNetwork::wait(std::uint64_t timeout_us, int input) {
  constexpr std::uint64_t longest_us = 3'600'000'000;
  poller_.clear();
  writers_.clear();
  const auto input_slot = input >= 0 ? poller_.watch(input) : 0;
  for (TransportConnection* connection : connections_) {
    poller_.watch(connection->socket());
    if (!connection->waits_to_write()) continue;
    writers_.emplace_back(connection, poller_.watch(connection->socket(), mq::Poller::For::writing));
  }
  poller_.wait(std::min(timeout_us, longest_us));
  for (const auto& [connection, slot] : writers_) {
    if (poller_.ready(slot)) connection->may_write();
  }
  return input >= 0 && poller_.ready(input_slot);
}

}  // namespace parley::client
