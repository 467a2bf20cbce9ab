#include "node/log_trim.hpp"

#include <algorithm>

namespace parley::node {

std::optional<Index> LogTrim::next(Index flushed) {
  Index last_gone{flushed.value - std::min(flushed.value, retain_)};
  for (const auto& [peer, image] : holds_) last_gone = std::min(last_gone, image);
  if (last_gone.next() <= first_kept_) return std::nullopt;
  first_kept_ = last_gone.next();
  return first_kept_;
}

}  // namespace parley::node
