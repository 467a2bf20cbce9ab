#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/mq/byte_meter.hpp"
#include "common/mq/context.hpp"
#include "common/mq/receive_guard.hpp"

namespace zmq {
class socket_t;
}

namespace parley::mq {

/// What a socket is for; it decides its type and every option (socket_options.cpp).
enum class SocketKind {
  peer_router,     ///< a replica hears all others here; it never sends
  peer_dealer,     ///< a replica speaks to one other here; it never hears anything of use
  service_router,  ///< a node hears and answers clients, or joiners, here
  client_dealer,   ///< a client or joiner speaks to one node here
  range_router,    ///< a node or logger is asked for entries and images here
  range_dealer,    ///< whoever asks one of those; learns when it loses the connection
};

enum class SendOutcome {
  sent,         ///< given to libzmq; it may still be lost with its connection
  would_block,  ///< no connection, or its high-water mark is reached; nothing was sent
  unroutable,   ///< a router has no connection with this routing id; nothing was sent
};

enum class ReceiveOutcome {
  message,  ///< one message was received
  nothing,  ///< nothing waits
  dropped,  ///< a message with more than one body frame was dropped whole
};

/// One message: one body frame.
struct Received {
  Bytes routing_id;  ///< of the connection it came by; empty on a dealer. Says nothing about who is there.
  SharedBytes body;  ///< libzmq's own memory
};

struct ConnectionNews {
  bool was_lost = false;  ///< what was not answered before has to be asked again, once
  bool is_up = false;     ///< what is sent from now on goes over it. Without that, it may go nowhere, in silence.
};

/// A ZeroMQ socket, used by one thread only. Never blocks and never throws.
class Socket {
 public:
  /// Fails with ErrorCode::io when the context has no more sockets or the process no more descriptors.
  [[nodiscard]] static Result<Socket> open(Context& context, SocketKind kind);
  Socket(Socket&&) noexcept;
  Socket& operator=(Socket&&) noexcept;
  ~Socket();

  /// Listens there and gives the address with the port that it got (which differs if 0 was asked for). Fails with
  /// ErrorCode::usage, naming the address: in use, not of this machine, not allowed.
  [[nodiscard]] Result<Address> bind(const Address& address);
  /// Starts connecting, and goes on trying for as long as the socket lives. Fails with ErrorCode::usage for an address
  /// that nobody can have.
  [[nodiscard]] Status connect(const Address& address);

  /// On a dealer. What is not sent is destroyed. A meter counts the body until libzmq lets go of it.
  [[nodiscard]] SendOutcome send(Bytes body, std::shared_ptr<ByteMeter> meter = nullptr);
  /// On a router.
  [[nodiscard]] SendOutcome send_to(BytesView routing_id, Bytes body, std::shared_ptr<ByteMeter> meter = nullptr);

  /// Fills `received` if the outcome is `message`. After a poll said that the socket is readable, call it until
  /// `nothing`.
  [[nodiscard]] ReceiveOutcome receive(Received& received);

  /// On a router, the bound in bytes of what its connections make libzmq hold (receive_guard.hpp): to be called before
  /// and after the socket is read, each time. Gives what was cut.
  void look(std::uint64_t now_us) { guard_->look(now_us); }
  std::vector<CutConnection> cut_hoarders() { return guard_->cut_hoarders(); }
  /// On a range dealer: what became of its connection since the last call.
  [[nodiscard]] ConnectionNews take_connection_news();
  /// When the owner has to come back for that, though nothing came; nothing if there is no connection.
  [[nodiscard]] std::optional<std::uint64_t> next_look_us() const { return guard_->next_look_us(); }

 private:
  friend class Poller;
  Socket(std::unique_ptr<zmq::socket_t> socket, std::unique_ptr<ReceiveGuard> guard,
         std::unique_ptr<SocketMonitor> monitor);
  [[nodiscard]] bool is_router() const { return guard_ != nullptr; }
  std::unique_ptr<zmq::socket_t> socket_;
  std::unique_ptr<ReceiveGuard> guard_;     ///< of a router; destroyed before the socket
  std::unique_ptr<SocketMonitor> monitor_;  ///< of a range dealer; the same
  bool is_up_ = false;
};

/// Sets every option that a socket of this kind has; socket_options.cpp gives each its reason.
void configure(zmq::socket_t& socket, SocketKind kind);
[[nodiscard]] bool is_router(SocketKind kind);
/// Of a router.
[[nodiscard]] ReceiveBounds receive_bounds(SocketKind kind);

}  // namespace parley::mq
