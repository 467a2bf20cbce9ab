#include "client/servers.hpp"

#include <algorithm>
#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

namespace parley::client {

Servers::Servers(Network& network, const std::vector<Address>& addresses) : network_(network) {
  ENSURE(!addresses.empty());
  for (const Address& address : addresses) {
    if (const std::size_t at = find_or_add(address); at != no_server) servers_[at].serves_all = true;
  }
}

std::size_t Servers::find_or_add(const Address& address) {
  const auto found = std::ranges::find(servers_, address, &Server::address);
  if (found != servers_.end()) return static_cast<std::size_t>(found - servers_.begin());
  if (servers_.size() >= limits::client_servers) return no_server;
  servers_.emplace_back();
  servers_.back().address = address;
  servers_.back().serves_all = false;
  return servers_.size() - 1;
}

void Servers::connect(Server& server, std::uint64_t now_us) {
  auto connection = network_.connect(server.address);
  if (connection) {
    server.connection = *std::move(connection);
    server.grace_until_us = now_us + connect_grace_us;
  } else {
    server.is_nowhere = true;
  }
}

bool Servers::is_ready(std::size_t at, std::uint64_t now_us) {
  Server& server = servers_[at];
  if (!server.connection && !server.is_nowhere) connect(server, now_us);
  if (!server.connection) return false;
  // Asked for every request, so a server that is down is looked at once in a step.
  if (!server.is_up && server.looked_us != now_us) server.is_up = server.connection->is_writable();
  if (server.is_up) {
    server.grace_until_us = 0;
  } else {
    server.looked_us = now_us;
  }
  return server.is_up;
}

Servers::Choice Servers::best(bool for_leader, std::size_t avoid, bool also_suspects, std::uint64_t now_us) {
  Choice choice;
  const auto fits = [&](std::size_t at) {
    return at != no_server && is_candidate(at) && (also_suspects || !is_suspect(at, now_us));
  };
  // Connections are begun one by one: the next one only when those before it had their time.
  const auto takes = [&](std::size_t at) {
    if (!fits(at) || (choice.is_connecting && !servers_[at].connection)) return false;
    if (is_ready(at, now_us)) return true;
    choice.is_connecting = choice.is_connecting || now_us < servers_[at].grace_until_us;
    return false;
  };
  if (for_leader && leader_ != avoid && takes(leader_)) return {leader_, false};
  // From the one behind `avoid` on, so that of several that refuse each is asked in its turn.
  const std::size_t first = avoid == no_server ? home_ : avoid + 1;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const std::size_t at = (first + i) % servers_.size();
    if (at != avoid && takes(at)) return {at, false};
  }
  if (!choice.is_connecting && takes(avoid)) return {avoid, false};
  return choice;
}

std::size_t Servers::choose(bool for_leader, std::size_t avoid, std::uint64_t now_us) {
  Choice choice = best(for_leader, avoid, false, now_us);
  if (choice.at == no_server && !choice.is_connecting) choice = best(for_leader, avoid, true, now_us);
  // A home that does not answer is left for good; one that is only gone is gone back to.
  if (choice.at != no_server && is_suspect(home_, now_us) && !is_suspect(choice.at, now_us)) home_ = choice.at;
  return choice.at;
}

void Servers::heard(std::size_t at, const wire::ReplyFrame& frame, std::uint64_t now_us) {
  Server& server = servers_[at];
  server.heard_us = now_us;
  server.is_up = true;
  server.suspect_until_us = 0;
  server.suspicion_us = 0;
  if (server.name != frame.node) server.name = frame.node;
  follow_hint(at, frame, now_us);
}

void Servers::follow_hint(std::size_t at, const wire::ReplyFrame& frame, std::uint64_t now_us) {
  if (frame.leader.empty()) {
    // It knows of no leader, so it is none itself.
    if (at == leader_) forget_leader();
    return;
  }
  if (frame.leader == frame.node) {
    leader_ = servers_[at].serves_all ? at : leader_;
    hint_.clear();
    return;
  }
  if (frame.leader_address == hint_ && leader_ != no_server) return;
  const std::size_t hinted = find_leader(frame, now_us);
  if (hinted == no_server || hinted == at || is_suspect(hinted, now_us)) return;
  servers_[hinted].serves_all = true;
  leader_ = hinted;
  hint_ = frame.leader_address;
}

std::size_t Servers::find_leader(const wire::ReplyFrame& frame, std::uint64_t now_us) {
  const auto address = Address::parse(frame.leader_address);
  const bool is_known = address && std::ranges::find(servers_, *address, &Server::address) != servers_.end();
  if (is_known) return find_or_add(*address);
  // Where we already speak to it, its address is one that works from here.
  for (std::size_t at = 0; at < servers_.size(); ++at) {
    if (servers_[at].name == frame.leader && servers_[at].is_up && !is_suspect(at, now_us)) return at;
  }
  return address ? find_or_add(*address) : no_server;
}

void Servers::silent(std::size_t at, std::uint64_t now_us) {
  Server& server = servers_[at];
  server.suspicion_us = std::clamp(2 * server.suspicion_us, first_suspicion_us, longest_suspicion_us);
  server.suspect_until_us = now_us + server.suspicion_us;
  if (leader_ == at) forget_leader();
}

void Servers::forget_leader() {
  leader_ = no_server;
  hint_.clear();
}

void Servers::is_foreign(std::size_t at, std::string cluster) {
  servers_[at].foreign = std::move(cluster);
  if (leader_ == at) forget_leader();
}

bool Servers::all_foreign() const {
  for (std::size_t at = 0; at < servers_.size(); ++at) {
    if (is_candidate(at)) return false;
  }
  return true;
}

bool Servers::has_other(std::size_t at, std::uint64_t now_us) const {
  for (std::size_t other = 0; other < servers_.size(); ++other) {
    if (other != at && is_candidate(other) && !is_suspect(other, now_us)) return true;
  }
  return false;
}

std::uint64_t Servers::next_change_us(std::uint64_t now_us) const {
  std::uint64_t next = UINT64_MAX;
  for (const Server& server : servers_) {
    if (server.grace_until_us > now_us) next = std::min(next, server.grace_until_us);
  }
  return next;
}

std::string Servers::text() const {
  std::string text;
  for (const Server& server : servers_) {
    if (!server.serves_all) continue;
    text += text.empty() ? "" : ", ";
    text += server.address.text();
  }
  return text;
}

}  // namespace parley::client
