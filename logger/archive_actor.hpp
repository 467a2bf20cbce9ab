#pragma once
#include <functional>
#include <stop_token>
#include <variant>
#include <vector>

#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"
#include "common/obs/logger.hpp"
#include "common/replica/orders.hpp"
#include "common/replica/ports.hpp"

namespace parley::logger {

/// The thread that owns the archive of one cluster, but for its newest part, the log of the replica, which the disk
/// actor writes. What consensus hands over is archived as soon as that log is synced so far; nothing is done with it
/// but to say so.
class ArchiveActor final : public replica::RoundSink, public replica::ImagePort {
 public:
  /// Called from the actor's thread.
  struct Callbacks {
    std::function<void(replica::Order)> order;                               ///< to consensus
    std::function<void(const ClusterId&, const raft::Membership&)> members;  ///< the configuration in force
    std::function<void(Index)> archived;                                     ///< on stable storage up to here
    std::function<void(Error)> failed;                                       ///< this cluster can no longer be followed
  };
  explicit ArchiveActor(obs::Logger logger);
  /// `archived`: what the archive ends with. Two steps, since whoever is called back must be there first.
  [[nodiscard]] Status start(Index archived, Callbacks callbacks);

  // ---- thread-safe, also before start() ----
  void deliver(replica::Round round) override { mailbox_.post(std::move(round)); }
  /// Dropped when too much waits: the sender says it again.
  void arrived(ServerId from, transfer::Message message) override {
    (void)mailbox_.try_post(Arrived{from, std::move(message)});
  }
  void peer_restarted(ServerId peer) override { mailbox_.post(Restarted{peer}); }

  void stop() { (void)actor_.stop(); }

 private:
  struct Arrived {
    ServerId from;
    transfer::Message message;
  };
  struct Restarted {
    ServerId peer;
  };
  using Work = std::variant<replica::Round, Arrived, Restarted>;

  Status run(const std::stop_token& stop);
  void on(replica::Round& round);
  void on(Arrived& arrived);
  void on(Restarted& restarted);
  void take_committed(const std::vector<Entry>& committed);

  obs::Logger logger_;
  Callbacks callbacks_;
  Index committed_;     ///< handed over by consensus
  Index archived_;      ///< synced as well
  bool asked_ = false;  ///< consensus will say when what was committed then is synced
  mq::Mailbox<Work> mailbox_;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::logger
