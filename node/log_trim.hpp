#pragma once
#include <cstdint>
#include <map>
#include <optional>

#include "common/base/ids.hpp"

namespace parley::node {

/// Up to where the log may be forgotten: what is flushed to the store, less what is retained for peers that lag, and
/// not beyond what an image on its way will be followed by.
class LogTrim {
 public:
  /// `retain`: entries kept behind the last one that is flushed.
  explicit LogTrim(std::uint64_t retain) : retain_(retain) {}

  /// An image of what is flushed now is to be sent to this peer, who then goes on with the log.
  void hold(ServerId peer, Index flushed) { holds_[peer] = flushed; }
  void release(ServerId peer) { holds_.erase(peer); }
  void release_all() { holds_.clear(); }

  /// The first entry to be kept, each time that it moves on.
  [[nodiscard]] std::optional<Index> next(Index flushed);

 private:
  std::uint64_t retain_;
  std::map<ServerId, Index> holds_;
  Index first_kept_{1};
};

}  // namespace parley::node
