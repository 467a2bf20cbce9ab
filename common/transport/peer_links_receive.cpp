#include <algorithm>
#include <variant>

#include "common/base/limits.hpp"
#include "common/transport/peer_links.hpp"
#include "common/wire/peer_codec.hpp"

namespace parley::transport {
namespace {

/// A reason is said once in so long for each peer: it comes with every frame.
constexpr std::uint64_t repeat_us = 10'000'000;

/// Texts from outside go to the log: nothing in them may look like a line of its own.
std::string printable(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return text;
}

}  // namespace

template <class Event>
void PeerLinks::say(Reason reason, ServerId peer, const std::string& text, std::uint64_t now_us) {
  // Only for peers that are known is there a memory of their own, so that inventing names does not fill it.
  const ServerId whom = find(peer) != nullptr ? peer : nobody;
  const auto [at, is_first] = said_us_.try_emplace({whom, reason}, now_us);
  if (!is_first && now_us - at->second < repeat_us) return;
  at->second = now_us;
  events_.emplace_back(Event{whom, text});
}

void PeerLinks::say_too_large(ServerId peer) {
  // Time is not at hand where it is noticed; once for the life of the link is enough, since it is the same fault each
  // time.
  if (!said_us_.try_emplace({peer, Reason::too_large}, 0).second) return;
  events_.emplace_back(FrameRefused{peer, "a message to it is larger than a frame may be, and was not sent"});
}

std::size_t PeerLinks::receive(std::size_t budget, std::uint64_t now_us, std::vector<raft::Message>& messages) {
  router_.look(now_us);
  const std::size_t taken = receive_frames(budget, now_us, messages);
  cut_hoarders(now_us);
  return taken;
}

void PeerLinks::cut_hoarders(std::uint64_t now_us) {
  for (const mq::CutConnection& cut : router_.cut_hoarders()) {
    ++port_stats_.cut;
    say<FrameRefused>(Reason::hoards, nobody, "on the raft port " + mq::text(cut), now_us);
  }
}

std::size_t PeerLinks::receive_frames(std::size_t budget, std::uint64_t now_us, std::vector<raft::Message>& messages) {
  mq::Received received;
  for (std::size_t taken = 0; taken < budget; ++taken) {
    switch (router_.receive(received)) {
      case mq::ReceiveOutcome::nothing: return taken;
      case mq::ReceiveOutcome::dropped: ++port_stats_.multipart; break;
      case mq::ReceiveOutcome::message: take_frame(received.body, now_us, messages); break;
    }
  }
  return budget;
}

void PeerLinks::take_frame(const SharedBytes& body, std::uint64_t now_us, std::vector<raft::Message>& messages) {
  if (cluster_.is_nil()) {
    ++port_stats_.early;
    return;
  }
  auto frame = wire::decode_peer_frame(body);
  if (!frame) return take_malformed(body, frame.error().what, now_us);
  const wire::PeerHeader& header = frame->header;
  // First of all: a refusal may come from another cluster, and it is never answered, so that two sides cannot refuse
  // each other for ever.
  if (const auto* refused = std::get_if<wire::HelloRefused>(&frame->body)) {
    return say<RefusedByPeer>(Reason::said_by_peer, header.from,
                              "server " + header.from.text() + " refuses our frames: " + printable(refused->reason),
                              now_us);
  }
  const auto* hello = std::get_if<wire::Hello>(&frame->body);
  if (const auto no = objection(header, hello != nullptr)) {
    ++port_stats_.foreign;
    say<FrameRefused>(no->first, header.from, no->second, now_us);
    // Only a peer that is known is told: to tell others, we would have to connect wherever a stranger says.
    if (PeerLink* link = find(header.from)) link->refuse(header_to(*link), no->second, now_us);
    return;
  }
  if (hello != nullptr) return take_hello(header, *hello, body.size(), now_us);
  if (auto* batch = std::get_if<wire::MessageBatch>(&frame->body))
    return take_batch(header, std::move(*batch), body.size(), now_us, messages);
  if (accept(header, body.size(), now_us) == nullptr) return;
  transfers_.push_back({header.from, std::move(std::get<transfer::Message>(frame->body))});
}

void PeerLinks::take_malformed(const SharedBytes& body, const std::string& why, std::uint64_t now_us) {
  ++port_stats_.malformed;
  const Reason reason = wire::is_other_version(body.view()) ? Reason::version : Reason::malformed;
  say<FrameRefused>(reason, nobody, "a frame on the raft port was refused: " + why, now_us);
}

std::optional<std::pair<PeerLinks::Reason, std::string>> PeerLinks::objection(const wire::PeerHeader& header,
                                                                              bool is_hello) const {
  if (header.cluster != cluster_) {
    return std::pair{Reason::cluster, "server " + header.from.text() + " belongs to cluster " + header.cluster.text() +
                                          ", server " + self_.server.text() + " (" + self_.name.text() +
                                          ") to cluster " + cluster_.text()};
  }
  if (header.to != self_.server && !(is_hello && header.to.is_nobody())) {
    return std::pair{Reason::incarnation, "server " + header.from.text() + " speaks to incarnation " +
                                              header.to.text() + ", but at this address now is incarnation " +
                                              self_.server.text() + " (" + self_.name.text() + ")"};
  }
  if (header.from == self_.server || header.from.is_nobody()) {
    return std::pair{Reason::ourselves,
                     "a frame came under our own incarnation " + self_.server.text() +
                         ": does a copy of this data folder run elsewhere, or does an address lead back here?"};
  }
  return std::nullopt;
}

void PeerLinks::take_hello(const wire::PeerHeader& header, const wire::Hello& hello, std::size_t bytes,
                           std::uint64_t now_us) {
  const auto name = NodeId::parse(hello.name);
  const auto address = Address::parse(hello.raft_address);
  if (!name || !address || address->port() == 0) {
    ++port_stats_.malformed;
    return say<FrameRefused>(Reason::malformed, header.from,
                             "server " + header.from.text() + " greets with a name or address that is none", now_us);
  }
  PeerLink* link = link_for(header.from, name->text(), *address, now_us);
  if (link == nullptr) {
    ++port_stats_.strangers;
    return say<FrameRefused>(Reason::crowd, header.from,
                             "more servers greet than a cluster has members; '" + name->text() + "' is not heard",
                             now_us);
  }
  ++link->stats().frames_in;
  link->stats().bytes_in += bytes;
  link->heard_hello(header.boot, hello.answers, now_us, events_);
  greet(*link, now_us);
}

PeerLink* PeerLinks::link_for(ServerId peer, const std::string& name, const Address& address, std::uint64_t now_us) {
  PeerLink* link = find(peer);
  const bool is_new = link == nullptr;
  if (is_new) {
    const auto learned = std::ranges::count_if(links_, [](const auto& item) { return !item.second.configured; });
    if (static_cast<std::size_t>(learned) >= limits::members) return nullptr;
    link = &links_.try_emplace(peer, peer, name, self_.boot, now_us).first->second;
  }
  link->rename(name);
  if (link->address() == address) return link;
  if (!is_new) events_.emplace_back(PeerMoved{peer, address});
  if (const Status connected = link->connect(*context_, address, events_); !connected) {
    say<FrameRefused>(Reason::malformed, peer, connected.error().what, now_us);
  }
  return link;
}

PeerLink* PeerLinks::accept(const wire::PeerHeader& header, std::size_t bytes, std::uint64_t now_us) {
  PeerLink* link = find(header.from);
  if (link == nullptr) {
    ++port_stats_.strangers;
    say<FrameRefused>(Reason::stranger, nobody, "server " + header.from.text() + " sends messages without a greeting",
                      now_us);
    return nullptr;
  }
  ++link->stats().frames_in;
  link->stats().bytes_in += bytes;
  if (link->heard_batch(header.boot, now_us)) return link;
  ++link->stats().batches_refused;
  greet(*link, now_us);
  return nullptr;
}

void PeerLinks::take_batch(const wire::PeerHeader& header, wire::MessageBatch&& batch, std::size_t bytes,
                           std::uint64_t now_us, std::vector<raft::Message>& messages) {
  PeerLink* link = accept(header, bytes, now_us);
  if (link == nullptr) return;
  link->stats().messages_in += batch.messages.size();
  std::ranges::move(batch.messages, std::back_inserter(messages));
}

}  // namespace parley::transport
