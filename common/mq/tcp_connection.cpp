#include "common/mq/tcp_connection.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace parley::mq {
namespace {

std::optional<TcpCookie> cookie_of(int fd) {
  TcpCookie cookie;
  socklen_t size = sizeof cookie.value;
  if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie.value, &size) != 0) return std::nullopt;
  return cookie;
}

bool is_tcp(int fd) {
  int protocol = 0;
  socklen_t size = sizeof protocol;
  return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 && protocol == IPPROTO_TCP;
}

std::optional<std::uint16_t> own_port(int fd) {
  sockaddr_storage own{};
  socklen_t size = sizeof own;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0) return std::nullopt;
  if (own.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(own).sin_port);
  if (own.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(own).sin6_port);
  return std::nullopt;
}

}  // namespace

std::optional<TcpCookie> accepted_connection(int fd, std::uint16_t port) {
  if (!is_tcp(fd) || own_port(fd) != port) return std::nullopt;
  return cookie_of(fd);
}

std::optional<std::uint64_t> taken_bytes(int fd, TcpCookie cookie) {
  if (cookie_of(fd) != cookie) return std::nullopt;
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  // Asked second: bytes that come in between are among the unread ones only.
  int unread = 0;
  if (ioctl(fd, SIOCINQ, &unread) != 0) return std::nullopt;
  const std::uint64_t came = info.tcpi_bytes_received;
  return came - std::min(came, static_cast<std::uint64_t>(unread));
}

bool cut(int fd, TcpCookie cookie) {
  // Our own descriptor cannot change hands between the question who it is and the cut.
  const int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return false;
  bool is_cut = false;
  if (cookie_of(own) == cookie) {
    // shutdown() would leave what the kernel holds, which may be tens of megabytes, for libzmq to take.
    sockaddr nobody{};
    nobody.sa_family = AF_UNSPEC;
    is_cut = connect(own, &nobody, sizeof nobody) == 0;
  }
  close(own);
  return is_cut;
}

}  // namespace parley::mq
