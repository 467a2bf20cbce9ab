#include "tests/followers/zmtp_stream.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace parley::followers {
namespace {

using namespace std::string_literals;

constexpr std::size_t greeting_bytes = 64;
constexpr std::size_t read_bytes = 256 * 1024;
enum Flag : std::uint8_t { is_long = 2, is_command = 4 };

std::string greeting() {
  std::string bytes = "\xff"s + std::string(8, '\0') + "\x7f\x03\x00"s + "NULL";
  bytes.resize(greeting_bytes, '\0');
  return bytes;
}

std::string ready() {
  const std::string body = "\x05READY\x0bSocket-Type"s + "\0\0\0\x06"s + "DEALER";
  return std::string{static_cast<char>(is_command), static_cast<char>(body.size())} + body;
}

Error last_error(const std::string& what) { return {ErrorCode::io, what + ": " + std::strerror(errno)}; }

}  // namespace

ZmtpStream::ZmtpStream(int fd) : fd_(fd), out_(greeting() + ready()) {}
ZmtpStream::ZmtpStream(ZmtpStream&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      has_greeting_(other.has_greeting_),
      is_ready_(other.is_ready_),
      in_(std::move(other.in_)),
      out_(std::move(other.out_)) {}
ZmtpStream& ZmtpStream::operator=(ZmtpStream&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(has_greeting_, other.has_greeting_);
  std::swap(is_ready_, other.is_ready_);
  std::swap(in_, other.in_);
  std::swap(out_, other.out_);
  return *this;
}
ZmtpStream::~ZmtpStream() {
  if (fd_ >= 0) (void)::close(fd_);
}

Result<ZmtpStream> ZmtpStream::connect(const Address& address) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(address.port());
  if (::inet_pton(AF_INET, address.host().c_str(), &to.sin_addr) != 1)
    return fail(ErrorCode::usage, address.text() + " is no IPv4 address");
  ZmtpStream stream(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (stream.fd_ < 0) return std::unexpected(last_error("no further socket"));
  const int on = 1;
  (void)::setsockopt(stream.fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(stream.fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0 && errno != EINPROGRESS)
    return std::unexpected(last_error("cannot connect to " + address.text()));
  return stream;
}

bool ZmtpStream::receive(const std::function<void(BytesView)>& take) {
  thread_local std::vector<char> buffer(read_bytes);
  for (;;) {
    const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
    if (count == 0) return false;
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    const BytesView came(buffer.data(), static_cast<std::size_t>(count));
    if (in_.empty()) {
      in_.assign(came.substr(take_frames(came, take)));
    } else {
      in_.append(came);
      in_.erase(0, take_frames(in_, take));
    }
    if (in_.empty()) in_.shrink_to_fit();
    if (static_cast<std::size_t>(count) < buffer.size()) return true;
  }
}

std::size_t ZmtpStream::take_frames(BytesView bytes, const std::function<void(BytesView)>& take) {
  std::size_t at = 0;
  if (!has_greeting_) {
    if (bytes.size() < greeting_bytes) return 0;
    has_greeting_ = true;
    at = greeting_bytes;
  }
  for (;;) {
    const BytesView rest = bytes.substr(at);
    if (rest.size() < 2) return at;
    const auto flags = static_cast<std::uint8_t>(rest[0]);
    std::size_t head = 2;
    std::uint64_t size = static_cast<std::uint8_t>(rest[1]);
    if ((flags & is_long) != 0) {
      head = 9;
      if (rest.size() < head) return at;
      size = 0;
      for (std::size_t i = 1; i < head; ++i) size = size << 8 | static_cast<std::uint8_t>(rest[i]);
    }
    if (rest.size() - head < size) return at;
    if ((flags & is_command) != 0) {
      is_ready_ = true;
    } else {
      take(rest.substr(head, size));
    }
    at += head + size;
  }
}

bool ZmtpStream::send(BytesView body) {
  if (body.size() < 256) {
    out_ += {'\0', static_cast<char>(body.size())};
  } else {
    out_ += static_cast<char>(is_long);
    for (int shift = 56; shift >= 0; shift -= 8) out_ += static_cast<char>(body.size() >> shift & 0xFF);
  }
  out_ += body;
  return flush();
}

bool ZmtpStream::flush() {
  while (!out_.empty()) {
    const ssize_t count = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
    if (count < 0) return errno == EAGAIN || errno == EINTR || errno == ENOTCONN;
    out_.erase(0, static_cast<std::size_t>(count));
  }
  out_.shrink_to_fit();
  return true;
}

}  // namespace parley::followers
