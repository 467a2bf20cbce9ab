#include "tests/followers/crowd.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace parley::followers {
namespace {

/// As many as a node's queue of new connections surely takes.
constexpr std::size_t handshakes_at_once = 192;
constexpr std::uint64_t pause_us = 200'000;
constexpr int events_at_once = 1024;

}  // namespace

Result<std::unique_ptr<Crowd>> Crowd::create(Settings settings, const Clock& clock) {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) return fail(ErrorCode::io, std::string("no epoll: ") + std::strerror(errno));
  return std::unique_ptr<Crowd>(new Crowd(std::move(settings), clock, epoll));
}

Crowd::Crowd(Settings settings, const Clock& clock, int epoll)
    : settings_(std::move(settings)), clock_(clock), epoll_(epoll), connections_(settings_.connections) {
  for (std::uint64_t feed = 0; feed < settings_.feeds; ++feed) {
    Feed& made = connections_[feed % settings_.connections].feeds.emplace_back();
    made.follower = &settings_.followers[feed % settings_.followers.size()];
  }
  for (std::size_t at = 0; at < connections_.size(); ++at) {
    connections_[at].server = at % settings_.servers.size();
    to_connect_.emplace_back(0, at);
  }
}

Crowd::~Crowd() { (void)::close(epoll_); }

Status Crowd::step(std::uint64_t timeout_us) {
  now_us_ = clock_.now().monotonic_us;
  if (auto connected = connect_some(); !connected) return connected;
  retry_feeds();
  std::array<epoll_event, events_at_once> events;
  constexpr std::uint64_t us_per_ms = 1000;
  const bool has_more_to_do = !to_connect_.empty() || !to_retry_.empty();
  const std::uint64_t wait_us = has_more_to_do ? std::min<std::uint64_t>(timeout_us, 10 * us_per_ms) : timeout_us;
  const int count = ::epoll_wait(epoll_, events.data(), events_at_once, static_cast<int>(wait_us / us_per_ms));
  if (count < 0 && errno != EINTR) return fail(ErrorCode::io, std::string("epoll: ") + std::strerror(errno));
  for (int i = 0; i < count; ++i)
    handle(events[static_cast<std::size_t>(i)].data.u64, events[static_cast<std::size_t>(i)].events);
  return {};
}

Status Crowd::connect_some() {
  while (!to_connect_.empty() && shaking_hands_.size() < handshakes_at_once && to_connect_.front().first <= now_us_) {
    const std::size_t at = to_connect_.front().second;
    to_connect_.pop_front();
    if (auto connected = connect(at); !connected) return connected;
  }
  return {};
}

Status Crowd::connect(std::size_t at) {
  Connection& connection = connections_[at];
  auto stream = ZmtpStream::connect(settings_.servers[connection.server]);
  if (!stream) return std::unexpected(stream.error());
  connection.stream.emplace(*std::move(stream));
  connection.is_greeted = false;
  connection.waits_to_write = true;
  shaking_hands_.insert(at);
  watch(at, EPOLL_CTL_ADD);
  return {};
}

void Crowd::watch(std::size_t at, int operation) {
  const Connection& connection = connections_[at];
  epoll_event event{};
  event.events = EPOLLIN | (connection.waits_to_write ? EPOLLOUT : 0U);
  event.data.u64 = at;
  (void)::epoll_ctl(epoll_, operation, connection.stream->fd(), &event);
}

void Crowd::handle(std::size_t at, std::uint32_t events) {
  Connection& connection = connections_[at];
  if (!connection.stream) return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) return lose(at);
  if ((events & EPOLLIN) != 0 &&
      !connection.stream->receive([this, &connection](BytesView body) { take(connection, body); }))
    return lose(at);
  if ((events & EPOLLOUT) != 0 && !connection.stream->flush()) return lose(at);
  if (connection.stream->is_ready() && !std::exchange(connection.is_greeted, true)) {
    shaking_hands_.erase(at);
    ask_for_closed(connection);
  }
  if (connection.retry_us != 0) to_retry_.insert(at);
  send(at);
}

/// It is made again, to the next server.
void Crowd::lose(std::size_t at) {
  Connection& connection = connections_[at];
  if (connection.is_greeted) ++tally_.lost;
  shaking_hands_.erase(at);
  to_retry_.erase(at);
  connection.stream.reset();
  connection.requests.clear();
  connection.retry_us = 0;
  for (Feed& feed : connection.feeds) close(feed);
  connection.server = (connection.server + 1) % settings_.servers.size();
  to_connect_.emplace_back(now_us_ + pause_us, at);
}

void Crowd::retry_feeds() {
  for (auto each = to_retry_.begin(); each != to_retry_.end();) {
    const std::size_t at = *each++;
    Connection& connection = connections_[at];
    if (connection.retry_us > now_us_) continue;
    to_retry_.erase(at);
    connection.retry_us = 0;
    ask_for_closed(connection);
    send(at);
  }
}

}  // namespace parley::followers
