#include "client/feed_client.hpp"

#include <algorithm>
#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/feed_limits.hpp"

namespace parley::client {
namespace {

/// Frames taken from one server in a step, so that a flood from one does not keep the others waiting.
constexpr int frames_per_step = 64;
/// How long all servers may say that a position lies ahead of what they have: a node may be behind the one that gave
/// it.
constexpr std::uint64_t ahead_patience_us = 3'000'000;
constexpr std::uint64_t pause_us = 200'000;

}  // namespace

FeedClient::FeedClient(Network& network, const Clock& clock, Settings settings)
    : network_(network),
      clock_(clock),
      settings_(std::move(settings)),
      servers_(network_, settings_.servers),
      random_(settings_.seed),
      cluster_(settings_.cluster) {}

FeedId FeedClient::follow(Bytes subject, std::uint64_t after, FeedCallback callback, Bytes token) {
  const FeedId id{next_feed_++};
  Feed feed;
  feed.subject = std::move(subject);
  feed.token = std::move(token);
  feed.callback = std::move(callback);
  feed.position = after;
  feeds_.emplace(id, std::move(feed));
  due_.push_back(id);
  next_check_us_ = 0;
  return id;
}

void FeedClient::unfollow(FeedId id) {
  const auto found = feeds_.find(id);
  if (found == feeds_.end()) return;
  Feed& feed = found->second;
  if (feed.state != State::waiting) {
    if (feed.state == State::open) --open_[feed.server];
    by_request_.erase(feed.request);
    send(feed.server, wire::EndFeedRequest{feed.request}, next_request_++);
  }
  feeds_.erase(found);
}

void FeedClient::consumed(FeedId id, std::uint64_t items) {
  const auto found = feeds_.find(id);
  if (found == feeds_.end()) return;
  Feed& feed = found->second;
  feed.unconsumed -= std::min(feed.unconsumed, items);
  if (feed.state == State::open) grant(feed);
}

void FeedClient::step() {
  now_us_ = clock_.now().monotonic_us;
  know_servers();
  receive_all();
  know_servers();
  if (now_us_ >= next_check_us_) check_time();
  flush_all();
}

void FeedClient::receive_all() {
  for (std::size_t at = 0; at < servers_.size(); ++at) {
    for (int i = 0; i < frames_per_step && servers_[at].connection; ++i) {
      auto frame = servers_[at].connection->receive();
      if (!frame) break;
      take(at, *frame);
    }
  }
}

void FeedClient::take(std::size_t server, wire::ReplyFrame& frame) {
  if (!frame.cluster.is_nil() && cluster_.is_nil()) cluster_ = frame.cluster;
  if (!frame.cluster.is_nil() && frame.cluster != cluster_) {
    servers_.is_foreign(server, frame.cluster.text());
    return lose(server, servers_[server].address.text() + " belongs to cluster " + frame.cluster.text());
  }
  servers_.heard(server, frame, now_us_);
  const bool leads = !frame.leader.empty() && frame.leader == frame.node;
  for (wire::Reply& reply : frame.replies) take(server, leads, reply);
}

void FeedClient::take(std::size_t server, bool leads, wire::Reply& reply) {
  if (const auto* beat = std::get_if<wire::BeatReply>(&reply.body)) {
    alive_us_[server] = now_us_;
    // It counts what it had when it said so, and answers in order: all that had their first page are among them.
    if (beat->feeds < open_[server]) lose(server, servers_[server].address.text() + " has dropped feeds");
    return;
  }
  const auto known = by_request_.find(reply.id);
  if (known == by_request_.end()) {
    // Of a try that was given up, or of a feed that nobody follows any more.
    if (std::holds_alternative<wire::FeedReply>(reply.body))
      send(server, wire::EndFeedRequest{reply.id}, next_request_++);
    return;
  }
  const FeedId id = known->second;
  Feed& feed = feeds_.at(id);
  alive_us_[server] = now_us_;
  if (auto* page = std::get_if<wire::FeedReply>(&reply.body)) return take_page(feed, *page);
  if (const auto* gone = std::get_if<wire::FeedGoneReply>(&reply.body)) return take_gone(id, feed, *gone);
  if (const auto* refusal = std::get_if<wire::ErrorReply>(&reply.body)) take_refusal(id, feed, leads, *refusal);
}

void FeedClient::take_page(Feed& feed, wire::FeedReply& page) {
  if (feed.state == State::asked) {
    feed.state = State::open;
    ++open_[feed.server];
    feed.tries = 0;
    feed.wants_leader = false;
    if (feed.position == wire::follow_from_now) feed.position = page.after;
  }
  // A page was lost on the way.
  if (page.after != feed.position) return set_aside(feed, 0);
  feed.gone_at.clear();
  feed.first = 0;
  feed.ahead_since_us = 0;
  feed.position = page.upto;
  feed.received += page.count;
  feed.unconsumed += page.count;
  grant(feed);                                  // what was consumed while it was being placed
  const FeedCallback callback = feed.callback;  // it may end the feed
  callback(FeedItems{page.after, page.upto, page.count, std::move(page.items)});
}

void FeedClient::take_gone(FeedId id, Feed& feed, const wire::FeedGoneReply& gone) {
  if (gone.first == 0) {
    if (feed.ahead_since_us == 0) feed.ahead_since_us = now_us_;
    if (now_us_ - feed.ahead_since_us >= ahead_patience_us) return end(id, FeedGone{0, gone.detail});
    return set_aside(feed, pause_us);
  }
  feed.gone_at.insert(feed.server);
  feed.first = feed.first == 0 ? gone.first : std::min(feed.first, gone.first);
  feed.gone_detail = gone.detail;
  set_aside(feed, 0);
}

void FeedClient::take_refusal(FeedId id, Feed& feed, bool leads, const wire::ErrorReply& refusal) {
  switch (refusal.error) {
    case ErrorWord::busy:
    case ErrorWord::no_leader:
    case ErrorWord::timeout: return try_later(feed);
    default: break;
  }
  if (leads) return end(id, FeedRefused{refusal.error, refusal.detail});
  // It may be behind: the leader is not.
  const bool is_again = std::exchange(feed.wants_leader, true);
  set_aside(feed, is_again ? pause_us : 0);
}

void FeedClient::end(FeedId id, FeedEvent event) {
  const auto found = feeds_.find(id);
  ENSURE(found != feeds_.end());
  Feed& feed = found->second;
  if (feed.state != State::waiting) {
    if (feed.state == State::open) --open_[feed.server];
    by_request_.erase(feed.request);
  }
  const FeedCallback callback = std::move(feed.callback);
  feeds_.erase(found);
  callback(std::move(event));
}

}  // namespace parley::client
