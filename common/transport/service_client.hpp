#pragma once
#include <optional>

#include "common/base/address.hpp"
#include "common/base/result.hpp"
#include "common/mq/context.hpp"
#include "common/mq/socket.hpp"
#include "common/wire/client_message.hpp"

namespace parley::transport {

/// One connection to one service port: of a client, or of a joiner. libzmq makes it, and makes it again when it is
/// lost, in silence; what was not answered then has to be asked again. Used by one thread.
class ServiceClient {
 public:
  /// Starts connecting. ErrorCode::usage, naming the address, if nobody can have it.
  [[nodiscard]] static Result<ServiceClient> connect(mq::Context& context, const Address& address);

  [[nodiscard]] const Address& address() const { return address_; }
  /// To be watched for reading; and for writing, which tells when there is a connection with room.
  [[nodiscard]] mq::Socket& socket() { return dealer_; }

  /// `would_block` without a connection or room. The frame must keep to the bounds of wire::encode and
  /// limits::client_frame_bytes.
  [[nodiscard]] mq::SendOutcome send(const wire::RequestFrame& frame);

  /// The next frame of replies; nothing if none has come; an error of ErrorCode::protocol for one that cannot be read,
  /// which is then gone. Call it until it gives nothing.
  [[nodiscard]] std::optional<Result<wire::ReplyFrame>> receive();

 private:
  ServiceClient(mq::Socket dealer, Address address);
  mq::Socket dealer_;
  Address address_;
};

}  // namespace parley::transport
