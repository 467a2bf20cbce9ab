#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <parley/answer.hpp>

namespace parley {

namespace detail {
template <class Item>
class FeedCore;
}

/// Something that a cluster tells bit by bit, in a thread of its own. Below is Feed, of changes of keys; chat.hpp has
/// ChatFeed.
template <class Item>
class BasicFeed {
 public:
  /// Given each item in turn, and at last why there will be no more, if the feed could not go on. False ends the feed.
  /// Called by a thread of the feed's own, so it may take its time, and may make blocking calls: the feed then waits,
  /// and nothing is lost. It must not throw, and not destroy its feed.
  using Callback = std::move_only_function<bool(Answer<Item>)>;

  BasicFeed(BasicFeed&& other) noexcept;
  BasicFeed& operator=(BasicFeed&& other) noexcept;
  /// Ends the feed, and waits for its callback if that runs.
  ~BasicFeed();

  /// The next item, waiting for it; of a feed without a callback, and from one thread at a time. `timeout` if none came
  /// within the time: ask again. After any other failure each further call gives the same.
  [[nodiscard]] Answer<Item> next(std::chrono::milliseconds timeout);

  /// For the library itself.
  explicit BasicFeed(std::unique_ptr<detail::FeedCore<Item>> core);

 private:
  std::unique_ptr<detail::FeedCore<Item>> core_;
};

/// A key was set, or is there no more.
struct Change {
  /// What is known of the value before.
  enum class Previous : std::uint8_t {
    unknown,  ///< it was not asked for
    none,     ///< there was no such key
    value,
    omitted,  ///< there was one, longer than nodes keep it
  };
  std::uint64_t index = 0;  ///< of the entry that did it; an entry may change several keys, and indexes never go back
  std::chrono::system_clock::time_point time{};
  std::string key{};
  std::optional<std::string> value{};  ///< nothing if the key is there no more
  Previous previous = Previous::unknown;
  std::string previous_value{};
};

struct FeedOptions {
  std::string prefix{};  ///< of the keys that are of interest; empty for all
  /// The first entry that is of interest. To begin with a write: its index. To go on later: the index of the last
  /// change that was taken, whose entry is told again from its first change on. 0: what is committed once the feed has
  /// found a node, which is shortly after watch() returns.
  std::uint64_t from = 0;
  /// Also tell what was there before each change. That goes back only as far as nodes have changes in memory.
  bool with_previous = false;
};

extern template class BasicFeed<Change>;

/// What a cluster changes: each change once, in order, with no gap. It goes on at another node when one is lost.
///
/// It ends with `not_found` if no node has the next entry any more (the detail says what can be had; nodes that were
/// started with -hrecov can tell what lies further back than their memory), `mismatch` if none has the log of before,
/// or with `timeout` if none answered, from the beginning on, within the timeout of Options.
///
///     auto feed = cluster.watch({.prefix = "room/"});
///     while (auto change = feed->next(std::chrono::hours(1))) use(*change);
using Feed = BasicFeed<Change>;
using FeedCallback = Feed::Callback;

}  // namespace parley
