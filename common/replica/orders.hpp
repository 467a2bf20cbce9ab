#pragma once
#include <string>
#include <variant>
#include <vector>

#include "common/replica/ports.hpp"
#include "common/transfer/message.hpp"

namespace parley::replica {

/// Where another replica is, as a member told a joiner; until the log says more.
struct KnownPeer {
  ServerId server;
  std::string name;
  std::string raft_address;
};

/// A member has taken this replica in.
struct AdoptCluster {
  ClusterId cluster;
  std::vector<KnownPeer> peers;
};

/// Asks for Round::stable_reached.
struct NotifyStable {
  Index index;
};

/// The store cannot be flushed for want of room, or can be again.
struct StoreRoom {
  bool is_full = false;
};

/// The same of the application's own log, without which nothing is applied.
struct ApplicationLogRoom {
  bool is_full = false;
};

/// Say this to that peer.
struct SendTransfer {
  ServerId to;
  transfer::Message message;
};

/// Asks for a StatusAnswer.
struct StatusQuery {
  std::uint64_t ticket = 0;
};

/// What may be put to the consensus actor.
using Order = std::variant<raft::Propose, raft::ProposeTime, raft::ReadIndex, raft::ChangeMembership,
                           raft::TransferLeadership, raft::Found, raft::Applied, raft::ImageReceived, raft::ImageSent,
                           AdoptCluster, NotifyStable, StoreRoom, ApplicationLogRoom, TrimBefore, SendTransfer,
                           StatusQuery, DiskDone>;

}  // namespace parley::replica
