#include <fmt/core.h>
#include <poll.h>

#include <cstdio>

#include "common/daemon/exit_code.hpp"
#include "common/daemon/profiles.hpp"
#include "common/daemon/stop_signals.hpp"
#include "node/inspect.hpp"
#include "node/node.hpp"

namespace parley::node {
namespace {

int complain(const Error& error) {
  fmt::print(stderr, "parley-node: {}\n", error.what);
  return daemon::exit_code(error.code);
}

/// Runs until a signal or a failure; gives the exit code.
int wait_for_end(Node& node, NodeEvents& events, const daemon::StopSignals& signals,
                 const config::NodeOptions& options) {
  std::vector<NodeEvent> happened;
  while (true) {
    events.drain(happened);
    for (const NodeEvent& event : happened) {
      if (const auto* failed = std::get_if<Failed>(&event)) return complain(failed->error);
      const Ready& ready = std::get<Ready>(event);
      node.stop_joining();
      fmt::print("parley-node {} ready client={} raft={}\n", options.id.text(), ready.client.endpoint(),
                 ready.raft.endpoint());
      std::fflush(stdout);
    }
    pollfd waits[] = {{signals.fd(), POLLIN, 0}, {events.fd(), POLLIN, 0}};
    if (events.prepare_to_sleep()) poll(waits, 2, -1);
    events.awake();
    if (waits[0].revents != 0) return 0;
  }
}

int serve(const config::NodeOptions& options, const obs::Logger& logger) {
  const daemon::StopSignals signals;
  const SystemClock clock;
  NodeEvents events(16);
  if (options.insecure) logger.warn("-insecure: whoever reaches this node's ports may read and write everything");
  if (options.unsafe_no_fsync)
    logger.warn("-unsafe-no-fsync: writes are acknowledged before the disk has them; a power cut can lose them");
  auto node = Node::start(options, events, clock, logger);
  if (!node) return complain(node.error());
  return wait_for_end(**node, events, signals, options);
}

int serve_profiled(const config::NodeOptions& options) {
  const auto level = obs::log_level(options.log);
  const obs::Logger logger("parley-node", options.id.text(), level.value_or(obs::LogLevel::info));
  const auto code =
      daemon::run_profiled(options.cpu_profile, options.heap_profile, [&] { return serve(options, logger); });
  return code ? *code : complain(code.error());
}

int run(int argc, const char* const* argv) {
  const auto command = config::parse_node_command(argc, argv);
  if (!command) return complain(command.error());
  switch (command->kind) {
    case config::NodeCommand::Kind::print: fmt::print("{}", command->text); return 0;
    case config::NodeCommand::Kind::inspect: {
      const auto report = inspect(command->folder);
      if (!report) return complain(report.error());
      fmt::print("{}", *report);
      return 0;
    }
    case config::NodeCommand::Kind::verify: {
      const auto report = verify(command->folder);
      if (!report) return complain(report.error());
      fmt::print("{}", *report);
      return 0;
    }
    case config::NodeCommand::Kind::serve: return serve_profiled(command->options);
  }
  return 2;
}

}  // namespace
}  // namespace parley::node

int main(int argc, char** argv) { return parley::node::run(argc, argv); }
