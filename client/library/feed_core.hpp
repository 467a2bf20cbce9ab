#pragma once
#include <parley/feed.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <variant>
#include <vector>

#include "client/library/convert.hpp"
#include "client/library/signals.hpp"
#include "common/base/client_limits.hpp"
#include "common/base/clock.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"
#include "common/mq/signaler.hpp"

namespace parley {
struct ChatEvent;
}

namespace parley::detail {

/// What an item takes while it waits. One for each kind of feed.
[[nodiscard]] std::size_t bytes_of(const Change& change);
[[nodiscard]] std::size_t bytes_of(const ChatEvent& event);

/// What stands behind a feed: a thread that follows something, and hands what it is told to a callback, or keeps it for
/// next().
template <class Item>
class FeedCore {
 public:
  /// False if it is no longer wanted.
  using Deliver = std::function<bool(Answer<Item>)>;
  /// Follows until it is no longer wanted, then gives nothing, or until it cannot go on, then gives why. Must return
  /// soon once the descriptor can be read.
  using Follow = std::move_only_function<std::optional<Failure>(int stop, const Deliver& deliver)>;
  using Callback = typename BasicFeed<Item>::Callback;

  /// `callback` may be empty: for next(). `follow` is called and destroyed by the thread.
  [[nodiscard]] static Answer<BasicFeed<Item>> start(Follow follow, Callback callback) {
    std::unique_ptr<FeedCore> core(new FeedCore(std::move(follow), std::move(callback)));
    FeedCore* self = core.get();
    auto actor = mq::Actor::start(
        "parley-feed",
        [self] {
          self->stop_.signal();
          self->room_.wake();
        },
        []() -> Result<std::monostate> {
          client::library::block_signals();
          return std::monostate{};
        },
        [self](std::monostate, const std::stop_token& stop) { return self->run(stop); });
    if (!actor) return std::unexpected(client::library::failure(Word::invalid, actor.error().what));
    core->actor_ = *std::move(actor);
    return BasicFeed<Item>(std::move(core));
  }
  ~FeedCore() { (void)actor_.stop(); }
  FeedCore(const FeedCore&) = delete;
  FeedCore& operator=(const FeedCore&) = delete;

  [[nodiscard]] Answer<Item> next(std::chrono::milliseconds timeout) {
    using client::library::failure;
    if (has_callback_) return std::unexpected(failure(Word::invalid, "this feed has a callback"));
    if (end_) return std::unexpected(*end_);
    const std::uint64_t until_us = now_us() + client::library::timeout_us_of(timeout);
    while (taken_ == batch_.size()) {
      taken_ = 0;
      if (take_batch()) break;
      const std::uint64_t now = now_us();
      if (now >= until_us) return std::unexpected(failure(Word::timeout, "nothing has come"));
      (void)items_.wait(until_us - now);
    }
    Answer<Item> item = std::move(batch_[taken_++]);
    if (!item) end_ = item.error();
    return item;
  }

 private:
  /// Nothing depends on it: whatever makes room wakes.
  static constexpr std::uint64_t longest_sleep_us = 60'000'000;

  FeedCore(Follow follow, Callback callback)
      : follow_(std::move(follow)),
        callback_(std::move(callback)),
        has_callback_(static_cast<bool>(callback_)),
        items_(limits::feed_changes),
        room_(1) {}

  [[nodiscard]] std::uint64_t now_us() const { return clock_.now().monotonic_us; }
  [[nodiscard]] static std::size_t size_of(const Answer<Item>& item) { return item ? bytes_of(*item) : 0; }

  // In the feed's thread.

  Status run(const std::stop_token& stop) {
    Follow follow = std::exchange(follow_, Follow());
    auto end = follow(stop_.fd(), [&](Answer<Item> item) { return deliver(std::move(item), stop); });
    if (end && !stop.stop_requested()) (void)deliver(std::unexpected(*std::move(end)), stop);
    return {};
  }

  bool deliver(Answer<Item> item, const std::stop_token& stop) {
    if (has_callback_) return callback_(std::move(item)) && !stop.stop_requested();
    const std::size_t bytes = size_of(item);
    while (!stop.stop_requested()) {
      const std::size_t waiting = waiting_.fetch_add(bytes);
      if (waiting == 0 || waiting + bytes <= limits::feed_bytes) {
        if (items_.try_post(std::move(item))) return true;
      }
      waiting_.fetch_sub(bytes);
      (void)room_.wait(longest_sleep_us);  // until next() has taken something
    }
    return false;
  }

  // In the thread that calls next().

  bool take_batch() {
    if (!items_.drain(batch_)) return false;
    std::size_t bytes = 0;
    for (const Answer<Item>& each : batch_) bytes += size_of(each);
    waiting_.fetch_sub(bytes);
    room_.wake();
    return true;
  }

  SystemClock clock_;
  Follow follow_;
  Callback callback_;
  bool has_callback_;
  mq::Signaler stop_;                     ///< signalled once, when the thread is to end
  mq::Mailbox<Answer<Item>> items_;       ///< to next()
  mq::Mailbox<std::monostate> room_;      ///< to the thread, which sleeps here while too much waits for next()
  std::atomic<std::size_t> waiting_ = 0;  ///< bytes of items that wait
  std::vector<Answer<Item>> batch_;
  std::size_t taken_ = 0;  ///< of batch_
  std::optional<Failure> end_;
  mq::Actor actor_;  ///< last: what it uses outlives it
};

}  // namespace parley::detail

namespace parley {

template <class Item>
BasicFeed<Item>::BasicFeed(std::unique_ptr<detail::FeedCore<Item>> core) : core_(std::move(core)) {}
template <class Item>
BasicFeed<Item>::BasicFeed(BasicFeed&& other) noexcept = default;
template <class Item>
BasicFeed<Item>& BasicFeed<Item>::operator=(BasicFeed&& other) noexcept = default;
template <class Item>
BasicFeed<Item>::~BasicFeed() = default;

template <class Item>
Answer<Item> BasicFeed<Item>::next(std::chrono::milliseconds timeout) {
  return core_->next(timeout);
}

}  // namespace parley
