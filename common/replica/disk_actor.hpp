#pragma once
#include <functional>
#include <stop_token>

#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"
#include "common/obs/logger.hpp"
#include "common/replica/disk_worker.hpp"

namespace parley::replica {

/// The thread that owns the log. It drains everything that waits, writes and syncs it at once, and makes the next
/// segment in its spare time, or, if it has none, a step at a time between two writes. After a failed write or sync it
/// does nothing more, so that nothing unsafe is ever confirmed, and reports.
class DiskActor final : public DiskPort {
 public:
  struct Callbacks {
    std::function<void(DiskDone)> done;  ///< from the actor's thread
    std::function<void(Error)> failed;   ///< the same; at most once
    /// The same: the log begins elsewhere, or has a new segment, and once at the start. Called before what was asked
    /// for later is done. Need not be there.
    std::function<void(const LogExtent&)> changed;
  };
  explicit DiskActor(obs::Logger logger);
  /// Begins to work off what is submitted. Two steps, since whoever is called back must be there first.
  [[nodiscard]] Status start(wal::Log log, Callbacks callbacks);

  /// From the consensus actor, also before start().
  void submit(DiskRequest request) override { mailbox_.post(std::move(request)); }

  /// Writes what was submitted, and joins the thread.
  void stop() { (void)actor_.stop(); }

 private:
  Status run(DiskWorker& worker, const std::stop_token& stop);
  [[nodiscard]] Status work(DiskWorker& worker, std::vector<DiskRequest> requests);
  void say_if_changed(const DiskWorker& worker);

  obs::Logger logger_;
  Callbacks callbacks_;
  LogExtent extent_;  ///< as it was said last
  mq::Mailbox<DiskRequest> mailbox_;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::replica
