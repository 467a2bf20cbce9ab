#include "common/transport/peer_link.hpp"

#include <iterator>

#include "common/base/limits.hpp"
#include "common/wire/peer_codec.hpp"

namespace parley::transport {
namespace {

constexpr std::uint64_t refusal_gap_us = 1'000'000;

}  // namespace

Status PeerLink::connect(mq::Context& context, const Address& address, std::vector<PeerEvent>& events) {
  begin_anew(events);
  dealer_.reset();
  address_ = address;
  unread_ = std::make_shared<mq::ByteMeter>();
  auto dealer = mq::Socket::open(context, mq::SocketKind::peer_dealer);
  if (!dealer) return std::unexpected(dealer.error());
  if (const Status connected = dealer->connect(address); !connected) return connected;
  dealer_.emplace(std::move(*dealer));
  return {};
}

void PeerLink::begin_anew(std::vector<PeerEvent>& events) {
  go_down(events);
  greeting_.begin_anew();
  has_room_ = false;
}

void PeerLink::go_down(std::vector<PeerEvent>& events) {
  stats_.messages_dropped += queue_.size();
  queue_.clear();
  if (!up_) return;
  up_ = false;
  events.emplace_back(PeerDown{peer_});
}

void PeerLink::note_open(std::vector<PeerEvent>& events) {
  if (up_ || !has_room_ || !greeting_.is_open()) return;
  up_ = true;
  events.emplace_back(PeerUp{peer_});
}

void PeerLink::queue(raft::Message&& message) {
  if (up_) {
    queue_.push_back(std::move(message));
  } else {
    ++stats_.messages_dropped;
  }
}

bool PeerLink::send(const wire::PeerFrame& frame) {
  if (!dealer_ || unread_->bytes() > limits::unread_bytes_per_peer) return false;
  Bytes bytes = wire::encode(frame);
  const std::size_t size = bytes.size();
  if (dealer_->send(std::move(bytes), unread_) != mq::SendOutcome::sent) return false;
  ++stats_.frames_out;
  stats_.bytes_out += size;
  return true;
}

std::size_t PeerLink::messages_of_a_frame() const {
  std::size_t bytes = wire::peer_frame_overhead_bytes;
  std::size_t count = 0;
  while (count < queue_.size() && count < limits::messages_per_frame) {
    bytes += wire::size_bound(queue_[count]);
    if (bytes > limits::peer_frame_bytes && count > 0) break;
    ++count;
  }
  return count;
}

void PeerLink::flush(const wire::PeerHeader& header, std::uint64_t now_us, std::vector<PeerEvent>& events) {
  while (!queue_.empty()) {
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(messages_of_a_frame());
    wire::MessageBatch batch;
    batch.messages.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    const std::size_t count = batch.messages.size();
    if (!send({header, std::move(batch)})) {
      has_room_ = false;
      greeting_.doubt(now_us);
      go_down(events);
      return;
    }
    stats_.messages_out += count;
    queue_.erase(queue_.begin(), end);
  }
}

void PeerLink::send_transfer(const wire::PeerHeader& header, const transfer::Message& message) {
  if (!up_ || !send({header, message})) ++stats_.messages_dropped;
}

void PeerLink::greet(const wire::PeerHeader& header, const wire::Hello& own, std::uint64_t now_us,
                     std::vector<PeerEvent>& events) {
  if (!greeting_.is_due(now_us)) return;
  wire::Hello hello = own;
  hello.answers = greeting_.answers();
  has_room_ = send({header, std::move(hello)});
  greeting_.said(has_room_, now_us);
  if (has_room_) {
    note_open(events);
  } else {
    go_down(events);
  }
}

void PeerLink::refuse(const wire::PeerHeader& header, const std::string& reason, std::uint64_t now_us) {
  if (refused_us_ && now_us - *refused_us_ < refusal_gap_us) return;
  if (send({header, wire::HelloRefused{reason}})) refused_us_ = now_us;
}

void PeerLink::heard_hello(BootId boot, BootId answers, std::uint64_t now_us, std::vector<PeerEvent>& events) {
  last_heard_us_ = now_us;
  if (greeting_.heard(boot, answers, now_us).restarted) {
    go_down(events);
    events.emplace_back(PeerRestarted{peer_});
  }
  note_open(events);
}

bool PeerLink::heard_batch(BootId boot, std::uint64_t now_us) {
  if (greeting_.accepts(boot)) {
    last_heard_us_ = now_us;
    return true;
  }
  greeting_.doubt(now_us);
  return false;
}

}  // namespace parley::transport
