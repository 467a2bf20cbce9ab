#include <zmq.hpp>

#include "common/base/limits.hpp"
#include "common/mq/socket.hpp"

namespace parley::mq {
namespace {

/// What differs from kind to kind.
struct Bounds {
  std::size_t message_bytes;  ///< the largest frame that may come in; libzmq closes the connection that exceeds it
  int send_messages;          ///< per connection
  int receive_messages;       ///< per connection; beyond it libzmq stops reading, and the sender's own mark is reached
};

Bounds bounds(SocketKind kind) {
  switch (kind) {
    // It never sends. What is not read yet waits in the kernel and then at the sender.
    case SocketKind::peer_router: return {limits::peer_frame_bytes, 1, 64};
    // Bytes are bounded by raft and by a meter; the mark only has to be above what a busy leader sends while libzmq's
    // thread waits for a processor. Nothing should come in; far below 300 bytes libzmq would refuse its own handshake.
    case SocketKind::peer_dealer: return {1 * limits::KiB, 1000, 1};
    // Each of a client's requests may come in a frame of its own; a mark that is too low makes libzmq stop and go. What
    // goes out is bounded in bytes by a meter.
    case SocketKind::service_router: return {limits::client_frame_bytes, 1000, 256};
    case SocketKind::client_dealer: return {limits::reply_frame_bytes, 1000, 256};
  }
  return {};
}

}  // namespace

bool is_router(SocketKind kind) { return kind == SocketKind::peer_router || kind == SocketKind::service_router; }

void configure(zmq::socket_t& socket, SocketKind kind) {
  const Bounds bound = bounds(kind);
  // No routing id is ever set: of two connections with the same one libzmq keeps the second deaf for ever.

  // Closing never waits for what was not sent: raft and clients send again.
  socket.set(zmq::sockopt::linger, 0);
  // A connection that does not say hello within three seconds is nobody of ours (default: 30 s).
  socket.set(zmq::sockopt::handshake_ivl, 3000);
  // Counted per frame and checked before memory is taken (default: no limit).
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(bound.message_bytes));
  socket.set(zmq::sockopt::sndhwm, bound.send_messages);
  socket.set(zmq::sockopt::rcvhwm, bound.receive_messages);

  // Both ends ask whether the link is alive, so that a machine that vanished without a word is noticed: with peers
  // within seconds; with clients slowly, since a connection whose reader is behind does not answer and is cut by this.
  // It shows that the other end's I/O thread lives, not more.
  const bool peer = kind == SocketKind::peer_router || kind == SocketKind::peer_dealer;
  socket.set(zmq::sockopt::heartbeat_ivl, peer ? 1000 : 5000);
  socket.set(zmq::sockopt::heartbeat_timeout, peer ? 4000 : 15000);
  // The same from the kernel, for programs at the other end that do not answer heartbeats.
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, 30);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, 10);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, 3);

  if (is_router(kind)) {
    // Without it a router drops in silence what it cannot route or what does not fit.
    socket.set(zmq::sockopt::router_mandatory, 1);
    // Many clients may come at once after a change of leader (default: 100).
    socket.set(zmq::sockopt::backlog, 1024);
    return;
  }
  // Nothing queues for somebody who is not there: it would arrive old, in a burst.
  socket.set(zmq::sockopt::immediate, 1);
  // Try again soon, since a restart takes moments, and then less and less often, since a dead machine takes long.
  socket.set(zmq::sockopt::reconnect_ivl, 50);
  socket.set(zmq::sockopt::reconnect_ivl_max, 2000);
  // A machine that swallows packets does not answer a connect either; the kernel alone would wait two minutes.
  socket.set(zmq::sockopt::connect_timeout, 3000);
}

}  // namespace parley::mq
