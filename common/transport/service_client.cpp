#include "common/transport/service_client.hpp"

#include <utility>

#include "common/wire/client_codec.hpp"

namespace parley::transport {

Result<ServiceClient> ServiceClient::connect(mq::Context& context, const Address& address) {
  auto dealer = mq::Socket::open(context, mq::SocketKind::client_dealer);
  if (!dealer) return std::unexpected(dealer.error());
  if (const Status connected = dealer->connect(address); !connected) return std::unexpected(connected.error());
  return ServiceClient(std::move(*dealer), address);
}

ServiceClient::ServiceClient(mq::Socket dealer, Address address)
    : dealer_(std::move(dealer)), address_(std::move(address)) {}

mq::SendOutcome ServiceClient::send(const wire::RequestFrame& frame) { return dealer_.send(wire::encode(frame)); }

std::optional<Result<wire::ReplyFrame>> ServiceClient::receive() {
  mq::Received received;
  switch (dealer_.receive(received)) {
    case mq::ReceiveOutcome::nothing: return std::nullopt;
    case mq::ReceiveOutcome::dropped: return fail(ErrorCode::protocol, "a message of several parts");
    case mq::ReceiveOutcome::message: break;
  }
  return wire::decode_reply_frame(std::move(received.body));
}

}  // namespace parley::transport
