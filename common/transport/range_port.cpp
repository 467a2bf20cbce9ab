#include "common/transport/range_port.hpp"

#include <utility>

#include "common/base/range_limits.hpp"
#include "common/wire/range_codec.hpp"

namespace parley::transport {
namespace {

/// Around entries there is an envelope: the least that a chunk costs is more than sixteen times as much.
constexpr std::uint64_t with_envelopes(std::uint64_t windows) { return windows + windows / 16; }
static_assert(with_envelopes(limits::range_window_bytes) + limits::range_reply_bytes <= limits::range_unread_bytes);

/// A reply that is not bounded by credit.
bool is_word(const wire::RangeReply& reply) {
  return !std::holds_alternative<wire::EntriesReply>(reply.body) &&
         !std::holds_alternative<wire::ImageRowsReply>(reply.body);
}

}  // namespace

Result<RangePort> RangePort::bind(mq::Context& context, const Address& address) {
  auto port = FramePort::bind(context, mq::SocketKind::range_router, address);
  if (!port) return std::unexpected(port.error());
  return RangePort(std::move(*port));
}

std::size_t RangePort::receive(std::size_t budget, std::uint64_t now_us, std::vector<RangeArrival>& arrivals) {
  const std::size_t taken = port_.receive(budget, now_us, frames_);
  for (FrameArrival& frame : frames_) {
    auto request = wire::decode_range_request(std::move(frame.body));
    if (request) {
      ++stats_.requests;
      arrivals.push_back({std::move(frame.client), std::move(*request)});
      continue;
    }
    ++stats_.malformed;
    send(frame.client, {{}, {}, 0, wire::RangeErrorReply{ErrorWord::invalid, request.error().what, 0, {}}}, 0);
  }
  frames_.clear();
  return taken;
}

mq::SendOutcome RangePort::send(const ClientKey& client, const wire::RangeReply& reply, std::uint64_t windows) {
  const bool are_full = port_.unread_in_all() > limits::range_unread_in_all;
  std::uint64_t most = are_full ? with_envelopes(windows) : limits::range_unread_bytes;
  if (is_word(reply)) most += limits::range_unread_words;
  mq::SendOutcome outcome = mq::SendOutcome::would_block;
  if (port_.unread(client) <= most) outcome = port_.send(client, wire::encode(reply));
  switch (outcome) {
    case mq::SendOutcome::sent: ++stats_.replies; break;
    case mq::SendOutcome::unroutable: ++stats_.gone; break;
    case mq::SendOutcome::would_block: ++stats_.unread; break;
  }
  return outcome;
}

}  // namespace parley::transport
