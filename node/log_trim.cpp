#include "node/log_trim.hpp"

#include <algorithm>

namespace parley::node {

std::optional<Index> LogTrim::next(Index flushed) {
  Index last_gone{flushed.value - std::min(flushed.value, retain_)};
  for (const auto& [peer, hold] : holds_) last_gone = std::min(last_gone, hold.image);
  if (last_gone.next() <= first_kept_) return std::nullopt;
  first_kept_ = last_gone.next();
  return first_kept_;
}

std::vector<ServerId> LogTrim::take_held_for(std::uint64_t bytes) {
  std::vector<ServerId> peers;
  for (auto& [peer, hold] : holds_) {
    if (hold.is_taken || grown_ - hold.grown_before <= bytes) continue;
    hold.is_taken = true;
    peers.push_back(peer);
  }
  return peers;
}

}  // namespace parley::node
