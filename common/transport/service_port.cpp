#include "common/transport/service_port.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"
#include "common/wire/client_codec.hpp"

namespace parley::transport {
namespace {

constexpr std::uint64_t warn_again_us = 10'000'000;

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
  auto router = mq::Socket::open(context, mq::SocketKind::service_router);
  if (!router) return std::unexpected(router.error());
  auto bound = router->bind(address);
  if (!bound) return std::unexpected(bound.error());
  return ServicePort(std::move(*router), std::move(*bound));
}

ServicePort::ServicePort(mq::Socket router, Address address)
    : router_(std::move(router)), address_(std::move(address)) {}

void ServicePort::set_header(ReplyHeader header) {
  ENSURE_LE(header.node.size(), limits::node_name_bytes);
  ENSURE_LE(header.leader.size(), limits::node_name_bytes);
  ENSURE_LE(header.leader_address.size(), limits::address_bytes);
  header_ = std::move(header);
}

std::size_t ServicePort::receive(std::size_t budget, std::uint64_t now_us, std::vector<Arrival>& arrivals) {
  router_.look(now_us);
  const std::size_t taken = receive_frames(budget, arrivals);
  cut_hoarders(now_us);
  return taken;
}

void ServicePort::cut_hoarders(std::uint64_t now_us) {
  const std::vector<mq::CutConnection> cut = router_.cut_hoarders();
  if (cut.empty()) return;
  stats_.cut += cut.size();
  if (warned_us_ && now_us - *warned_us_ < warn_again_us) return;
  warned_us_ = now_us;
  warning_ = "on " + address_.text() + " " + mq::text(cut.front()) + "; " + std::to_string(stats_.cut) +
             " have been since the start";
}

std::size_t ServicePort::receive_frames(std::size_t budget, std::vector<Arrival>& arrivals) {
  mq::Received received;
  for (std::size_t taken = 0; taken < budget; ++taken) {
    switch (router_.receive(received)) {
      case mq::ReceiveOutcome::nothing: return taken;
      case mq::ReceiveOutcome::dropped: ++stats_.multipart; break;
      case mq::ReceiveOutcome::message: take_frame(received, arrivals); break;
    }
  }
  return budget;
}

void ServicePort::take_frame(mq::Received& received, std::vector<Arrival>& arrivals) {
  ++stats_.frames_in;
  ClientKey client(std::move(received.routing_id));
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
  Connection& connection = connections_[client];
  if (connection.replies.empty()) waiting_.push_back(client);
  connection.replies.push_back(std::move(reply));
}

void ServicePort::flush() {
  for (const ClientKey& client : waiting_) flush_connection(client, connections_.at(client));
  waiting_.clear();
  if (connections_.size() >= forget_at_) forget_idle();
}

void ServicePort::flush_connection(const ClientKey& client, Connection& connection) {
  wire::ReplyFrame frame{header_.cluster, header_.node, header_.leader, header_.leader_address, {}};
  std::vector<wire::Reply>& replies = connection.replies;
  std::size_t begin = 0;
  while (begin < replies.size()) {
    const auto first = replies.begin() + static_cast<std::ptrdiff_t>(begin);
    const std::size_t count = replies_of_a_frame(replies, begin);
    frame.replies.assign(std::make_move_iterator(first),
                         std::make_move_iterator(first + static_cast<std::ptrdiff_t>(count)));
    const mq::SendOutcome outcome = send_frame(client, connection, frame);
    if (outcome != mq::SendOutcome::sent) {
      auto& lost = outcome == mq::SendOutcome::unroutable ? stats_.replies_gone : stats_.replies_unread;
      lost += replies.size() - begin;
      break;
    }
    ++stats_.frames_out;
    stats_.replies_out += count;
    begin += count;
  }
  replies.clear();
}

mq::SendOutcome ServicePort::send_frame(const ClientKey& client, Connection& connection,
                                        const wire::ReplyFrame& frame) {
  if (!connection.unread) connection.unread = std::make_shared<mq::ByteMeter>(unread_in_all_);
  const bool are_full = unread_in_all_->bytes() > limits::unread_bytes_in_all;
  const std::size_t most = are_full ? limits::unread_bytes_when_full : limits::unread_bytes_per_client;
  if (connection.unread->bytes() > most) return mq::SendOutcome::would_block;
  return router_.send_to(client.routing_id(), wire::encode(frame), connection.unread);
}

void ServicePort::forget_idle() {
  std::erase_if(connections_, [](const auto& item) {
    return item.second.replies.empty() && (!item.second.unread || item.second.unread->bytes() == 0);
  });
  // Twice what is left: so that looking through all of them is paid for by as many new ones.
  forget_at_ = std::max<std::size_t>(64, 2 * connections_.size());
}

}  // namespace parley::transport
