#pragma once
#include <optional>
#include <vector>

#include "common/base/hash.hpp"
#include "common/base/ids.hpp"

namespace parley::node {

/// The digests of the last entries that were applied, so that replicas can be compared at an index that all of them
/// have passed. Keeps `remembered` of them: a second's worth and more at the rates that are compared by hand.
class DigestHistory {
 public:
  static constexpr std::size_t remembered = 4096;

  struct Point {
    Index index;
    Digest digest;  ///< of the log
    Digest state;
  };

  DigestHistory() : points_(remembered) {}
  void add(const Point& point) { points_[point.index.value % remembered] = point; }
  /// Nothing if it is not, or no longer, remembered.
  [[nodiscard]] std::optional<Point> at(Index index) const {
    const Point& point = points_[index.value % remembered];
    if (index == Index{} || point.index != index) return std::nullopt;
    return point;
  }

 private:
  std::vector<Point> points_;
};

}  // namespace parley::node
