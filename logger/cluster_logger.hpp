#pragma once
#include <memory>

#include "common/base/clock.hpp"
#include "common/config/logger_options.hpp"
#include "common/mq/context.hpp"
#include "common/obs/logger.hpp"
#include "common/replica/range_actor.hpp"
#include "logger/event.hpp"

namespace parley::logger {

/// A logger of one cluster: a replica that never votes, and its archive. It shares nothing with those of other clusters
/// in the process but the ZeroMQ context. The one place that names the concrete classes. Destroying it stops it; what
/// was taken in is written before.
class ClusterLogger {
 public:
  /// Opens the archive, binds the port and starts the actors. `events` hears when the cluster has taken it in, and when
  /// it can go on no longer. `ranges`, who serves what is archived, may be null; it and `context`, `events` and `clock`
  /// must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<ClusterLogger>> start(mq::Context& context,
                                                                    const config::LoggerOptions& options,
                                                                    const config::LoggedCluster& cluster,
                                                                    replica::RangeActor* ranges, Events& events,
                                                                    const Clock& clock, obs::Logger logger);
  ~ClusterLogger();
  ClusterLogger(const ClusterLogger&) = delete;
  ClusterLogger& operator=(const ClusterLogger&) = delete;

  /// The cluster has it: nobody need be asked any more to take it in.
  void stop_joining();

 private:
  struct Parts;
  explicit ClusterLogger(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace parley::logger
