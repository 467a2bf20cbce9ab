#pragma once
#include <utility>
#include <vector>

#include "client/network.hpp"
#include "common/mq/context.hpp"
#include "common/mq/poller.hpp"

namespace parley::client {

class TransportConnection;

/// The network that is there: one socket to each server. For one thread.
class TransportNetwork final : public Network {
 public:
  /// `context` must outlive it.
  explicit TransportNetwork(mq::Context& context) : context_(context) {}
  TransportNetwork(const TransportNetwork&) = delete;
  TransportNetwork& operator=(const TransportNetwork&) = delete;

  [[nodiscard]] Result<std::unique_ptr<Connection>> connect(const Address& server) override;
  bool wait(std::uint64_t timeout_us, int input) override;

 private:
  friend class TransportConnection;
  mq::Context& context_;
  mq::Poller poller_;
  std::vector<TransportConnection*> connections_;                           ///< each takes itself out when it ends
  std::vector<std::pair<TransportConnection*, mq::Poller::Slot>> writers_;  ///< used within wait()
};

}  // namespace parley::client
