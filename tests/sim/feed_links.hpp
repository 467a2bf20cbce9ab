#pragma once
#include <deque>
#include <functional>
#include <map>

#include "client/network.hpp"
#include "tests/sim/machine.hpp"

namespace parley::sim {

/// The connections of one client that follows, one to each machine: what is sent arrives in order, until the connection
/// breaks, by itself or with the process at its other end. Then what was on its way is lost, in both directions, and it
/// comes back under another name.
class FeedLinks final : public client::Network {
 public:
  struct Calls {
    std::function<Machine*(std::size_t machine)> machine;  ///< null if there is none of this number
    std::function<void()> arrived;                         ///< something may be received
  };
  FeedLinks(World& world, std::string name, std::uint64_t seed, Calls calls);
  ~FeedLinks() override;

  Result<std::unique_ptr<client::Connection>> connect(const Address& server) override;
  bool wait(std::uint64_t, int) override { return false; }

  /// From a machine, for the connection of this name, if it is ours.
  void answer(std::size_t machine, const node::Answer& answer, const std::string& node, const std::string& leader,
              const std::string& leader_address);
  void make_reliable() { is_reliable_ = true; }

  /// The number of the machine with this address for clients.
  [[nodiscard]] static std::size_t machine_at(const Address& address);
  [[nodiscard]] static std::string address_of(std::size_t machine);

 private:
  struct Link {
    std::uint64_t life = 0;
    std::uint64_t process = 0;  ///< the life of the machine's process
    std::uint64_t broken_until_us = 0;
    std::uint64_t out_until_us = 0;  ///< when the last thing sent there arrives
    std::uint64_t in_until_us = 0;
    std::deque<wire::ReplyFrame> arrived;
  };
  class LinkConnection;

  [[nodiscard]] std::string name_of(std::size_t machine) const;
  [[nodiscard]] bool is_up(std::size_t machine);
  [[nodiscard]] bool send(std::size_t machine, const wire::RequestFrame& frame);
  void break_link(std::size_t machine);
  void tell_of_loss(std::size_t machine, const Bytes& connection, std::uint64_t most_us);
  [[nodiscard]] bool breaks();

  World& world_;
  const std::string name_;
  Random random_;
  Calls calls_;
  bool is_reliable_ = false;
  std::map<std::size_t, Link> links_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
};

}  // namespace parley::sim
