#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/mq/context.hpp"
#include "common/transport/peer_links.hpp"

namespace parley::transport::testing {

/// A replica that only listens and remembers: its links, and what came of them.
struct ReplicaStub {
  PeerLinks links;
  ServerId server;
  std::vector<raft::Message> messages;
  std::vector<PeerEvent> events;

  template <class Event>
  [[nodiscard]] std::vector<Event> all() const {
    std::vector<Event> found;
    for (const PeerEvent& event : events) {
      if (const auto* wanted = std::get_if<Event>(&event)) found.push_back(*wanted);
    }
    return found;
  }
  void knows(const ReplicaStub& peer);
  void knows(ServerId peer, const Address& address);
  /// A heartbeat with this round.
  void say(ServerId to, std::uint64_t round);
  /// The round of the last message, if it is a heartbeat.
  [[nodiscard]] std::optional<std::uint64_t> last_round() const;
};

/// Replicas in one process over real sockets, in a time of their own: each turn takes ten milliseconds of it, however
/// long it takes.
class ReplicaWorld {
 public:
  [[nodiscard]] static ClusterId cluster(std::uint8_t number);

  /// Listens at `address`; waits for the port if an earlier replica has not quite gone. The name is "n" and the server.
  [[nodiscard]] std::unique_ptr<ReplicaStub> start(std::uint64_t server, ClusterId cluster,
                                                   const Address& address = {});

  /// One turn of everybody in `replicas`: receive, flush, tick; then waits up to two milliseconds for something to
  /// come.
  void turn(const std::vector<ReplicaStub*>& replicas);
  /// Turns until the condition holds; false if it does not within twenty seconds.
  bool await(const std::vector<ReplicaStub*>& replicas, const std::function<bool()>& condition);
  void turns(const std::vector<ReplicaStub*>& replicas, int count);

  mq::Context context;
  std::uint64_t now_us = 1'000'000;

 private:
  std::uint64_t boots_ = 100;
};

}  // namespace parley::transport::testing
