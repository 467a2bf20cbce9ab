#include "common/transport/peer_links.hpp"

#include <algorithm>

#include "common/base/limits.hpp"
#include "common/wire/peer_codec.hpp"

namespace parley::transport {
namespace {

/// A peer that nobody has set and that says nothing for so long is gone.
constexpr std::uint64_t silence_us = 60'000'000;

}  // namespace

Result<PeerListener> PeerListener::bind(mq::Context& context, const Address& address) {
  auto router = mq::Socket::open(context, mq::SocketKind::peer_router);
  if (!router) return std::unexpected(router.error());
  auto bound = router->bind(address);
  if (!bound) return std::unexpected(bound.error());
  return PeerListener{std::move(*router), std::move(*bound)};
}

Result<PeerLinks> PeerLinks::bind(mq::Context& context, const Address& address, SelfInfo self) {
  auto listener = PeerListener::bind(context, address);
  if (!listener) return std::unexpected(listener.error());
  return PeerLinks(context, std::move(*listener), std::move(self));
}

PeerLinks::PeerLinks(mq::Context& context, PeerListener listener, SelfInfo self)
    : context_(&context),
      router_(std::move(listener.router)),
      address_(std::move(listener.address)),
      self_(std::move(self)) {
  if (self_.advertised.port() == 0) self_.advertised = self_.advertised.with_port(address_.port());
}

void PeerLinks::set_cluster(ClusterId cluster) {
  if (cluster == cluster_) return;
  cluster_ = cluster;
  for (auto& [server, link] : links_) link.begin_anew(events_);
}

Status PeerLinks::set_peer(ServerId peer, const std::string& name, const Address& address, std::uint64_t now_us) {
  if (peer == self_.server) return {};
  const auto [at, is_new] = links_.try_emplace(peer, peer, name, self_.boot, now_us);
  PeerLink& link = at->second;
  link.rename(name);
  const bool knows_better = !is_new && (!link.configured || link.configured == address);
  link.configured = address;
  if (knows_better || link.address() == address) return {};
  return link.connect(*context_, address, events_);
}

void PeerLinks::forget_peer(ServerId peer) {
  links_.erase(peer);
  std::erase_if(said_us_, [peer](const auto& item) { return item.first.first == peer; });
}

std::vector<ServerId> PeerLinks::known_peers() const {
  std::vector<ServerId> peers;
  for (const auto& [server, link] : links_) peers.push_back(server);
  std::ranges::sort(peers);
  return peers;
}

void PeerLinks::send(raft::Message&& message) {
  PeerLink* link = find(message.to);
  if (link == nullptr) {
    ++port_stats_.unknown_receiver;
  } else if (wire::fits_frame(message)) {
    link->queue(std::move(message));
  } else {
    ++link->stats().messages_dropped;
    say_too_large(message.to);
  }
}

void PeerLinks::send_transfer(ServerId to, const transfer::Message& message) {
  PeerLink* link = find(to);
  if (link == nullptr) {
    ++port_stats_.unknown_receiver;
  } else {
    link->send_transfer(header_to(*link), message);
  }
}

void PeerLinks::flush(std::uint64_t now_us) {
  for (auto& [server, link] : links_) link.flush(header_to(link), now_us, events_);
}

void PeerLinks::tick(std::uint64_t now_us) {
  drop_silent(now_us);
  for (auto& [server, link] : links_) greet(link, now_us);
}

void PeerLinks::drop_silent(std::uint64_t now_us) {
  std::vector<ServerId> silent;
  for (const auto& [server, link] : links_) {
    if (!link.configured && now_us - link.last_heard_us().value_or(link.known_since_us()) > silence_us)
      silent.push_back(server);
  }
  for (const ServerId server : silent) forget_peer(server);
}

void PeerLinks::greet(PeerLink& link, std::uint64_t now_us) {
  if (cluster_.is_nil()) return;
  link.greet(header_to(link), {self_.name.text(), self_.advertised.text(), BootId{}}, now_us, events_);
}

wire::PeerHeader PeerLinks::header_to(const PeerLink& link) const {
  return {cluster_, self_.server, self_.boot, link.peer()};
}

PeerLink* PeerLinks::find(ServerId peer) {
  const auto at = links_.find(peer);
  return at == links_.end() ? nullptr : &at->second;
}

const PeerLink* PeerLinks::find(ServerId peer) const {
  const auto at = links_.find(peer);
  return at == links_.end() ? nullptr : &at->second;
}

bool PeerLinks::is_up(ServerId peer) const {
  const PeerLink* link = find(peer);
  return link != nullptr && link->is_up();
}

std::optional<std::uint64_t> PeerLinks::last_heard_us(ServerId peer) const {
  const PeerLink* link = find(peer);
  return link != nullptr ? link->last_heard_us() : std::nullopt;
}

std::optional<Address> PeerLinks::address_of(ServerId peer) const {
  const PeerLink* link = find(peer);
  return link != nullptr ? link->address() : std::nullopt;
}

PeerStats PeerLinks::stats(ServerId peer) const {
  const PeerLink* link = find(peer);
  return link != nullptr ? link->stats() : PeerStats{};
}

}  // namespace parley::transport
