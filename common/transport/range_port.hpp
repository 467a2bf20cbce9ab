#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/transport/frame_port.hpp"
#include "common/wire/range_message.hpp"

namespace parley::transport {

/// A request, and by which connection it came.
struct RangeArrival {
  ClientKey client;
  wire::RangeRequest request;
};

/// Counts since the port was opened.
struct RangePortStats {
  std::uint64_t requests = 0;
  std::uint64_t malformed = 0;  ///< frames that do not follow the protocol, or another version of it; answered
  std::uint64_t replies = 0;
  std::uint64_t gone = 0;    ///< replies dropped: the connection is gone
  std::uint64_t unread = 0;  ///< replies dropped: the connection does not read
};

/// Where a node or a logger is asked for entries and images (`-hrecov`). Used by one thread.
class RangePort {
 public:
  /// ErrorCode::usage, naming the address, if it cannot listen there.
  [[nodiscard]] static Result<RangePort> bind(mq::Context& context, const Address& address);

  /// Where it listens, with the port that it got.
  [[nodiscard]] const Address& address() const { return port_.address(); }
  /// To be watched for reading, and for its connections.
  [[nodiscard]] mq::Socket& socket() { return port_.socket(); }

  /// As FramePort::receive. A frame that cannot be read is answered `invalid` with request id 0.
  std::size_t receive(std::size_t budget, std::uint64_t now_us, std::vector<RangeArrival>& arrivals);
  [[nodiscard]] std::optional<std::uint64_t> next_look_us() const { return port_.next_look_us(); }
  [[nodiscard]] std::optional<std::string> take_warning() { return port_.take_warning(); }

  /// `windows`: what the streams of this connection may have on their way. Whoever grants credit for what he has read
  /// never lets more wait, and gets every reply. `unroutable`: the connection is gone; `would_block`: it does not read.
  /// Then the reply was dropped. Never blocks.
  mq::SendOutcome send(const ClientKey& client, const wire::RangeReply& reply, std::uint64_t windows);
  /// Bytes that libzmq still holds because they are not read.
  [[nodiscard]] std::size_t unread_in_all() const { return port_.unread_in_all(); }

  [[nodiscard]] const RangePortStats& stats() const { return stats_; }

 private:
  explicit RangePort(FramePort port) : port_(std::move(port)) {}

  FramePort port_;
  std::vector<FrameArrival> frames_;
  RangePortStats stats_;
};

}  // namespace parley::transport
