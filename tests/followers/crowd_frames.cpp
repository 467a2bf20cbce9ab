// Crowd: what followers and nodes say to each other.
#include <sys/epoll.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

#include "common/app/reply.hpp"
#include "common/base/limits.hpp"
#include "common/wire/client_codec.hpp"
#include "tests/followers/crowd.hpp"

namespace parley::followers {
namespace {

constexpr std::uint64_t pause_us = 200'000;
constexpr std::uint64_t in_time_us = 1'000'000;

/// When the sender called; nothing of a message that is not ours.
std::optional<std::uint64_t> sent_us(BytesView text) {
  std::uint64_t time_us = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), time_us);
  return code == std::errc() && end != text.data() + text.size() && *end == ' ' ? std::optional(time_us) : std::nullopt;
}

}  // namespace

void Crowd::ask(Connection& connection, Feed& feed) {
  feed.request = connection.next_request++;
  feed.received = 0;
  feed.credit = settings_.window;
  connection.requests.push_back({feed.request, 1500,
                                 wire::FollowRequest{SharedBytes::copy_of(feed.follower->subject), feed.position,
                                                     feed.credit, SharedBytes::copy_of(feed.follower->token)}});
}

void Crowd::ask_for_closed(Connection& connection) {
  for (Feed& feed : connection.feeds) {
    if (feed.request == 0) ask(connection, feed);
  }
}

/// In frames that a node takes.
void Crowd::send(std::size_t at) {
  Connection& connection = connections_[at];
  if (!connection.stream) return;
  wire::RequestFrame frame;
  std::size_t bytes = wire::frame_overhead_bytes;
  for (std::size_t next = 0; next < connection.requests.size();) {
    const std::size_t more = wire::size_bound(connection.requests[next]);
    const bool fits = frame.requests.size() < limits::requests_per_frame && bytes + more <= limits::client_frame_bytes;
    if (fits) {
      frame.requests.push_back(std::move(connection.requests[next++]));
      bytes += more;
    }
    if (fits && next < connection.requests.size()) continue;
    if (!connection.stream->send(wire::encode(frame))) return lose(at);
    frame.requests.clear();
    bytes = wire::frame_overhead_bytes;
  }
  connection.requests.clear();
  if (connection.waits_to_write == connection.stream->wants_to_write()) return;
  connection.waits_to_write = connection.stream->wants_to_write();
  watch(at, EPOLL_CTL_MOD);
}

void Crowd::take(Connection& connection, BytesView body) {
  auto frame = wire::decode_reply_frame(SharedBytes::copy_of(body));
  if (!frame) {
    ++tally_.malformed;
    return;
  }
  // As late as possible: decoding is a part of what a follower waits for.
  now_us_ = clock_.now().monotonic_us;
  for (wire::Reply& reply : frame->replies) take(connection, reply);
}

void Crowd::take(Connection& connection, wire::Reply& reply) {
  if (const auto* beat = std::get_if<wire::BeatReply>(&reply.body)) {
    const auto open = std::ranges::count_if(connection.feeds, &Feed::is_open);
    if (beat->feeds >= static_cast<std::uint64_t>(open)) return;
    for (Feed& feed : connection.feeds) close(feed);
    ++tally_.refusals;
    tally_.last_refusal = "a sign of life that speaks of fewer feeds";
    return ask_for_closed(connection);
  }
  // Mostly each feed has the number of its first try.
  const bool is_first_try =
      reply.id - 1 < connection.feeds.size() && connection.feeds[reply.id - 1].request == reply.id;
  const auto found = is_first_try ? connection.feeds.begin() + static_cast<std::ptrdiff_t>(reply.id - 1)
                                  : std::ranges::find(connection.feeds, reply.id, &Feed::request);
  if (reply.id == 0 || found == connection.feeds.end()) return;  // of a try that was given up
  if (const auto* page = std::get_if<wire::FeedReply>(&reply.body)) return take_page(connection, *found, *page);
  ++tally_.refusals;
  if (const auto* refusal = std::get_if<wire::ErrorReply>(&reply.body))
    tally_.last_refusal = std::string(text(refusal->error)) + ": " + refusal->detail;
  close(*found);
  connection.retry_us = now_us_ + pause_us;
}

void Crowd::take_page(Connection& connection, Feed& feed, const wire::FeedReply& page) {
  if (!std::exchange(feed.is_open, true)) ++open_feeds_;
  if (feed.position == wire::follow_from_now) feed.position = page.after;
  if (page.after > feed.position) tally_.missing += page.after - feed.position;
  if (!page.items.empty()) {
    const auto* events = events_of(page.items.view());
    if (events == nullptr || events->size() != page.count) {
      ++tally_.malformed;
      return;
    }
    for (const app::chat::Event& event : *events) take_event(feed, event);
  }
  feed.position = page.upto;
  feed.received += page.count;
  if (feed.received + settings_.window < feed.credit + settings_.window / 2) return;
  feed.credit = feed.received + settings_.window;
  connection.requests.push_back({connection.next_request++, 1500, wire::GrantRequest{feed.request, feed.credit}});
}

void Crowd::take_event(Feed& feed, const app::chat::Event& event) {
  if (event.seq.value <= feed.position) {
    ++tally_.repeated;
    return;
  }
  tally_.missing += event.seq.value - feed.position - 1;
  feed.position = event.seq.value;
  ++tally_.delivered;
  const auto began_us = sent_us(event.text);
  if (!began_us) return;
  const std::uint64_t took_us = now_us_ - std::min(now_us_, *began_us);
  tally_.latency_us.record(took_us);
  if (took_us <= in_time_us) ++tally_.in_time;
}

void Crowd::close(Feed& feed) {
  feed.request = 0;
  if (std::exchange(feed.is_open, false)) --open_feeds_;
}

const std::vector<app::chat::Event>* Crowd::events_of(BytesView items) {
  if (items == known_items_) return &known_events_;
  auto reply = app::decode_reply(items);
  auto* answer = reply ? std::get_if<app::chat::Answer>(&reply->body) : nullptr;
  auto* events = answer ? std::get_if<app::chat::Events>(answer) : nullptr;
  if (events == nullptr) return nullptr;
  known_items_ = items;
  known_events_ = std::move(events->events);
  return &known_events_;
}

}  // namespace parley::followers
