#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client/change.hpp"
#include "client/feed_client.hpp"
#include "common/base/result.hpp"

namespace parley::client {

/// Waits for changes of keys, on the ports for clients: what the nodes have in memory, and all that comes. (What lies
/// further back is for ChangeFeed.) One thread.
class KeyWatch {
 public:
  struct Options {
    std::vector<Address> servers;  ///< at least one
    ClusterId cluster;             ///< nil: that of the first one that answers
    std::optional<Index> from;     ///< the first entry that is of interest; nothing: the first one after this
    Bytes prefix;
    bool with_previous = false;
    /// How long no server may have answered at first; afterwards they may be away for ever.
    std::uint64_t patience_us = 0;
    std::uint64_t seed = 0;
    /// A descriptor: run() ends, without an error, once it can be read. Negative: only its calls end it.
    int stop = -1;
  };
  struct Calls {
    std::function<bool(const Change&)> change;               ///< false: it is enough
    std::function<void(const std::string&)> said;            ///< what a person should know: a server was lost
    std::function<void(const FeedGone&)> is_gone = nullptr;  ///< before run() ends for that
  };
  KeyWatch(Network& network, const Clock& clock, Options options, Calls calls);

  /// Until it is enough, or cannot go on: `refused` if no server has the next entry any more, or it is not there yet;
  /// `unreachable` if none answered in time.
  [[nodiscard]] Status run();
  /// All that was committed up to here was told, or was of no interest. Nothing before the first answer, unless
  /// Options::from says it.
  [[nodiscard]] std::optional<Index> position() const { return position_; }

 private:
  void take(FeedEvent&& event);
  void take(FeedItems&& page);

  Network& network_;
  const Clock& clock_;
  Options options_;
  Calls calls_;
  FeedClient feeds_;
  FeedId feed_{};
  std::optional<Index> position_;
  bool has_answer_ = false;
  std::optional<Status> ended_;
};

}  // namespace parley::client
