#pragma once
#include <optional>
#include <set>

#include "common/base/bytes.hpp"
#include "common/base/ids.hpp"

namespace parley::recovery {

/// The keys whose present values a compacted archive has left out: none at the end of each of its windows, some within.
class MissingValues {
 public:
  /// Of each change of a key, in order.
  void note(Index index, BytesView key, bool is_reduced) {
    if (is_reduced) {
      if (keys_.empty()) last_complete_ = index.previous();
      keys_.emplace(key);
    } else if (!keys_.empty()) {
      keys_.erase(Bytes(key));
      if (keys_.empty() && !completed_) completed_ = index;
    }
  }
  /// From now on completed() is told.
  void watch() { completed_.reset(); }
  /// The first entry since watch() behind which there was none again.
  [[nodiscard]] std::optional<Index> completed() const { return completed_; }

  [[nodiscard]] std::optional<Bytes> first_key() const {
    return keys_.empty() ? std::nullopt : std::optional(*keys_.begin());
  }
  /// The last entry at which there was none, up to this one.
  [[nodiscard]] Index last_complete(Index applied) const { return keys_.empty() ? applied : last_complete_; }

 private:
  std::set<Bytes> keys_;
  Index last_complete_;
  std::optional<Index> completed_;
};

}  // namespace parley::recovery
