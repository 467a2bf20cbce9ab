#include "common/mq/socket_monitor.hpp"

#include <cstring>
#include <string>

#include <zmq.hpp>

namespace parley::mq {

SocketMonitor::SocketMonitor(zmq::context_t& context, zmq::socket_t& socket, int events)
    : socket_(socket.handle()), monitor_(std::make_unique<zmq::socket_t>(context, ZMQ_PAIR)) {
  monitor_->set(zmq::sockopt::linger, 0);
  // Without a mark: libzmq's thread would wait at one, and with it every connection. Each event takes some hundred
  // bytes until it is taken.
  monitor_->set(zmq::sockopt::rcvhwm, 0);
  const std::string endpoint = "inproc://monitor-" + std::to_string(reinterpret_cast<std::uintptr_t>(socket_));
  if (zmq_socket_monitor(socket_, endpoint.c_str(), events) != 0) throw zmq::error_t();
  monitor_->connect(endpoint);
}

SocketMonitor::~SocketMonitor() {
  // First of all: libzmq's thread would wait for ever for somebody to take its events.
  (void)zmq_socket_monitor(socket_, nullptr, 0);
}

std::optional<SocketMonitor::Event> SocketMonitor::next() {
  zmq::message_t event;
  if (zmq_msg_recv(event.handle(), monitor_->handle(), ZMQ_DONTWAIT) < 0) return std::nullopt;
  zmq::message_t endpoint;
  while (event.more() && zmq_msg_recv(endpoint.handle(), monitor_->handle(), ZMQ_DONTWAIT) >= 0 && endpoint.more()) {
  }
  std::uint16_t kind = 0;
  std::uint32_t value = 0;
  if (event.size() < sizeof kind + sizeof value) return Event{};
  std::memcpy(&kind, event.data<char>(), sizeof kind);
  std::memcpy(&value, event.data<char>() + sizeof kind, sizeof value);
  return Event{kind, static_cast<int>(value)};
}

}  // namespace parley::mq
