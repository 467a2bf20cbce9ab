#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "common/base/address.hpp"
#include "common/base/result.hpp"
#include "common/wire/client_message.hpp"

/// What the client library needs from the network. There are two implementations: transport's sockets and the scripted
/// servers of the tests. Each object is for the thread that made it.
namespace parley::client {

/// A connection to one server. It comes back by itself after a loss, without a word; what was sent meanwhile is lost.
class Connection {
 public:
  virtual ~Connection() = default;
  /// True if a frame would be taken now. One that says no, here or to send(), ends one wait() when it can.
  [[nodiscard]] virtual bool is_writable() = 0;
  /// False if the frame was not taken, because there is no connection or the server does not read: then nothing was
  /// sent.
  [[nodiscard]] virtual bool send(const wire::RequestFrame& frame) = 0;
  /// The next frame that has arrived, or nothing; never waits. What does not follow the protocol is dropped.
  [[nodiscard]] virtual std::optional<wire::ReplyFrame> receive() = 0;
};

class Network {
 public:
  virtual ~Network() = default;
  /// Begins to connect; whether anybody is there shows later. The connection must not outlive the network.
  [[nodiscard]] virtual Result<std::unique_ptr<Connection>> connect(const Address& server) = 0;
  /// Waits for at most `timeout_us` until a frame may have arrived on any connection, one that was not writable may be,
  /// or the file descriptor `input` can be read (negative: none). True if `input` can.
  virtual bool wait(std::uint64_t timeout_us, int input) = 0;
};

}  // namespace parley::client
