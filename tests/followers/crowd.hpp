#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "common/app/chat/answer.hpp"
#include "common/base/clock.hpp"
#include "common/obs/histogram.hpp"
#include "common/wire/client_message.hpp"
#include "tests/followers/zmtp_stream.hpp"

namespace parley::followers {

/// Who follows, and by which token: what a FollowRequest says.
struct Follower {
  Bytes subject;
  Bytes token;
};

/// What has come to all feeds together.
struct Tally {
  std::uint64_t delivered = 0;  ///< events
  std::uint64_t missing = 0;    ///< events between two that came
  std::uint64_t repeated = 0;   ///< events that had come before, or out of order
  std::uint64_t malformed = 0;  ///< what no client would understand
  std::uint64_t refusals = 0;   ///< feeds that a node refused or ended; they were begun again
  std::string last_refusal;     ///< what it said
  std::uint64_t lost = 0;       ///< connections that ended; they were made again
  std::uint64_t in_time = 0;    ///< events that came within a second
  obs::Histogram latency_us;    ///< from the sender's call
};

/// Thousands of followers of one chat, over as many connections as wanted, evenly over the servers. Each feed is
/// checked event by event. A message's text begins with the sender's time (monotonic, microseconds) and a blank. One
/// thread.
class Crowd {
 public:
  struct Settings {
    std::vector<Address> servers;
    std::vector<Follower> followers;  ///< feeds take them in turn
    std::uint64_t feeds = 0;
    std::uint64_t connections = 0;  ///< at most as many as feeds
    std::uint64_t window = 256;     ///< as FeedClient has it
  };
  /// `clock` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Crowd>> create(Settings settings, const Clock& clock);
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  ~Crowd();

  /// Connects, follows, takes what comes, and waits for it at most so long. An error only if it cannot go on.
  [[nodiscard]] Status step(std::uint64_t timeout_us);
  /// Feeds that have had their first page.
  [[nodiscard]] std::uint64_t open_feeds() const { return open_feeds_; }
  [[nodiscard]] const Tally& tally() const { return tally_; }

 private:
  struct Feed {
    const Follower* follower = nullptr;
    std::uint64_t request = 0;
    std::uint64_t position = wire::follow_from_now;
    std::uint64_t received = 0;  ///< items of this try
    std::uint64_t credit = 0;
    bool is_open = false;
  };
  struct Connection {
    std::optional<ZmtpStream> stream;
    std::size_t server = 0;
    bool is_greeted = false;  ///< it is ready, and its feeds were asked for
    bool waits_to_write = false;
    std::uint64_t next_request = 1;
    std::uint64_t retry_us = 0;  ///< when feeds that are not open are asked for again; 0 for never
    std::vector<Feed> feeds;
    std::vector<wire::Request> requests;  ///< to be sent
  };

  Crowd(Settings settings, const Clock& clock, int epoll);

  // crowd.cpp: connections
  [[nodiscard]] Status connect_some();
  [[nodiscard]] Status connect(std::size_t at);
  void handle(std::size_t at, std::uint32_t events);
  void lose(std::size_t at);
  void retry_feeds();
  void send(std::size_t at);
  void watch(std::size_t at, int operation);

  // crowd_frames.cpp: what is said
  void ask(Connection& connection, Feed& feed);
  void ask_for_closed(Connection& connection);
  void take(Connection& connection, BytesView body);
  void take(Connection& connection, wire::Reply& reply);
  void take_page(Connection& connection, Feed& feed, const wire::FeedReply& page);
  void take_event(Feed& feed, const app::chat::Event& event);
  void close(Feed& feed);
  [[nodiscard]] const std::vector<app::chat::Event>* events_of(BytesView items);

  Settings settings_;
  const Clock& clock_;
  int epoll_;
  std::vector<Connection> connections_;
  std::deque<std::pair<std::uint64_t, std::size_t>> to_connect_;  ///< not before when, and which
  std::set<std::size_t> shaking_hands_;
  std::set<std::size_t> to_retry_;
  std::uint64_t open_feeds_ = 0;
  std::uint64_t now_us_ = 0;
  Tally tally_;
  Bytes known_items_;  ///< the page that came last: mostly it comes to many
  std::vector<app::chat::Event> known_events_;
};

}  // namespace parley::followers
