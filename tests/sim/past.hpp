#pragma once
#include <algorithm>
#include <deque>
#include <utility>

#include "common/base/ids.hpp"

namespace parley::sim {

/// What a model was as of the last indexes: a read is held against the state that it was answered from.
template <class Model>
class Past {
 public:
  /// From this index on it is so.
  void note(Index index, const Model& model) {
    if (states_.size() == most) states_.pop_front();
    states_.emplace_back(index, model);
  }
  /// Null if that is forgotten.
  [[nodiscard]] const Model* at(Index index) const {
    const auto later = std::ranges::upper_bound(states_, index, {}, &std::pair<Index, Model>::first);
    return later == states_.begin() ? nullptr : &std::prev(later)->second;
  }

 private:
  /// As many changes as a node is mostly behind at most; what lags more is not judged.
  static constexpr std::size_t most = 256;
  std::deque<std::pair<Index, Model>> states_;
};

}  // namespace parley::sim
