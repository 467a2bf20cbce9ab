#pragma once
#include <memory>
#include <variant>

#include "common/base/clock.hpp"
#include "common/config/node_options.hpp"
#include "common/mq/context.hpp"
#include "common/mq/mailbox.hpp"
#include "common/obs/logger.hpp"

namespace parley::node {

/// What a node tells the main thread.
struct Ready {
  Address client;
  Address raft;
};
struct Failed {
  Error error;
};
using NodeEvent = std::variant<Ready, Failed>;
using NodeEvents = mq::Mailbox<NodeEvent>;

/// A running node: the one place that names the concrete classes and wires them. Destroying it stops it: first the
/// service, then consensus, then the disk, so that what was promised is written.
class Node {
 public:
  /// Opens the data folder, binds the ports and starts the actors; `events` hears when the node is a member, and when
  /// it must stop. `events` and `clock` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Node>> start(const config::NodeOptions& options, NodeEvents& events,
                                                           const Clock& clock, const obs::Logger& logger);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// The node is a member: nobody need be asked any more to take it in. One that was a member before and announces new
  /// addresses goes on until the cluster has them.
  void stop_joining();

 private:
  struct Parts;
  explicit Node(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace parley::node
