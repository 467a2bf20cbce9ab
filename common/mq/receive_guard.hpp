#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/mq/receive_account.hpp"
#include "common/mq/socket_monitor.hpp"
#include "common/mq/tcp_connection.hpp"

namespace zmq {
class context_t;
class message_t;
class socket_t;
}  // namespace zmq

namespace parley::mq {

/// How much libzmq may hold of what came by the connections of a socket. The reasons stand in base/limits.hpp.
struct ReceiveBounds {
  std::int64_t unfinished_bytes;  ///< of one connection's unfinished message
  std::int64_t unfinished_in_all;
  std::int64_t waiting_in_all;  ///< of unread messages, finished or not, over all connections
};

/// A connection that was cut.
struct CutConnection {
  enum class Why { unfinished, unfinished_in_all, waiting_in_all };
  Why why;
  std::int64_t bytes;  ///< what libzmq held of it
};
/// For people.
[[nodiscard]] std::string text(const CutConnection& cut);

/// Bounds in bytes what the connections of a listening socket make libzmq hold: high-water marks count messages, and of
/// those only complete ones. It learns of connections from libzmq's monitor, of bytes from the kernel (TCP_INFO) and
/// from the owner of the socket, and ends connections in the kernel. Used by the thread of the socket, as long as that
/// lives.
class ReceiveGuard {
 public:
  /// Throws zmq::error_t. To be made before the socket is bound, and destroyed before it.
  ReceiveGuard(zmq::context_t& context, zmq::socket_t& socket, ReceiveBounds bounds);
  ReceiveGuard(const ReceiveGuard&) = delete;
  ReceiveGuard& operator=(const ReceiveGuard&) = delete;

  /// To be watched for reading: connections come and go.
  [[nodiscard]] zmq::socket_t& monitor() { return monitor_.socket(); }
  void listens_at(std::uint16_t port) { port_ = port; }

  /// Before the socket is read: asks the kernel, if it is time. The more connections, the more rarely; most often while
  /// somebody is in the middle of a message.
  void look(std::uint64_t now_us);
  /// When the next look is due; nothing while there are no connections.
  [[nodiscard]] std::optional<std::uint64_t> next_look_us() const;

  /// A message came from this connection; `part` is any frame of its body.
  void received(BytesView routing_id, const zmq::message_t& part, std::size_t wire_bytes);
  /// The socket said that nothing waits.
  void emptied() { is_emptied_ = true; }

  /// After the socket was read: cuts connections until the bounds hold.
  std::vector<CutConnection> cut_hoarders();

  [[nodiscard]] std::size_t connections() const { return connections_.size(); }

 private:
  struct Connection {
    TcpCookie cookie;
    ReceiveAccount account;
    Bytes routing_id;  ///< empty until a message came
  };
  using Connections = std::unordered_map<int, Connection>;

  void take_monitor_events();
  void accepted(int fd);
  void erase(Connections::iterator at);
  Connection* find(BytesView routing_id, const zmq::message_t& part);
  bool settle();
  void cut_largest(std::int64_t (ReceiveAccount::*bytes)() const, std::int64_t bound, CutConnection::Why why,
                   std::vector<CutConnection>& done);
  void cut(Connections::iterator at, CutConnection::Why why, std::int64_t bytes, std::vector<CutConnection>& done);

  SocketMonitor monitor_;
  ReceiveBounds bounds_;
  std::uint16_t port_ = 0;
  Connections connections_;                       ///< by descriptor
  std::unordered_map<Bytes, int> by_routing_id_;  ///< of those that have sent a message
  std::uint64_t looked_us_ = 0;
  std::uint64_t next_look_us_ = 0;
  bool is_looking_ = false;     ///< a look is not settled yet
  bool is_emptied_ = false;     ///< since that look
  std::uint64_t messages_ = 0;  ///< since that look
};

}  // namespace parley::mq
