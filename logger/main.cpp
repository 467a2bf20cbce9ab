#include <fmt/core.h>
#include <poll.h>

#include <cstdio>
#include <map>

#include "common/config/logger_options.hpp"
#include "common/daemon/exit_code.hpp"
#include "common/daemon/profiles.hpp"
#include "common/daemon/stop_signals.hpp"
#include "common/mq/descriptor_limit.hpp"
#include "logger/cluster_logger.hpp"
#include "logger/tools/run.hpp"

namespace parley::logger {
namespace {

/// Descriptors for each cluster: peers, files, mailboxes.
constexpr std::uint64_t descriptors_per_cluster = 256;

int complain(const Error& error) {
  fmt::print(stderr, "parley-logger: {}\n", error.what);
  return daemon::exit_code(error.code);
}

obs::Logger logger_for(const config::LoggerOptions& options, const NodeId& id) {
  return {"parley-logger", id.text(), obs::log_level(options.log).value_or(obs::LogLevel::info)};
}

/// The loggers that run, by their names.
class Loggers {
 public:
  Loggers(const config::LoggerOptions& options, const Clock& clock) : options_(options), clock_(clock) {}

  /// One that cannot start leaves the others running: the error of the last one if there are none.
  Status start() {
    if (options_.recovery) {
      auto ranges = replica::RangeActor::start(context_, *options_.recovery, clock_,
                                               logger_for(options_, options_.clusters.front().id).for_actor("ranges"));
      if (!ranges) return std::unexpected(ranges.error());
      ranges_ = std::move(*ranges);
    }
    Status last;
    for (const config::LoggedCluster& cluster : options_.clusters) {
      auto started = ClusterLogger::start(context_, options_, cluster, ranges_.get(), events_, clock_,
                                          logger_for(options_, cluster.id));
      if (started) {
        running_[cluster.id] = std::move(*started);
      } else {
        last = std::unexpected(give_up(cluster.id, started.error()));
      }
    }
    return running_.empty() ? last : Status{};
  }

  /// Until a signal, or until none is left; gives the exit code.
  int wait_for_end(const daemon::StopSignals& signals) {
    std::vector<Event> happened;
    while (true) {
      events_.drain(happened);
      for (Event& event : happened) {
        if (const auto* failed = std::get_if<Failed>(&event)) {
          const Error error = give_up(failed->id, failed->error);
          running_.erase(failed->id);
          if (running_.empty()) return complain(error);
        } else {
          say(std::get<Ready>(event));
        }
      }
      pollfd waits[] = {{signals.fd(), POLLIN, 0}, {events_.fd(), POLLIN, 0}};
      if (events_.prepare_to_sleep()) poll(waits, 2, -1);
      events_.awake();
      if (waits[0].revents != 0) return 0;
    }
  }

 private:
  Error give_up(const NodeId& id, const Error& error) {
    Error named{error.code, id.text() + ": " + error.what};
    if (options_.clusters.size() > 1)
      logger_for(options_, id).error("{}; this cluster is followed no longer", error.what);
    return named;
  }

  void say(const Ready& ready) {
    const auto logger = running_.find(ready.id);
    if (logger == running_.end()) return;
    logger->second->stop_joining();
    const std::string recovery = ranges_ ? " hrecov=" + ranges_->address().endpoint() : "";
    fmt::print("parley-logger {} ready raft={}{}\n", ready.id.text(), ready.raft.endpoint(), recovery);
    std::fflush(stdout);
  }

  const config::LoggerOptions& options_;
  const Clock& clock_;
  mq::Context context_;
  Events events_{1024};
  std::unique_ptr<replica::RangeActor> ranges_;  ///< outlives whom it serves for, who tell it that they are gone
  std::map<NodeId, std::unique_ptr<ClusterLogger>> running_;
};

int serve(const config::LoggerOptions& options) {
  const daemon::StopSignals signals;
  const SystemClock clock;
  const obs::Logger logger = logger_for(options, options.clusters.front().id);
  if (options.insecure) logger.warn("-insecure: whoever reaches this logger's ports may read everything");
  if (options.unsafe_no_fsync)
    logger.warn("-unsafe-no-fsync: entries count as archived before the disk has them; a power cut can lose them");
  const Status enough = mq::check_descriptor_limit(descriptors_per_cluster * options.clusters.size());
  if (!enough) return complain(enough.error());
  Loggers loggers(options, clock);
  if (const Status started = loggers.start(); !started) return complain(started.error());
  return loggers.wait_for_end(signals);
}

int run(int argc, const char* const* argv) {
  const auto command = config::parse_logger_command(argc, argv);
  if (!command) return complain(command.error());
  if (command->kind == config::LoggerCommand::Kind::print) {
    fmt::print("{}", command->text);
    return 0;
  }
  if (command->kind != config::LoggerCommand::Kind::serve) return tools::run(*command);
  const config::LoggerOptions& options = command->options;
  const auto code = daemon::run_profiled(options.cpu_profile, options.heap_profile, [&] { return serve(options); });
  return code ? *code : complain(code.error());
}

}  // namespace
}  // namespace parley::logger

int main(int argc, char** argv) { return parley::logger::run(argc, argv); }
