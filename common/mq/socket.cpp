#include "common/mq/socket.hpp"

#include <cerrno>
#include <string>

#include <zmq.hpp>

#include "common/base/ensure.hpp"

namespace parley::mq {
namespace {

/// A body on its way: libzmq calls released_by_libzmq() when it lets go of it, from a thread of its own.
struct Outgoing {
  Bytes body;
  std::shared_ptr<ByteMeter> meter;

  static void released_by_libzmq(void*, void* hint) {  // tests/tsan.supp names it
    const std::unique_ptr<Outgoing> outgoing(static_cast<Outgoing*>(hint));
    if (outgoing->meter) outgoing->meter->subtract(outgoing->body.size());
  }
};

/// The body is not copied.
zmq::message_t make_message(Bytes body, std::shared_ptr<ByteMeter> meter) {
  if (meter) meter->add(body.size());
  auto outgoing = std::make_unique<Outgoing>(std::move(body), std::move(meter));
  char* data = outgoing->body.data();
  const std::size_t size = outgoing->body.size();
  return zmq::message_t(data, size, Outgoing::released_by_libzmq, outgoing.release());
}

SendOutcome outcome_of(int sent_bytes) {
  if (sent_bytes >= 0) return SendOutcome::sent;
  if (zmq_errno() == EHOSTUNREACH) return SendOutcome::unroutable;
  // EINTR comes from a signal while waiting, and here nothing waits; were it to come, nothing was sent.
  if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
    ensure_failed(__FILE__, __LINE__, "zmq_msg_send", zmq_strerror(zmq_errno()));
  return SendOutcome::would_block;
}

/// False if nothing waits.
bool receive_part(zmq::socket_t& socket, zmq::message_t& part) {
  if (zmq_msg_recv(part.handle(), socket.handle(), ZMQ_DONTWAIT) >= 0) return true;
  if (zmq_errno() != EAGAIN && zmq_errno() != EINTR)
    ensure_failed(__FILE__, __LINE__, "zmq_msg_recv", zmq_strerror(zmq_errno()));
  return false;
}

SharedBytes shared_body(zmq::message_t&& body) {
  const auto owner = std::make_shared<zmq::message_t>(std::move(body));
  return {owner, {owner->data<char>(), owner->size()}};
}

std::string bind_failure(int error) {
  switch (error) {
    case EADDRINUSE: return "the port is in use";
    case EADDRNOTAVAIL:
    case ENODEV: return "this machine has no such address";
    case EACCES: return "not allowed (ports below 1024 need rights)";
    default: return zmq_strerror(error);
  }
}

}  // namespace

Result<Socket> Socket::open(Context& context, SocketKind kind) {
  try {
    auto socket = std::make_unique<zmq::socket_t>(*context.context_, mq::is_router(kind) ? ZMQ_ROUTER : ZMQ_DEALER);
    configure(*socket, kind);
    std::unique_ptr<ReceiveGuard> guard;
    if (mq::is_router(kind)) guard = std::make_unique<ReceiveGuard>(*context.context_, *socket, receive_bounds(kind));
    std::unique_ptr<SocketMonitor> monitor;
    if (kind == SocketKind::range_dealer)
      monitor = std::make_unique<SocketMonitor>(*context.context_, *socket,
                                                ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED);
    return Socket(std::move(socket), std::move(guard), std::move(monitor));
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::io, std::string("cannot open a socket: ") + error.what());
  }
}

Socket::Socket(std::unique_ptr<zmq::socket_t> socket, std::unique_ptr<ReceiveGuard> guard,
               std::unique_ptr<SocketMonitor> monitor)
    : socket_(std::move(socket)), guard_(std::move(guard)), monitor_(std::move(monitor)) {}
Socket::Socket(Socket&&) noexcept = default;
Socket& Socket::operator=(Socket&& other) noexcept {
  guard_ = std::move(other.guard_);  // the old guard and monitor go before their socket
  monitor_ = std::move(other.monitor_);
  is_up_ = other.is_up_;
  socket_ = std::move(other.socket_);
  return *this;
}
Socket::~Socket() = default;

