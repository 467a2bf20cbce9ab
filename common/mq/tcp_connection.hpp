#pragma once
#include <cstdint>
#include <optional>

/// What the kernel knows of a TCP connection of this process, whoever owns the descriptor. The number of a descriptor
/// may belong to another connection at any moment; the kernel's cookie of a connection never does.
namespace parley::mq {

/// Names one connection for as long as the machine runs.
struct TcpCookie {
  std::uint64_t value = 0;
  bool operator==(const TcpCookie&) const = default;
};

/// Nothing if this is no TCP connection whose own end has this port.
[[nodiscard]] std::optional<TcpCookie> accepted_connection(int fd, std::uint16_t port);
/// Bytes that came in since the connection was made and that the process has read; less, never more, if some come
/// while we ask. Nothing if this is no longer that connection.
[[nodiscard]] std::optional<std::uint64_t> taken_bytes(int fd, TcpCookie cookie);
/// Ends the connection at once: what the kernel still holds of it is thrown away, and the other end is told so. The
/// descriptor stays open, for its owner to find out. False if it is no longer that connection; then nothing happened.
bool cut(int fd, TcpCookie cookie);

}  // namespace parley::mq
