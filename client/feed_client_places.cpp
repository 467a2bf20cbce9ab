// FeedClient: which server a feed hangs on, and what is sent there.
#include <algorithm>
#include <utility>

#include "client/feed_client.hpp"
#include "common/base/feed_limits.hpp"
#include "common/wire/client_codec.hpp"

namespace parley::client {
namespace {

/// How often feeds and servers are looked at.
constexpr std::uint64_t look_us = 250'000;
/// How long the first page may take.
constexpr std::uint64_t first_page_us = 1'500'000;
/// Between two tries in vain: twice as long each time, up to the second.
constexpr std::uint64_t first_pause_us = 20'000;
constexpr std::uint64_t longest_pause_us = 1'000'000;
/// What a server is told of a request that it does not answer in time. It takes no part in feeds.
constexpr std::uint32_t deadline_ms = 1'500;

}  // namespace

void FeedClient::wake_at(std::uint64_t time_us) { next_check_us_ = std::min(next_check_us_, time_us); }

/// They may become more whenever one says who leads.
void FeedClient::know_servers() {
  open_.resize(servers_.size());
  alive_us_.resize(servers_.size());
  outgoing_.resize(servers_.size());
}

void FeedClient::check_time() {
  next_check_us_ = now_us_ + look_us;
  check_servers();
  std::vector<FeedId> due = std::exchange(due_, {});
  for (const FeedId id : due) {
    const auto found = feeds_.find(id);
    if (found == feeds_.end() || found->second.state != State::waiting) continue;
    if (found->second.next_try_us <= now_us_) {
      place(id, found->second);
    } else {
      wake_at(found->second.next_try_us);
      due_.push_back(id);
    }
  }
}

void FeedClient::check_servers() {
  for (std::size_t at = 0; at < servers_.size(); ++at) {
    const bool has_refused = lost_.contains(at);
    if (open_[at] == 0 && !has_refused) continue;
    if (has_refused || !servers_[at].connection->is_writable()) {
      servers_.refused_frame(at, now_us_);
      lose(at, servers_[at].address.text() + " is away");
    } else if (now_us_ - alive_us_[at] >= limits::feed_silence_ms * 1000) {
      servers_.silent(at, now_us_);
      lose(at, servers_[at].address.text() + " says nothing any more");
    }
  }
  lost_.clear();
  std::vector<std::size_t> silent;
  for (auto& [id, feed] : feeds_) {
    if (feed.state != State::asked || now_us_ - feed.asked_us < first_page_us) continue;
    if (alive_us_[feed.server] < feed.asked_us) silent.push_back(feed.server);
    try_later(feed);
  }
  for (const std::size_t at : silent) servers_.silent(at, now_us_);
}

void FeedClient::lose(std::size_t server, const std::string& why) {
  std::vector<FeedId> lost;
  for (auto& [id, feed] : feeds_) {
    if (feed.state == State::waiting || feed.server != server) continue;
    set_aside(feed, 0);
    lost.push_back(id);
  }
  for (const FeedId id : lost) {
    const auto found = feeds_.find(id);
    if (found == feeds_.end()) continue;
    const FeedCallback callback = found->second.callback;
    callback(FeedTrouble{why});
  }
}

/// What its server still sends for this try is not looked at.
void FeedClient::set_aside(Feed& feed, std::uint64_t pause_us) {
  if (feed.state == State::open) --open_[feed.server];
  const FeedId id = by_request_.at(feed.request);
  by_request_.erase(feed.request);
  feed.state = State::waiting;
  feed.next_try_us = now_us_ + pause_us;
  due_.push_back(id);
  wake_at(feed.next_try_us);
}

void FeedClient::try_later(Feed& feed) {
  const std::uint64_t pause = std::min(first_pause_us << std::min(feed.tries, 8U), longest_pause_us);
  ++feed.tries;
  set_aside(feed, pause / 2 + random_.below(pause));
}

std::size_t FeedClient::choose(const Feed& feed) {
  if (feed.wants_leader) return servers_.choose(true, no_server, now_us_);
  // The last one comes last, and those that do not have the position are not asked.
  const std::size_t begin = static_cast<std::size_t>(random_.below(servers_.size()));
  std::size_t last_resort = no_server;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    const std::size_t at = (begin + i) % servers_.size();
    const Servers::Server& server = servers_[at];
    if (!server.serves_all || !server.foreign.empty() || feed.gone_at.contains(at)) continue;
    if (!servers_.is_ready(at, now_us_)) continue;
    const bool is_suspect = servers_.is_suspect(at, now_us_);
    if (at != feed.server && !is_suspect) return at;
    // One that is away is not waited for to have what others have not.
    if (is_suspect && !feed.gone_at.empty()) continue;
    if (last_resort == no_server || at != feed.server) last_resort = at;
  }
  // Others may still be connecting.
  return servers_.next_change_us(now_us_) == UINT64_MAX ? last_resort : no_server;
}

void FeedClient::place(FeedId id, Feed& feed) {
  const std::size_t server = choose(feed);
  if (server == no_server) {
    if (!feed.gone_at.empty() && servers_.next_change_us(now_us_) == UINT64_MAX)
      return end(id, FeedGone{feed.first, feed.gone_detail});
    due_.push_back(id);
    feed.next_try_us = now_us_ + first_pause_us;
    return wake_at(feed.next_try_us);
  }
  know_servers();
  feed.server = server;
  feed.state = State::asked;
  feed.asked_us = now_us_;
  feed.request = next_request_++;
  feed.received = 0;
  feed.credit = settings_.window - std::min(settings_.window, feed.unconsumed);
  by_request_.emplace(feed.request, id);
  send(
      server,
      wire::FollowRequest{SharedBytes(Bytes(feed.subject)), feed.position, feed.credit, SharedBytes(Bytes(feed.token))},
      feed.request);
}

/// Said once half of the window is free, so that not every item costs a message.
void FeedClient::grant(Feed& feed) {
  const std::uint64_t free = settings_.window - std::min(settings_.window, feed.unconsumed);
  const std::uint64_t credit = feed.received + free;
  const bool is_worth_it = credit >= feed.credit + settings_.window / 2;
  if (!is_worth_it && feed.received < feed.credit) return;
  if (credit <= feed.credit) return;
  feed.credit = credit;
  send(feed.server, wire::GrantRequest{feed.request, credit}, next_request_++);
}

void FeedClient::send(std::size_t server, wire::RequestBody body, std::uint64_t request) {
  Outgoing& out = outgoing_[server];
  wire::Request sent{request, deadline_ms, std::move(body)};
  const std::size_t bytes = wire::size_bound(sent);
  if (out.frame.requests.size() >= limits::requests_per_frame ||
      wire::frame_overhead_bytes + out.bytes + bytes > limits::client_frame_bytes)
    flush(server);
  out.bytes += bytes;
  out.frame.requests.push_back(std::move(sent));
}

/// A server that takes nothing does not learn of credit either: its feeds go on elsewhere.
void FeedClient::flush(std::size_t server) {
  Outgoing& out = outgoing_[server];
  out.frame.cluster = cluster_;
  const bool is_sent = servers_[server].connection && servers_[server].connection->send(out.frame);
  out.frame.requests.clear();
  out.bytes = 0;
  if (is_sent) return;
  servers_.refused_frame(server, now_us_);
  lost_.insert(server);
  next_check_us_ = 0;
}

void FeedClient::flush_all() {
  for (std::size_t at = 0; at < outgoing_.size(); ++at) {
    if (!outgoing_[at].frame.requests.empty()) flush(at);
  }
}

}  // namespace parley::client