Result<Address> Socket::bind(const Address& address) {
  try {
    // Only where it is needed: with it, IPv4 addresses would go through IPv6 sockets, which not every machine has.
    socket_->set(zmq::sockopt::ipv6, address.is_ipv6());
    socket_->bind(address.endpoint());
    const std::string bound = socket_->get(zmq::sockopt::last_endpoint);
    const auto port = Address::parse("127.0.0.1" + bound.substr(bound.rfind(':')));
    ENSURE(port.has_value());
    if (is_router()) guard_->listens_at(port->port());
    return address.with_port(port->port());
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::usage, "cannot listen on " + address.text() + ": " + bind_failure(error.num()));
  }
}

Status Socket::connect(const Address& address) {
  if (address.port() == 0) return fail(ErrorCode::usage, "cannot connect to " + address.text() + ": port 0");
  try {
    socket_->set(zmq::sockopt::ipv6, address.is_ipv6());
    socket_->connect(address.endpoint());
    return {};
  } catch (const zmq::error_t& error) {
    return fail(ErrorCode::usage, "cannot connect to " + address.text() + ": " + error.what());
  }
}

SendOutcome Socket::send(Bytes body, std::shared_ptr<ByteMeter> meter) {
  ENSURE(!is_router());
  zmq::message_t message = make_message(std::move(body), std::move(meter));
  return outcome_of(zmq_msg_send(message.handle(), socket_->handle(), ZMQ_DONTWAIT));
}

SendOutcome Socket::send_to(BytesView routing_id, Bytes body, std::shared_ptr<ByteMeter> meter) {
  ENSURE(is_router());
  zmq::message_t to(routing_id.data(), routing_id.size());
  const SendOutcome routed = outcome_of(zmq_msg_send(to.handle(), socket_->handle(), ZMQ_DONTWAIT | ZMQ_SNDMORE));
  if (routed != SendOutcome::sent) return routed;
  // The router has checked connection and high-water mark with the first part; if the connection is lost now, it drops
  // this.
  zmq::message_t message = make_message(std::move(body), std::move(meter));
  return outcome_of(zmq_msg_send(message.handle(), socket_->handle(), ZMQ_DONTWAIT));
}

ConnectionNews Socket::take_connection_news() {
  ENSURE(monitor_ != nullptr);
  ConnectionNews news;
  while (const auto event = monitor_->next()) {
    is_up_ = event->kind == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    if (!is_up_) news.was_lost = true;
  }
  // The old connection may still seem to take messages until its end, which comes before the begin of the new one, has
  // reached this thread: this takes in all that libzmq's thread has told it so far.
  int events = 0;
  std::size_t size = sizeof events;
  (void)zmq_getsockopt(socket_->handle(), ZMQ_EVENTS, &events, &size);
  news.is_up = is_up_;
  return news;
}

ReceiveOutcome Socket::receive(Received& received) {
  zmq::message_t part;
  if (!receive_part(*socket_, part)) {
    if (is_router()) guard_->emptied();
    return ReceiveOutcome::nothing;
  }
  received.routing_id.clear();
  if (is_router()) {
    received.routing_id.assign(part.data<char>(), part.size());
    // Parts of a message arrive together, so the next one waits already.
    if (!part.more() || !receive_part(*socket_, part)) return ReceiveOutcome::dropped;
  }
  const bool is_single = !part.more();
  std::size_t bytes = frame_bytes(part.size());
  while (part.more() && receive_part(*socket_, part)) bytes += frame_bytes(part.size());
  if (is_router()) guard_->received(received.routing_id, part, bytes);
  if (!is_single) return ReceiveOutcome::dropped;
  received.body = shared_body(std::move(part));
  return ReceiveOutcome::message;
}

}  // namespace parley::mq
