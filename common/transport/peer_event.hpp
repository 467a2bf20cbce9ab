#pragma once
#include <cstdint>
#include <string>
#include <variant>

#include "common/base/address.hpp"
#include "common/base/ids.hpp"

namespace parley::transport {

/// Messages now reach the peer.
struct PeerUp {
  ServerId peer;
};
/// They no longer do, and what was sent lately may be lost: the core is to be told raft::Unreachable. Comes once for
/// each loss, before PeerRestarted if that is the cause.
struct PeerDown {
  ServerId peer;
};
/// The peer speaks in another life than before.
struct PeerRestarted {
  ServerId peer;
};
/// The peer says that it is to be reached there, and the link goes there now.
struct PeerMoved {
  ServerId peer;
  Address address;
};
/// Frames were refused here. `text` is for the log and names both sides; it is said once in ten seconds for each peer
/// and reason. The peer is nobody if it is not known.
struct FrameRefused {
  ServerId peer;
  std::string text;
};
/// The peer refuses our frames, and this is why, in its words.
struct RefusedByPeer {
  ServerId peer;
  std::string text;
};

using PeerEvent = std::variant<PeerUp, PeerDown, PeerRestarted, PeerMoved, FrameRefused, RefusedByPeer>;

/// What went to and came from one peer since it is known.
struct PeerStats {
  std::uint64_t frames_out = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t messages_dropped = 0;  ///< not sent: no link, not greeted, no room, too large
  std::uint64_t frames_in = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t messages_in = 0;
  std::uint64_t batches_refused = 0;  ///< came from the peer before it had greeted
};

/// What came and belongs to no peer.
struct PortStats {
  std::uint64_t multipart = 0;         ///< messages with more than one body frame
  std::uint64_t cut = 0;               ///< connections that made libzmq hold too much
  std::uint64_t malformed = 0;         ///< frames that do not follow the protocol, or another version of it
  std::uint64_t early = 0;             ///< frames before this replica had a cluster
  std::uint64_t foreign = 0;           ///< frames of another cluster or for another incarnation
  std::uint64_t strangers = 0;         ///< frames of servers that are not known
  std::uint64_t unknown_receiver = 0;  ///< messages for a server that is not known
};

}  // namespace parley::transport
