#pragma once
#include <functional>
#include <memory>

#include "common/base/clock.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/context.hpp"
#include "common/mq/mailbox.hpp"
#include "common/obs/logger.hpp"
#include "common/raft/options.hpp"
#include "common/replica/disk_actor.hpp"
#include "common/replica/orders.hpp"
#include "common/transport/peer_links.hpp"

namespace parley::replica {

struct ConsensusOptions {
  raft::Options raft;
  std::uint64_t tick_us = 10'000;
  NodeId name;
  Address advertised;  ///< where they reach it; with port 0, the port that was bound
};

/// The thread that owns the core, the peers' router and one dealer per peer. In each round it takes what peers sent,
/// then what was ordered here, then at most one tick, steps the core once for each, and performs one output. It never
/// waits for a disk.
class ConsensusActor {
 public:
  /// `sink` and `images` are called from the actor's thread. `disk`, `sink`, `images` and `clock` must outlive it. It
  /// takes the raft port over.
  [[nodiscard]] static Result<std::unique_ptr<ConsensusActor>> start(mq::Context& context,
                                                                     transport::PeerListener listener,
                                                                     ConsensusOptions options, raft::Restored restored,
                                                                     DiskPort& disk, RoundSink& sink, ImagePort& images,
                                                                     const Clock& clock, obs::Logger logger);

  /// Thread-safe. Never lost: what may be in flight is bounded by those who order.
  void order(Order order) { mailbox_.post(std::move(order)); }
  /// The same, but the actor need not wake for it: it is taken with whatever comes next, at the latest with the next
  /// tick.
  void order_quietly(Order order) { mailbox_.post_quietly(std::move(order)); }

  /// Where peers reach it, with the port that was bound.
  [[nodiscard]] const Address& listens_at() const { return bound_; }

  /// Joins the thread; what is ordered afterwards is dropped.
  void stop() { (void)actor_.stop(); }

 private:
  class Loop;
  ConsensusActor();

  mq::Mailbox<Order> mailbox_;
  Address bound_;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::replica
