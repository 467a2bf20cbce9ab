#pragma once
#include <cstddef>
#include <cstdint>

namespace parley::mq {

/// What libzmq holds of what came by one connection: the bytes that it took from the kernel, less those of messages
/// that were received. What remains is messages that wait, the begin of an unfinished one, and what no message is made
/// of: the handshake, and heartbeats, which our own programs do not send. The last is told from the others by this:
/// messages arrive in order, so if the socket was read until empty after two looks, and a message came in between, then
/// what is unfinished began after the first look, and is no more than came since (and was in libzmq's read buffer).
///
/// Pure arithmetic: one thread, no time. To be opened before the first message of its connection is delivered.
class ReceiveAccount {
 public:
  /// A message came of which the parts took so many bytes, with the heads of their frames.
  void delivered(std::size_t wire_bytes) {
    delivered_ += static_cast<std::int64_t>(wire_bytes);
    has_delivered_since_look_ = true;
  }
  /// The kernel says that libzmq has taken so many bytes since the connection was made: not more than it has, perhaps
  /// less.
  void look(std::uint64_t taken);
  [[nodiscard]] bool has_delivered_since_look() const { return has_delivered_since_look_; }
  /// Since the last look, every message that was complete then has been received.
  void settle();

  /// Bytes of an unfinished message, as of the last settle; a little less than zero if more was delivered than had been
  /// looked at.
  [[nodiscard]] std::int64_t unfinished_bytes() const { return unfinished_; }
  /// Bytes of messages that wait, finished or not, as of the last look.
  [[nodiscard]] std::int64_t waiting_bytes() const { return taken_ - delivered_ - overhead_; }

 private:
  std::int64_t taken_ = 0;  ///< at the last look
  std::int64_t settled_taken_ = 0;
  std::int64_t delivered_ = 0;
  std::int64_t settled_delivered_ = 0;
  std::int64_t overhead_ = 0;  ///< taken and surely part of no message
  std::int64_t unfinished_ = 0;
  bool has_delivered_since_look_ = false;
};

/// What a frame of this size takes on the wire.
[[nodiscard]] constexpr std::size_t frame_bytes(std::size_t body) { return body + (body < 256 ? 2 : 9); }

}  // namespace parley::mq
