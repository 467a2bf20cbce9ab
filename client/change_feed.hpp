#pragma once
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "client/change.hpp"
#include "client/operation.hpp"
#include "common/base/address.hpp"
#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/mq/context.hpp"
#include "common/transport/range_client.hpp"

namespace parley::client {

/// The changes that these entries, in their order, have made to keys with this prefix. `refused`, naming the entry, if
/// the source does not know of one whether it took effect, and what became of it.
[[nodiscard]] Result<std::vector<Change>> changes_in(const std::vector<transfer::RangeEntry>& entries,
                                                     BytesView prefix);

/// Follows what a cluster changes, from any entry on: each change once, in order, from whichever node serves it. It
/// goes on at another node when one is lost, and does not believe one whose chain is another. One thread.
class ChangeFeed {
 public:
  struct Options {
    ClusterId cluster;
    std::vector<Address> nodes;  ///< their `-hrecov`; at least one
    /// The first entry that is of interest; nothing: the first one that is committed after this.
    std::optional<Index> from;
    Bytes prefix;
    /// How long nodes may be away, one after the other, before the first one has answered; afterwards for ever.
    std::uint64_t patience_us = 0;
    /// A descriptor: the feed ends, without an error, once it can be read. Negative: only its calls end it.
    int stop = -1;
  };
  struct Calls {
    /// False: it is enough.
    std::function<bool(const Change&)> change;
    std::function<void(const std::string&)> said;  ///< what a person should know: a node was lost, another is asked
  };
  ChangeFeed(mq::Context& context, const Clock& clock, Options options, Calls calls);

  /// Until it is enough, or cannot go on: `refused` if no node has the next entry any more, or knows whether it took
  /// effect (the message names the first that can be had), `corrupt` if no node has the chain of before, `unreachable`
  /// if none answered in time. As long as nothing has been served, nodes that are away are not waited for.
  [[nodiscard]] Status run();

 private:
  enum class Next { another_node, stop };

  [[nodiscard]] Status find_begin();
  [[nodiscard]] std::optional<transport::RangeEvent> await(transport::RangeClient& client, std::uint64_t until_us);
  [[nodiscard]] Result<Next> follow(const Address& node);
  [[nodiscard]] Result<bool> take(const transport::EntriesCame& came);
  void note(const Address& node, const transport::AskFailed& failed);
  void say(const std::string& what);

  mq::Context& context_;
  const Clock& clock_;
  Options options_;
  Calls calls_;
  std::optional<transfer::EntryReceiver> receiver_;
  bool is_stopped_ = false;
  bool has_answer_ = false;       ///< some node has served something
  std::size_t gone_ = 0;          ///< nodes in a row that do not have the next entry, or have another chain
  std::optional<Error> refusal_;  ///< why, since something was served; of the node whose first entry is the lowest
  Index lowest_first_;
  std::set<std::string> said_;  ///< since something was served: nothing is said again and again
};

}  // namespace parley::client
