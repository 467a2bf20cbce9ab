#pragma once
#include <functional>
#include <string>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace parley::followers {

/// One connection to a node's port for clients, which speaks as a DEALER of libzmq does: ZMTP 3 with the NULL
/// mechanism, over a TCP socket that never blocks. To a node it is a client like any other; here it costs one
/// descriptor and a hundred bytes, so that a process has thousands. One thread.
class ZmtpStream {
 public:
  /// Begins to connect, and to shake hands. ErrorCode::io if the system has no descriptor or port left;
  /// ErrorCode::usage for an address that is not IPv4.
  [[nodiscard]] static Result<ZmtpStream> connect(const Address& address);
  ZmtpStream(ZmtpStream&& other) noexcept;
  ZmtpStream& operator=(ZmtpStream&& other) noexcept;
  ~ZmtpStream();

  [[nodiscard]] int fd() const { return fd_; }
  /// The other side has said that it is ready: messages come, and those that were sent have been heard or will be.
  [[nodiscard]] bool is_ready() const { return is_ready_; }
  /// Something waits until the socket can be written.
  [[nodiscard]] bool wants_to_write() const { return !out_.empty(); }

  /// Takes what has come, and gives each message of one part, borrowed for the call. False if the connection is over.
  [[nodiscard]] bool receive(const std::function<void(BytesView)>& take);
  /// Sends a message, at once or as soon as it can. False if the connection is over.
  [[nodiscard]] bool send(BytesView body);
  /// The same for what waits.
  [[nodiscard]] bool flush();

 private:
  explicit ZmtpStream(int fd);
  /// Takes frames from the front of `bytes`; gives how many bytes it took.
  std::size_t take_frames(BytesView bytes, const std::function<void(BytesView)>& take);

  int fd_ = -1;
  bool has_greeting_ = false;
  bool is_ready_ = false;
  std::string in_;   ///< the begin of what has not come whole
  std::string out_;  ///< what the socket has not taken yet
};

}  // namespace parley::followers
