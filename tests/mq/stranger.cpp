#include "tests/mq/stranger.hpp"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <fstream>

#include "common/base/ensure.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PARLEY_SANITIZER_ALLOCATES
/// Of the sanitizer's runtime; GCC has no header for it.
extern "C" std::size_t __sanitizer_get_current_allocated_bytes();
#endif

namespace parley::mq::testing {
namespace {
constexpr int patience_ms = 10000;

int connect_tcp(const Address& to) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ENSURE(fd >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(to.port());
  ENSURE_EQ(inet_pton(AF_INET, to.host().c_str(), &address.sin_addr), 1);
  ENSURE_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

}  // namespace

StrangeDealer::StrangeDealer(const Address& to) : context_(zmq_ctx_new()), socket_(zmq_socket(context_, ZMQ_DEALER)) {
  const int none = 0;
  const int patience = patience_ms;
  zmq_setsockopt(socket_, ZMQ_LINGER, &none, sizeof none);
  zmq_setsockopt(socket_, ZMQ_SNDTIMEO, &patience, sizeof patience);
  zmq_setsockopt(socket_, ZMQ_RCVTIMEO, &patience, sizeof patience);
  ENSURE_EQ(zmq_connect(socket_, to.endpoint().c_str()), 0);
}

StrangeDealer::~StrangeDealer() {
  zmq_close(socket_);
  zmq_ctx_term(context_);
}

bool StrangeDealer::send(const std::vector<std::string>& parts) {
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const int more = i + 1 < parts.size() ? ZMQ_SNDMORE : 0;
    if (zmq_send(socket_, parts[i].data(), parts[i].size(), more) < 0) return false;
  }
  return true;
}

std::vector<std::string> StrangeDealer::receive() {
  std::vector<std::string> parts;
  int more = 1;
  while (more != 0) {
    zmq_msg_t part;
    zmq_msg_init(&part);
    if (zmq_msg_recv(&part, socket_, 0) < 0) return {};
    parts.emplace_back(static_cast<const char*>(zmq_msg_data(&part)), zmq_msg_size(&part));
    more = zmq_msg_more(&part);
    zmq_msg_close(&part);
  }
  return parts;
}

void send_raw_tcp(const Address& to, const std::string& bytes) {
  const int fd = connect_tcp(to);
  // The other end may close while we speak; that is its right.
  (void)send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  shutdown(fd, SHUT_WR);
  char sink[4096];
  while (recv(fd, sink, sizeof sink, 0) > 0) {
  }
  close(fd);
}

RawDealer::RawDealer(const Address& to) : fd_(connect_tcp(to)) {
  std::string greeting("\xff\0\0\0\0\0\0\0\0\x7f\x03\0NULL", 16);
  greeting.resize(64, '\0');
  const std::string ready(
      "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06"
      "DEALER",
      30);
  char sink[64];
  ENSURE(send(greeting));
  ENSURE_EQ(recv(fd_, sink, sizeof sink, MSG_WAITALL), 64);
  ENSURE(send(ready));
  ENSURE(recv(fd_, sink, sizeof sink, 0) > 0);  // the other end is ready too
}

RawDealer::~RawDealer() { close(fd_); }

bool RawDealer::send(const std::string& bytes) {
  return ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

void RawDealer::break_when_closed() {
  const linger at_once{1, 0};
  ENSURE_EQ(setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
}

std::string RawDealer::frame(const std::string& body, char flags) {
  if (body.size() < 256) return std::string{flags, static_cast<char>(body.size())} + body;
  constexpr char is_long = 2;
  std::string head{static_cast<char>(flags | is_long)};
  for (int shift = 56; shift >= 0; shift -= 8) head += static_cast<char>(body.size() >> shift);
  return head + body;
}

Address free_address() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ENSURE(fd >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ENSURE_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ENSURE_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return Address{}.with_port(ntohs(address.sin_port));
}

std::size_t memory_in_use() {
#ifdef PARLEY_SANITIZER_ALLOCATES
  return __sanitizer_get_current_allocated_bytes();
#else
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
#endif
}

}  // namespace parley::mq::testing
