#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/mq/byte_meter.hpp"
#include "common/mq/socket.hpp"
#include "common/raft/message.hpp"
#include "common/transport/greeting.hpp"
#include "common/transport/peer_event.hpp"
#include "common/wire/peer_frame.hpp"

namespace parley::transport {

/// The way to one peer: its DEALER, the greeting with it, and what waits for the next flush. Internal to PeerLinks.
class PeerLink {
 public:
  PeerLink(ServerId peer, std::string name, BootId own_boot, std::uint64_t now_us)
      : peer_(peer), name_(std::move(name)), greeting_(own_boot), known_since_us_(now_us) {}

  /// Drops the connection, if any, and begins another; the greeting begins anew. With an address that nobody can have,
  /// the error is given and there is no connection.
  Status connect(mq::Context& context, const Address& address, std::vector<PeerEvent>& events);
  /// The greeting begins anew, since we have another cluster now.
  void begin_anew(std::vector<PeerEvent>& events);

  [[nodiscard]] bool is_up() const { return up_; }
  /// For the next flush; dropped if the link is down.
  void queue(raft::Message&& message);
  /// Sends what is queued, in as few frames as hold it. At the first that the socket has no room for, the rest is
  /// dropped and the link is down.
  void flush(const wire::PeerHeader& header, std::uint64_t now_us, std::vector<PeerEvent>& events);
  /// Sends it now, or drops it.
  void send_transfer(const wire::PeerHeader& header, const transfer::Message& message);
  /// Sends a HELLO if one is due.
  void greet(const wire::PeerHeader& header, const wire::Hello& own, std::uint64_t now_us,
             std::vector<PeerEvent>& events);
  /// Tells the peer that its frames are refused; at most once a second.
  void refuse(const wire::PeerHeader& header, const std::string& reason, std::uint64_t now_us);

  void heard_hello(BootId boot, BootId answers, std::uint64_t now_us, std::vector<PeerEvent>& events);
  /// True if messages of this life of the peer may be taken; if not, a HELLO is due.
  [[nodiscard]] bool heard_batch(BootId boot, std::uint64_t now_us);

  [[nodiscard]] ServerId peer() const { return peer_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  void rename(std::string name) { name_ = std::move(name); }
  [[nodiscard]] const std::optional<Address>& address() const { return address_; }
  /// When a frame of it was last taken.
  [[nodiscard]] std::optional<std::uint64_t> last_heard_us() const { return last_heard_us_; }
  [[nodiscard]] std::uint64_t known_since_us() const { return known_since_us_; }
  [[nodiscard]] PeerStats& stats() { return stats_; }
  [[nodiscard]] const PeerStats& stats() const { return stats_; }

  /// Where set_peer has put it; HELLOs of the peer itself are newer, unless this changes. Nothing for a peer that is
  /// known only by its own HELLO.
  std::optional<Address> configured;

 private:
  [[nodiscard]] bool send(const wire::PeerFrame& frame);
  /// How many of the first queued messages go into one frame.
  [[nodiscard]] std::size_t messages_of_a_frame() const;
  /// Down at once, and what is queued is dropped; the event says so if it was up.
  void go_down(std::vector<PeerEvent>& events);
  /// Up if both have greeted and the socket has room.
  void note_open(std::vector<PeerEvent>& events);

  ServerId peer_;
  std::string name_;
  std::optional<Address> address_;
  std::optional<mq::Socket> dealer_;
  Greeting greeting_;
  bool up_ = false;
  bool has_room_ = false;  ///< the socket took the last HELLO, and everything since
  std::vector<raft::Message> queue_;
  std::shared_ptr<mq::ByteMeter> unread_ = std::make_shared<mq::ByteMeter>();
  std::uint64_t known_since_us_;
  std::optional<std::uint64_t> last_heard_us_;
  std::optional<std::uint64_t> refused_us_;
  PeerStats stats_;
};

}  // namespace parley::transport
