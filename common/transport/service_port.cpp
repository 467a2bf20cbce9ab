#include "common/transport/service_port.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"
#include "common/wire/client_codec.hpp"

namespace parley::transport {
namespace {

/// What the largest reply takes: of the application, or a list of as many members as there may be.
constexpr std::size_t largest_reply_bytes = limits::reply_frame_bytes - wire::frame_overhead_bytes;

/// The receiver's decoder would refuse the whole frame for it.
bool is_too_large(const wire::Reply& reply) {
  if (const auto* app = std::get_if<wire::AppReply>(&reply.body)) return app->reply.size() > limits::command_bytes;
  return wire::size_bound(reply) > largest_reply_bytes;
}

/// How many of the replies from `begin` on go into one frame.
std::size_t replies_of_a_frame(const std::vector<wire::Reply>& replies, std::size_t begin) {
  std::size_t bytes = wire::frame_overhead_bytes;
  std::size_t end = begin;
  while (end < replies.size() && end - begin < limits::replies_per_frame) {
    bytes += wire::size_bound(replies[end]);
    if (bytes > limits::reply_frame_bytes && end > begin) break;
    ++end;
  }
  return end - begin;
}

}  // namespace

Result<ServicePort> ServicePort::bind(mq::Context& context, const Address& address) {
  auto port = FramePort::bind(context, mq::SocketKind::service_router, address);
  if (!port) return std::unexpected(port.error());
  return ServicePort(std::move(*port));
}

void ServicePort::set_header(ReplyHeader header) {
  ENSURE_LE(header.node.size(), limits::node_name_bytes);
  ENSURE_LE(header.leader.size(), limits::node_name_bytes);
  ENSURE_LE(header.leader_address.size(), limits::address_bytes);
  header_ = std::move(header);
}

std::size_t ServicePort::receive(std::size_t budget, std::uint64_t now_us, std::vector<Arrival>& arrivals) {
  const std::size_t taken = port_.receive(budget, now_us, frames_);
  for (FrameArrival& frame : frames_) take_frame(frame, arrivals);
  frames_.clear();
  stats_.multipart = port_.multipart();
  stats_.cut = port_.cut();
  return taken;
}

void ServicePort::take_frame(FrameArrival& received, std::vector<Arrival>& arrivals) {
  ++stats_.frames_in;
  ClientKey client(std::move(received.client));
  auto frame = wire::decode_request_frame(std::move(received.body));
  if (!frame) {
    ++stats_.malformed;
    return reply(client, {0, wire::ErrorReply{ErrorWord::invalid, frame.error().what, 0}});
  }
  if (is_foreign(*frame)) return refuse_foreign(client, *frame);
  stats_.requests_in += frame->requests.size();
  arrivals.push_back({std::move(client), std::move(*frame)});
}

bool ServicePort::is_foreign(const wire::RequestFrame& frame) const {
  return !frame.cluster.is_nil() && frame.cluster != header_.cluster;
}

void ServicePort::refuse_foreign(const ClientKey& client, const wire::RequestFrame& frame) {
  stats_.foreign += frame.requests.size();
  const std::string ours = header_.cluster.is_nil() ? "no cluster yet" : "cluster " + header_.cluster.text();
  const std::string detail =
      "the request is for cluster " + frame.cluster.text() + ", and " + header_.node + " belongs to " + ours;
  for (const wire::Request& request : frame.requests)
    reply(client, {request.id, wire::ErrorReply{ErrorWord::denied, detail, 0}});
}

void ServicePort::reply(const ClientKey& client, wire::Reply reply) {
  if (is_too_large(reply)) {
    reply.body = wire::ErrorReply{ErrorWord::too_large,
                                  "the answer is larger than " + std::to_string(limits::command_bytes) + " bytes", 0};
  }
  std::vector<wire::Reply>& replies = waiting_replies_[client];
  if (replies.empty()) waiting_.push_back(client);
  replies.push_back(std::move(reply));
}

void ServicePort::flush() {
  for (const ClientKey& client : waiting_) flush_connection(client, waiting_replies_.at(client));
  // Lists that are empty now serve again, unless there are twice as many as are in use.
  if (waiting_replies_.size() >= forget_at_) {
    waiting_replies_.clear();
    forget_at_ = std::max<std::size_t>(64, 2 * waiting_.size());
  }
  waiting_.clear();
}

mq::SendOutcome ServicePort::send(const ClientKey& client, const wire::ReplyFrame& frame) {
  const bool are_full = port_.unread_in_all() > limits::unread_bytes_in_all;
  const std::size_t most = are_full ? limits::unread_bytes_when_full : limits::unread_bytes_per_client;
  if (port_.unread(client) > most) return mq::SendOutcome::would_block;
  return port_.send(client, wire::encode(frame));
}

void ServicePort::flush_connection(const ClientKey& client, std::vector<wire::Reply>& replies) {
  wire::ReplyFrame frame{header_.cluster, header_.node, header_.leader, header_.leader_address, {}};
  std::size_t begin = 0;
  while (begin < replies.size()) {
    const auto first = replies.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::size_t count = replies_of_a_frame(replies, begin);
    frame.replies.assign(std::make_move_iterator(first),
                         std::make_move_iterator(first + static_cast<std::ptrdiff_t>(count)));
    const mq::SendOutcome outcome = send(client, frame);
    if (outcome != mq::SendOutcome::sent) {
      auto& lost = outcome == mq::SendOutcome::unroutable ? stats_.replies_gone : stats_.replies_unread;
      lost += replies.size() - begin;
      lost_.push_back(client);
      break;
    }
    ++stats_.frames_out;
    stats_.replies_out += count;
    begin += count;
  }
  replies.clear();
}

}  // namespace parley::transport
