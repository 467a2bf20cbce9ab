#pragma once
#include <algorithm>
#include <vector>

#include "common/base/ids.hpp"

namespace parley::sim {

/// When it became known to any replica that entries are committed, to judge how old a read is.
class CommitTimes {
 public:
  void note(std::uint64_t now_us, Index committed) {
    if (points_.empty() || committed > points_.back().committed) points_.push_back({now_us, committed});
  }
  /// Everything that anybody knew to be committed before this time.
  [[nodiscard]] Index before(std::uint64_t time_us) const {
    const auto later = std::ranges::lower_bound(points_, time_us, {}, &Point::time_us);
    return later == points_.begin() ? Index{} : std::prev(later)->committed;
  }

 private:
  struct Point {
    std::uint64_t time_us;
    Index committed;
  };
  std::vector<Point> points_;
};

}  // namespace parley::sim
