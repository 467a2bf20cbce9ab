#pragma once
#include <functional>
#include <memory>
#include <stop_token>

#include "common/base/clock.hpp"
#include "common/mq/actor.hpp"
#include "common/obs/logger.hpp"
#include "logger/archive_desk.hpp"

namespace parley::logger {

/// The thread that owns the archive of one cluster, but for its live log, which the disk actor writes. It runs an
/// ArchiveDesk: what it is told comes first, then sealing and removing, a step at a time.
class ArchiveActor final : public replica::RoundSink, public replica::ImagePort {
 public:
  explicit ArchiveActor(const Clock& clock, obs::Logger logger);
  /// Two steps, since whoever is called back must be there first. `live_run_read`, `said` and `warned` are the actor's
  /// own. `failed`: this cluster can no longer be archived; from the actor's thread.
  [[nodiscard]] Status start(archive::Archive archive, const NodeId& name, ArchiveDesk::Opened opened,
                             ArchiveDesk::Calls calls, std::function<void(Error)> failed);

  // ---- thread-safe, also before start() ----
  void deliver(replica::Round round) override { mailbox_->post(std::move(round)); }
  /// Dropped when too much waits: the sender says it again.
  void arrived(ServerId from, transfer::Message message) override {
    (void)mailbox_->try_post(ImageMessage{from, std::move(message)});
  }
  void peer_restarted(ServerId peer) override { mailbox_->post(PeerRestarted{peer}); }
  void post(ArchiveWork work) { mailbox_->post(std::move(work)); }
  /// Asks this archive for who serves ranges. May outlive the actor; then it is not answered.
  [[nodiscard]] std::unique_ptr<replica::RangeSource> source() const;

  void stop() { (void)actor_.stop(); }

 private:
  Status run(ArchiveDesk& desk, const std::stop_token& stop);
  [[nodiscard]] Status work(ArchiveDesk& desk, std::vector<ArchiveWork>& items);

  const Clock& clock_;
  obs::Logger logger_;
  std::function<void(Error)> failed_;
  std::shared_ptr<ArchiveMailbox> mailbox_;
  bool is_full_ = false;
  std::uint64_t retry_us_ = 0;  ///< when a full disk is looked at again
  mq::Actor actor_;             // last: joined before what its thread uses is gone
};

}  // namespace parley::logger
