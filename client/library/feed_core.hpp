#pragma once
#include <parley/feed.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <variant>
#include <vector>

#include "client/change_feed.hpp"
#include "client/key_watch.hpp"
#include "client/library/core.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"
#include "common/mq/signaler.hpp"

namespace parley::detail {

/// What stands behind a Feed: a KeyWatch in a thread of its own, and a ChangeFeed for what lies further back than that
/// goes. What they say goes to a callback, or waits for next().
class FeedCore {
 public:
  /// `callback` may be empty: for next().
  [[nodiscard]] static Answer<Feed> start(std::shared_ptr<client::library::Common> common, const FeedOptions& options,
                                          FeedCallback callback);
  ~FeedCore();
  FeedCore(const FeedCore&) = delete;
  FeedCore& operator=(const FeedCore&) = delete;

  [[nodiscard]] Answer<Change> next(std::chrono::milliseconds timeout);

 private:
  FeedCore(std::shared_ptr<client::library::Common> common, const FeedOptions& options, FeedCallback callback);
  // In the feed's thread.
  Status run(const std::stop_token& stop);
  [[nodiscard]] std::optional<Failure> follow(const std::stop_token& stop);
  [[nodiscard]] std::optional<Failure> follow_logs(Index from, const Error& why, const std::stop_token& stop);
  [[nodiscard]] client::Outcome ask_members(const std::stop_token& stop);
  [[nodiscard]] bool deliver(Answer<Change> change, const std::stop_token& stop);

  std::shared_ptr<client::library::Common> common_;
  FeedOptions options_;
  FeedCallback callback_;
  bool has_callback_;

  mq::Signaler stop_;                     ///< signalled once, when the thread is to end
  mq::Mailbox<Answer<Change>> changes_;   ///< to next()
  mq::Mailbox<std::monostate> room_;      ///< to the thread, which sleeps here while too much waits for next()
  std::atomic<std::size_t> waiting_ = 0;  ///< bytes of changes that wait
  // Of next()'s thread.
  std::vector<Answer<Change>> batch_;
  std::size_t taken_ = 0;  ///< of batch_
  std::optional<Failure> end_;
  mq::Actor actor_;  ///< last: what it uses outlives it
};

}  // namespace parley::detail
