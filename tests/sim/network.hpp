#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/raft/message.hpp"
#include "common/transfer/message.hpp"
#include "tests/sim/counters.hpp"
#include "tests/sim/event_queue.hpp"
#include "tests/sim/plan.hpp"
#include "tests/sim/trace.hpp"

namespace parley::sim {

/// The network between replicas, by the numbers of their machines: delays, loses, repeats and reorders what is sent,
/// and can be cut in one direction or both.
///
/// It may do anything that two TCP connections, one for each direction, with reconnects can do, and more: only a
/// forwarded proposal never arrives twice. TCP never delivers twice, and transport sends nothing again; were it
/// repeated, the leader could take the first copy and refuse the second, and that refusal would not be certain.
class Network {
 public:
  using Deliver = std::function<void(std::size_t to, raft::Message message)>;
  /// The transport of `from` notices that what it sent to `peer` may be lost.
  using Lost = std::function<void(std::size_t from, ServerId peer)>;

  Network(EventQueue& queue, Trace& trace, Counters& counters, const Plan& plan, Deliver deliver, Lost lost);

  void send(std::size_t from, std::size_t to, raft::Message message);
  void send_transfer(std::size_t from, std::size_t to, ServerId self, ServerId peer, transfer::Message message);
  /// Where words about images arrive.
  std::function<void(std::size_t to, ServerId from, const transfer::Message& message)> deliver_transfer;

  void cut(std::size_t from, std::size_t to) { cut_.insert({from, to}); }
  void mend(std::size_t from, std::size_t to) { cut_.erase({from, to}); }
  void mend_all() { cut_.clear(); }
  void set_quality(const LinkQuality& quality) { quality_ = quality; }

  /// Between a client and a node: nothing if it is lost.
  [[nodiscard]] std::optional<std::uint64_t> client_delay_us();
  void make_clients_reliable() { clients_lose_ = false; }

 private:
  struct Way {
    std::size_t from;
    std::size_t to;
    ServerId peer;
    std::size_t kind;
  };
  void carry(const Way& way, bool may_repeat, std::function<void()> deliver);
  void deliver_later(const Way& way, std::uint64_t delay_us, std::function<void()> deliver);
  void lose(const Way& way);

  EventQueue& queue_;
  Trace& trace_;
  Counters& counters_;
  Random random_;
  LinkQuality quality_;
  Deliver deliver_;
  Lost lost_;
  bool clients_lose_ = true;
  std::set<std::pair<std::size_t, std::size_t>> cut_;
  std::map<std::pair<std::size_t, std::size_t>, std::uint64_t>
      busy_until_us_;  ///< arrival of the last one that kept its order
};

}  // namespace parley::sim
