#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "client/network.hpp"
#include "client/servers.hpp"
#include "common/base/clock.hpp"
#include "common/base/error_word.hpp"
#include "common/base/random.hpp"

namespace parley::client {

/// What stands behind a position, up to another one: each page begins where the one before ended.
struct FeedItems {
  std::uint64_t after = 0;
  std::uint64_t upto = 0;
  std::uint32_t count = 0;
  SharedBytes items;  ///< as the subject has it
};
/// The feed is over: no server has what comes next. `first`: the first position of those that they have; 0 if the
/// feed's lies ahead of all that there is.
struct FeedGone {
  std::uint64_t first = 0;
  std::string detail;
};
/// The feed is over: the cluster refuses it.
struct FeedRefused {
  ErrorWord word = ErrorWord::invalid;
  std::string detail;
};
/// A server was lost, or does not help; the feed goes on at another one as soon as it can. For people.
struct FeedTrouble {
  std::string detail;
};
using FeedEvent = std::variant<FeedItems, FeedGone, FeedRefused, FeedTrouble>;
/// Called by the thread that owns the client, from within FeedClient::step(). It may follow and unfollow others.
using FeedCallback = std::function<void(FeedEvent&&)>;

enum class FeedId : std::uint64_t {};

/// Follows any number of feeds of one cluster, over one connection to each server. A feed hangs on one server; when
/// that is lost, silent or behind, it goes on at another one from its position: nothing is missing, repeated or out of
/// order. Owned by one thread; nothing here waits.
class FeedClient {
 public:
  struct Settings {
    std::vector<Address> servers;  ///< at least one
    ClusterId cluster;             ///< nil: that of the first one that answers
    std::uint64_t seed = 0;        ///< spreads the feeds of many clients over the servers
    std::uint64_t window = 256;    ///< items of a feed that may have come and are not yet said to be consumed
  };
  /// Network and clock must outlive it.
  FeedClient(Network& network, const Clock& clock, Settings settings);
  FeedClient(const FeedClient&) = delete;
  FeedClient& operator=(const FeedClient&) = delete;

  /// `subject` is an encoded app::Follow. Begins behind `after`, or with wire::follow_from_now behind what is there
  /// when the first page comes, which is empty then.
  /// `token`: of who follows, where the subject names one.
  FeedId follow(Bytes subject, std::uint64_t after, FeedCallback callback, Bytes token = {});
  /// Nothing more is called for it. One that is over may be named as well.
  void unfollow(FeedId id);
  /// So many items of it are done with: as many more may come.
  void consumed(FeedId id, std::uint64_t items);

  /// Takes what has arrived, calls callbacks, looks after time, and sends what is due. Never waits.
  void step();
  /// When step() must be called again even if nothing arrives, by the monotonic clock; UINT64_MAX for never.
  [[nodiscard]] std::uint64_t next_wake_us() const { return feeds_.empty() ? UINT64_MAX : next_check_us_; }
  [[nodiscard]] std::size_t feeds() const { return feeds_.size(); }
  [[nodiscard]] const ClusterId& cluster() const { return cluster_; }

 private:
  enum class State : std::uint8_t { waiting, asked, open };
  struct Feed {
    Bytes subject;
    Bytes token;
    FeedCallback callback;
    std::uint64_t position = 0;
    State state = State::waiting;
    std::size_t server = no_server;
    std::uint64_t request = 0;  ///< of the present try
    std::uint64_t asked_us = 0;
    std::uint64_t next_try_us = 0;  ///< while it waits
    std::uint32_t tries = 0;        ///< in vain, one after the other
    bool wants_leader = false;      ///< another one has refused it, perhaps since it does not know yet
    std::uint64_t unconsumed = 0;   ///< items
    std::uint64_t received = 0;     ///< items of the present try
    std::uint64_t credit = 0;       ///< of the present try
    std::set<std::size_t> gone_at;  ///< servers that do not have the position any more
    std::uint64_t first = 0;        ///< the lowest first position that those have
    std::string gone_detail;        ///< what the last of them said
    std::uint64_t ahead_since_us = 0;
  };
  struct Outgoing {
    wire::RequestFrame frame;
    std::size_t bytes = 0;
  };

  // feed_client.cpp
  void receive_all();
  void take(std::size_t server, wire::ReplyFrame& frame);
  void take(std::size_t server, bool leads, wire::Reply& reply);
  void take_page(Feed& feed, wire::FeedReply& page);
  void take_gone(FeedId id, Feed& feed, const wire::FeedGoneReply& gone);
  void take_refusal(FeedId id, Feed& feed, bool leads, const wire::ErrorReply& refusal);
  void end(FeedId id, FeedEvent event);

  // feed_client_places.cpp
  void know_servers();
  void check_time();
  void check_servers();
  void lose(std::size_t server, const std::string& why);
  void set_aside(Feed& feed, std::uint64_t pause_us);
  void try_later(Feed& feed);
  void place(FeedId id, Feed& feed);
  [[nodiscard]] std::size_t choose(const Feed& feed);
  void grant(Feed& feed);
  void send(std::size_t server, wire::RequestBody body, std::uint64_t request);
  void flush(std::size_t server);
  void flush_all();
  void wake_at(std::uint64_t time_us);

  Network& network_;
  const Clock& clock_;
  Settings settings_;
  Servers servers_;
  Random random_;
  ClusterId cluster_;
  std::unordered_map<FeedId, Feed> feeds_;
  std::unordered_map<std::uint64_t, FeedId> by_request_;
  std::uint64_t next_feed_ = 1;
  std::uint64_t next_request_ = 1;
  std::vector<std::uint64_t> alive_us_;  ///< by server: when it last gave a sign of life that speaks of feeds
  std::vector<std::size_t> open_;        ///< by server: feeds that hang on it and have had their first page
  std::vector<Outgoing> outgoing_;       ///< by server
  std::set<std::size_t> lost_;           ///< servers that have not taken a frame
  std::vector<FeedId> due_;              ///< to be placed; may hold some that are gone
  std::uint64_t now_us_ = 0;
  std::uint64_t next_check_us_ = 0;
};

}  // namespace parley::client
