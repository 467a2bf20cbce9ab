#pragma once
#include <cstdint>
#include <memory>
#include <optional>

namespace zmq {
class context_t;
class socket_t;
}  // namespace zmq

namespace parley::mq {

/// What libzmq's threads tell about the connections of a socket. Used by the thread of the socket; destroyed before it.
class SocketMonitor {
 public:
  struct Event {
    std::uint16_t kind = 0;  ///< ZMQ_EVENT_...
    int fd = -1;
  };
  /// `events` are those of libzmq that are wanted. Throws zmq::error_t. To be made before the socket is bound or
  /// connected.
  SocketMonitor(zmq::context_t& context, zmq::socket_t& socket, int events);
  ~SocketMonitor();
  SocketMonitor(const SocketMonitor&) = delete;
  SocketMonitor& operator=(const SocketMonitor&) = delete;

  /// To be watched for reading.
  [[nodiscard]] zmq::socket_t& socket() { return *monitor_; }
  /// Nothing if nothing has happened.
  [[nodiscard]] std::optional<Event> next();

 private:
  void* socket_;
  std::unique_ptr<zmq::socket_t> monitor_;
};

}  // namespace parley::mq
