#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/mq/byte_meter.hpp"
#include "common/mq/context.hpp"
#include "common/mq/socket.hpp"
#include "common/transport/client_key.hpp"

namespace parley::transport {

/// A frame, and by which connection it came.
struct FrameArrival {
  ClientKey client;
  SharedBytes body;
};

/// A listening socket to which many connect: frames in, frames out, each by its connection, and nobody makes libzmq
/// hold more than the bounds say. Used by one thread.
class FramePort {
 public:
  /// `kind` is a router. ErrorCode::usage, naming the address, if it cannot listen there.
  [[nodiscard]] static Result<FramePort> bind(mq::Context& context, mq::SocketKind kind, const Address& address);

  /// Where it listens, with the port that it got.
  [[nodiscard]] const Address& address() const { return address_; }
  /// To be watched for reading.
  [[nodiscard]] mq::Socket& socket() { return router_; }

  /// Takes up to `budget` frames that have come, and appends them to `arrivals`. Gives how many it took: fewer than
  /// `budget` if no more have come. Connections that make libzmq hold more than they may are cut here. Time is in
  /// microseconds of any clock that does not go back.
  std::size_t receive(std::size_t budget, std::uint64_t now_us, std::vector<FrameArrival>& arrivals);
  /// When to call it again though nothing came; nothing if there is no connection.
  [[nodiscard]] std::optional<std::uint64_t> next_look_us() const { return router_.next_look_us(); }
  /// Something for the log, once in ten seconds at most.
  [[nodiscard]] std::optional<std::string> take_warning() { return std::exchange(warning_, std::nullopt); }

  /// `unroutable`: the connection is gone; `would_block`: it does not read. Then the frame was dropped. Never blocks.
  [[nodiscard]] mq::SendOutcome send(const ClientKey& client, Bytes frame);
  /// Bytes that were sent to a connection, or to all, and that libzmq still holds because they are not read.
  [[nodiscard]] std::size_t unread(const ClientKey& client) const;
  [[nodiscard]] std::size_t unread_in_all() const { return unread_in_all_->bytes(); }

  /// Since the port was opened: messages with more than one body frame, dropped; connections that were cut.
  [[nodiscard]] std::uint64_t multipart() const { return multipart_; }
  [[nodiscard]] std::uint64_t cut() const { return cut_; }
  /// Connections that are remembered here: those that have something unread, and idle ones until they are as many
  /// again.
  [[nodiscard]] std::size_t remembered() const { return meters_.size(); }

 private:
  FramePort(mq::Socket router, Address address);
  std::size_t receive_frames(std::size_t budget, std::vector<FrameArrival>& arrivals);
  void cut_hoarders(std::uint64_t now_us);
  [[nodiscard]] const std::shared_ptr<mq::ByteMeter>& meter_of(const ClientKey& client);

  mq::Socket router_;
  Address address_;
  std::unordered_map<ClientKey, std::shared_ptr<mq::ByteMeter>> meters_;
  std::size_t forget_at_ = 64;  ///< connections at which idle ones are forgotten
  std::shared_ptr<mq::ByteMeter> unread_in_all_ = std::make_shared<mq::ByteMeter>();
  std::uint64_t multipart_ = 0;
  std::uint64_t cut_ = 0;
  std::optional<std::string> warning_;
  std::optional<std::uint64_t> warned_us_;
};

}  // namespace parley::transport
