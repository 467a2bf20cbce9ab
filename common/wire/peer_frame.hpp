#pragma once
#include <string>
#include <variant>
#include <vector>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/raft/message.hpp"
#include "common/transfer/message.hpp"

/// What replicas say to each other: one frame, one header, and a greeting, a batch of messages of
/// consensus, or a word about an image.
namespace parley::wire {

/// Who speaks, in every frame. Identity is here and not in ZeroMQ's routing ids, which none of ours sets.
struct PeerHeader {
  ClusterId cluster;
  ServerId from;
  BootId boot;  ///< the sender's; a new one means that it restarted
  ServerId
      to;  ///< a frame for another incarnation than the receiver's is refused; nobody in a HELLO to an unknown server
  friend bool operator==(const PeerHeader&, const PeerHeader&) = default;
};

/// Sent on a new connection, and repeated until the peer's own HELLO answers it (`answers` = our boot), since libzmq
/// reconnects in silence.
struct Hello {
  std::string name;
  std::string raft_address;  ///< where to reach the sender: the way back of a connection is another connection
  BootId answers;            ///< the boot of the greeting that this one answers; 0 in a first one
  friend bool operator==(const Hello&, const Hello&) = default;
};

/// Says why frames of the receiver are not taken: another cluster, another version, another incarnation.
struct HelloRefused {
  std::string reason;
  friend bool operator==(const HelloRefused&, const HelloRefused&) = default;
};

struct MessageBatch {
  std::vector<raft::Message> messages;  ///< all from header.from to header.to; those two fields do not travel again
  friend bool operator==(const MessageBatch&, const MessageBatch&) = default;
};

struct PeerFrame {
  PeerHeader header;
  std::variant<Hello, HelloRefused, MessageBatch, transfer::Message> body;
  friend bool operator==(const PeerFrame&, const PeerFrame&) = default;
};

}  // namespace parley::wire
