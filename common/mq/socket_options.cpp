#include <zmq.hpp>

#include "common/base/range_limits.hpp"
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
    case SocketKind::peer_router: return {limits::peer_frame_bytes, 1, limits::unread_frames_per_peer};
    // Bytes are bounded by raft and by a meter; the mark only has to be above what a busy leader sends while libzmq's
    // thread waits for a processor. Nothing should come in; far below 300 bytes libzmq would refuse its own handshake.
    case SocketKind::peer_dealer: return {1 * limits::KiB, 1000, 1};
    // Each of a client's requests may come in a frame of its own; a mark that is too low makes libzmq stop and go. What
    // goes out is bounded in bytes by a meter.
    case SocketKind::service_router: return {limits::client_frame_bytes, 1000, limits::unread_frames_per_client};
    case SocketKind::client_dealer: return {limits::reply_frame_bytes, 1000, 256};
    // What is asked is small. What goes out is bounded by credit, and in bytes by a meter.
    case SocketKind::range_router: return {limits::range_request_bytes, 1100, limits::unread_frames_per_client};
    // A source that sends beyond its credit must not fill memory; what an honest one has on its way waits in the kernel
    // and there.
    case SocketKind::range_dealer: return {limits::range_reply_bytes, 1000, limits::range_unread_frames};
  }
  return {};
}

}  // namespace

bool is_router(SocketKind kind) {
  return kind == SocketKind::peer_router || kind == SocketKind::service_router || kind == SocketKind::range_router;
}

ReceiveBounds receive_bounds(SocketKind kind) {
  const auto frame = static_cast<std::int64_t>(bounds(kind).message_bytes);
  return {frame + std::int64_t{limits::framing_slack_bytes}, limits::unfinished_bytes_in_all,
          limits::unread_in_bytes_in_all};
}

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

  // That the other machine is still there is asked by the kernel, and it gives up what nobody takes: between peers
  // within seconds; with clients slowly, since one that is behind with reading is cut by this too.
  // Never by libzmq's heartbeats: while input rests at its mark (rcvhwm), 4.3.4 aborts the process when a connection
  // has broken and a ping is due, or when a connection of ours is made again after a ping was not answered (libzmq
  // #4364, #3937).
  const bool peer = kind == SocketKind::peer_router || kind == SocketKind::peer_dealer;
  socket.set(zmq::sockopt::tcp_keepalive, 1);
  socket.set(zmq::sockopt::tcp_keepalive_idle, peer ? 1 : 5);
  socket.set(zmq::sockopt::tcp_keepalive_intvl, peer ? 1 : 5);
  socket.set(zmq::sockopt::tcp_keepalive_cnt, 3);
  socket.set(zmq::sockopt::tcp_maxrt, peer ? 4000 : 15000);

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
