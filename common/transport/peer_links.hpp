#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/ids.hpp"
#include "common/base/result.hpp"
#include "common/mq/context.hpp"
#include "common/mq/socket.hpp"
#include "common/raft/message.hpp"
#include "common/transport/peer_event.hpp"
#include "common/transfer/message.hpp"
#include "common/transport/peer_link.hpp"

namespace parley::transport {

/// Who this replica is to its peers.
struct SelfInfo {
  ServerId server;
  NodeId name;
  BootId boot;
  Address advertised;  ///< where peers reach it; with port 0, the port that was bound
};

/// The raft port, bound and not yet served.
struct PeerListener {
  mq::Socket router;
  Address address;  ///< with the port that was bound

  /// ErrorCode::usage, naming the address, if it cannot listen there.
  [[nodiscard]] static Result<PeerListener> bind(mq::Context& context, const Address& address);
};

/// A word about an image, and whose it is.
struct TransferArrival {
  ServerId from;
  transfer::Message message;
};

/// Messages of consensus between named replicas: one ROUTER that hears everybody, one DEALER to each peer that speaks
/// to it. Nothing is queued for a peer that is not there, nothing is sent before both sides know whom they talk to, and
/// what is lost is counted and said once: raft sends again. Used by one thread. Time comes by argument, in microseconds
/// of any clock that does not go back.
///
/// A round of its owner: `receive` until it takes nothing, `send` what the core says, `flush`, `tick`, `take_events`.
class PeerLinks {
 public:
  PeerLinks(mq::Context& context, PeerListener listener, SelfInfo self);
  /// The same behind PeerListener::bind.
  [[nodiscard]] static Result<PeerLinks> bind(mq::Context& context, const Address& address, SelfInfo self);

  /// Where it listens, with the port that it got.
  [[nodiscard]] const Address& address() const { return address_; }
  /// To be watched for reading.
  [[nodiscard]] mq::Socket& socket() { return router_; }

  /// Nil, as at first, while this replica belongs to no cluster: then everything that comes is dropped, and nobody is
  /// greeted.
  void set_cluster(ClusterId cluster);

  /// Links to this peer, or renames it; ignored for this replica itself. Where the peer has said another address of
  /// itself, that one is kept until another is set than last time. ErrorCode::usage for an address that nobody can
  /// have; the peer is then known, and down.
  Status set_peer(ServerId peer, const std::string& name, const Address& address, std::uint64_t now_us);
  /// Closes the link. The peer is learned again if it still says HELLO.
  void forget_peer(ServerId peer);
  /// All that are linked, in the order of their ids: set, and learned from a HELLO of our cluster.
  [[nodiscard]] std::vector<ServerId> known_peers() const;

  /// For the next flush. Dropped and counted if the peer is unknown or down, or if no frame can hold the message.
  void send(raft::Message&& message);
  /// Sends this word about an image at once; dropped and counted if the peer is unknown or down, or has no room.
  void send_transfer(ServerId to, const transfer::Message& message);
  /// Sends what was queued, as few frames a peer as hold it. Never blocks.
  void flush(std::uint64_t now_us);

  /// Takes up to `budget` frames that have come and appends their messages to `messages`; greetings are dealt with
  /// here, and connections that make libzmq hold more than they may are cut. Gives how many frames it took: fewer than
  /// `budget` if no more have come.
  std::size_t receive(std::size_t budget, std::uint64_t now_us, std::vector<raft::Message>& messages);
  /// When to call it again though nothing came; nothing if there is no connection.
  [[nodiscard]] std::optional<std::uint64_t> next_look_us() const { return router_.next_look_us(); }

  /// Says the HELLOs that are due, and drops learned peers that are silent. To be called every few hundredths of a
  /// second.
  void tick(std::uint64_t now_us);

  /// Words about images that `receive` took, in order, with who said them.
  [[nodiscard]] std::vector<TransferArrival> take_transfers() { return std::exchange(transfers_, {}); }

  /// What happened since the last call, in order. At most a few for each frame that came.
  [[nodiscard]] std::vector<PeerEvent> take_events() { return std::exchange(events_, {}); }

  [[nodiscard]] bool is_up(ServerId peer) const;
  /// When a frame of it was last taken, nothing if never or not known.
  [[nodiscard]] std::optional<std::uint64_t> last_heard_us(ServerId peer) const;
  [[nodiscard]] std::optional<Address> address_of(ServerId peer) const;
  /// Zeros for a peer that is not known.
  [[nodiscard]] PeerStats stats(ServerId peer) const;
  [[nodiscard]] const PortStats& port_stats() const { return port_stats_; }

 private:
  enum class Reason : std::uint8_t {
    malformed,
    version,
    cluster,
    incarnation,
    ourselves,
    stranger,
    crowd,
    too_large,
    hoards,
    said_by_peer
  };

  std::size_t receive_frames(std::size_t budget, std::uint64_t now_us, std::vector<raft::Message>& messages);
  void cut_hoarders(std::uint64_t now_us);
  void take_frame(const SharedBytes& body, std::uint64_t now_us, std::vector<raft::Message>& messages);
  void take_malformed(const SharedBytes& body, const std::string& why, std::uint64_t now_us);
  /// Nothing if the frame is for us from our cluster; else why not.
  [[nodiscard]] std::optional<std::pair<Reason, std::string>> objection(const wire::PeerHeader& header,
                                                                        bool is_hello) const;
  void take_hello(const wire::PeerHeader& header, const wire::Hello& hello, std::size_t bytes, std::uint64_t now_us);
  /// Where messages of this life of the sender may be taken; null if not, and then it is greeted.
  PeerLink* accept(const wire::PeerHeader& header, std::size_t bytes, std::uint64_t now_us);
  void take_batch(const wire::PeerHeader& header, wire::MessageBatch&& batch, std::size_t bytes, std::uint64_t now_us,
                  std::vector<raft::Message>& messages);
  /// The link of a peer that greets: known, or learned now. Null if there are too many.
  PeerLink* link_for(ServerId peer, const std::string& name, const Address& address, std::uint64_t now_us);
  void drop_silent(std::uint64_t now_us);

  [[nodiscard]] PeerLink* find(ServerId peer);
  [[nodiscard]] const PeerLink* find(ServerId peer) const;
  [[nodiscard]] wire::PeerHeader header_to(const PeerLink& link) const;
  void greet(PeerLink& link, std::uint64_t now_us);
  /// Says a text once in a while for each known peer and reason.
  template <class Event>
  void say(Reason reason, ServerId peer, const std::string& text, std::uint64_t now_us);

  void say_too_large(ServerId peer);

  mq::Context* context_;
  mq::Socket router_;
  Address address_;
  SelfInfo self_;
  ClusterId cluster_{};
  std::unordered_map<ServerId, PeerLink> links_;
  std::vector<PeerEvent> events_;
  std::vector<TransferArrival> transfers_;
  std::map<std::pair<ServerId, Reason>, std::uint64_t> said_us_;
  PortStats port_stats_;
};

}  // namespace parley::transport
