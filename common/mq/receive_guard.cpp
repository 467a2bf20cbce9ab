#include "common/mq/receive_guard.hpp"

#include <algorithm>

#include <zmq.hpp>

#include "common/base/limits.hpp"

namespace parley::mq {
namespace {

/// In 10 ms a local sender makes libzmq hold some 15 MiB more. While nobody is in the middle of a message we look more
/// rarely: what comes in that time alone is about as much as a connection may have.
constexpr std::uint64_t look_us = 10'000;
constexpr std::uint64_t idle_look_us = 50'000;
/// A look at one connection takes two microseconds: with many of them two hundredths of a processor.
constexpr std::uint64_t look_us_per_connection = 100;
constexpr std::uint64_t most_look_us = 100'000;

}  // namespace

std::string text(const CutConnection& cut) {
  const std::string held = "a connection was cut: " + std::to_string(cut.bytes) + " bytes of it ";
  switch (cut.why) {
    case CutConnection::Why::unfinished: return held + "were one unfinished message";
    case CutConnection::Why::unfinished_in_all: return held + "were the largest of too many unfinished messages";
    case CutConnection::Why::waiting_in_all: return held + "were the most of too much that waited to be read";
  }
  return held;
}

ReceiveGuard::ReceiveGuard(zmq::context_t& context, zmq::socket_t& socket, ReceiveBounds bounds)
    : monitor_(context, socket, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED), bounds_(bounds) {}

void ReceiveGuard::take_monitor_events() {
  while (const auto event = monitor_.next()) {
    if (const auto at = connections_.find(event->fd); at != connections_.end()) erase(at);
    if (event->kind == ZMQ_EVENT_ACCEPTED) accepted(event->fd);
  }
}

void ReceiveGuard::accepted(int fd) {
  // If the descriptor is somebody else's by now, it has no account, or one of a connection of ours whose own event is
  // still to come and begins it anew.
  const auto cookie = accepted_connection(fd, port_);
  if (cookie) connections_.try_emplace(fd, Connection{*cookie, {}, {}});
}

void ReceiveGuard::erase(Connections::iterator at) {
  by_routing_id_.erase(at->second.routing_id);
  connections_.erase(at);
}

void ReceiveGuard::look(std::uint64_t now_us) {
  take_monitor_events();
  if (now_us < next_look_us_ || is_looking_) return;
  for (auto at = connections_.begin(); at != connections_.end();) {
    const auto looked = at++;
    if (const auto taken = taken_bytes(looked->first, looked->second.cookie)) {
      looked->second.account.look(*taken);
    } else {
      erase(looked);
    }
  }
  looked_us_ = now_us;
  is_looking_ = true;
  is_emptied_ = false;
  messages_ = 0;
}

std::optional<std::uint64_t> ReceiveGuard::next_look_us() const {
  return connections_.empty() ? std::nullopt : std::optional(next_look_us_);
}

ReceiveGuard::Connection* ReceiveGuard::find(BytesView routing_id, const zmq::message_t& part) {
  Bytes key(routing_id);
  if (const auto known = by_routing_id_.find(key); known != by_routing_id_.end())
    return &connections_.at(known->second);
  // Its first message; it may have been accepted since the last look.
  take_monitor_events();
  const int fd = zmq_msg_get(const_cast<zmq::message_t&>(part).handle(), ZMQ_SRCFD);
  const auto at = connections_.find(fd);
  if (at == connections_.end()) return nullptr;
  // A connection that had the same descriptor before may have left messages behind; the last to speak has the account.
  by_routing_id_.erase(at->second.routing_id);
  by_routing_id_.emplace(key, fd);
  at->second.routing_id = std::move(key);
  return &at->second;
}

void ReceiveGuard::received(BytesView routing_id, const zmq::message_t& part, std::size_t wire_bytes) {
  ++messages_;
  if (Connection* connection = find(routing_id, part)) connection->account.delivered(wire_bytes);
}

/// False if the look stays open: nobody knows yet which messages were complete then.
bool ReceiveGuard::settle() {
  // Connections take turns. If, of so many messages, one connection must have had three and another had none, then
  // nothing complete waited for that one.
  const bool took_turns = messages_ > 3 * connections_.size();
  if (!is_looking_ || !(is_emptied_ || took_turns)) return false;
  for (auto& [fd, connection] : connections_) {
    if (is_emptied_ || !connection.account.has_delivered_since_look()) connection.account.settle();
  }
  is_looking_ = false;
  const bool is_idle = std::ranges::all_of(connections_, [](const Connections::value_type& item) {
    return item.second.account.unfinished_bytes() < std::int64_t{limits::framing_slack_bytes};
  });
  const std::uint64_t least_us = is_idle ? idle_look_us : look_us;
  next_look_us_ = looked_us_ + std::clamp(connections_.size() * look_us_per_connection, least_us, most_look_us);
  return true;
}

std::vector<CutConnection> ReceiveGuard::cut_hoarders() {
  std::vector<CutConnection> done;
  if (!settle()) return done;
  for (auto at = connections_.begin(); at != connections_.end();) {
    const auto judged = at++;
    const std::int64_t bytes = judged->second.account.unfinished_bytes();
    if (bytes > bounds_.unfinished_bytes) cut(judged, CutConnection::Why::unfinished, bytes, done);
  }
  cut_largest(&ReceiveAccount::unfinished_bytes, bounds_.unfinished_in_all, CutConnection::Why::unfinished_in_all,
              done);
  cut_largest(&ReceiveAccount::waiting_bytes, bounds_.waiting_in_all, CutConnection::Why::waiting_in_all, done);
  return done;
}

void ReceiveGuard::cut_largest(std::int64_t (ReceiveAccount::*bytes)() const, std::int64_t bound,
                               CutConnection::Why why, std::vector<CutConnection>& done) {
  const auto held = [bytes](const Connections::value_type& item) {
    return std::max<std::int64_t>(0, (item.second.account.*bytes)());
  };
  std::int64_t in_all = 0;
  for (const auto& item : connections_) in_all += held(item);
  while (in_all > bound && !connections_.empty()) {
    const auto largest = std::ranges::max_element(connections_, {}, held);
    const std::int64_t most = held(*largest);
    in_all -= most;
    cut(largest, why, most, done);
  }
}

void ReceiveGuard::cut(Connections::iterator at, CutConnection::Why why, std::int64_t bytes,
                       std::vector<CutConnection>& done) {
  // Else it is gone, as the next look will see, or there is no descriptor to spare, and it is tried again then.
  if (!mq::cut(at->first, at->second.cookie)) return;
  done.push_back({why, bytes});
  erase(at);
}

}  // namespace parley::mq
