#pragma once
#include <variant>

#include "common/base/address.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/mq/mailbox.hpp"

namespace parley::logger {

/// The logger is a member of this cluster.
struct Ready {
  NodeId id;  ///< its name there
  ClusterId cluster;
  Address raft;
};
/// It follows this cluster no longer; the others go on.
struct Failed {
  NodeId id;
  Error error;
};

/// What the actors of a logger tell the main thread.
using Event = std::variant<Ready, Failed>;
using Events = mq::Mailbox<Event>;

}  // namespace parley::logger
