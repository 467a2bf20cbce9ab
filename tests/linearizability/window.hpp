#pragma once
#include <span>
#include <vector>

#include "tests/linearizability/linearizability.hpp"

namespace parley::linearizability {

/// A part of what clients saw of a key that no single copy could have shown, whatever it held before.
struct Window {
  std::uint64_t from = 0;  ///< the first moment of it; 0 if it takes everything from the very beginning
  std::uint64_t to = 0;    ///< the end of the operation with which it is broken
  /// Places in what was given, by begin: what was under way between the two. Of those that began before `from` it
  /// matters only that they may take effect.
  std::vector<std::size_t> operations;
};

/// Of a key that judge_key() calls broken: the earliest moment at which it is, and going back from there as few
/// operations as make it so (a few more where the steps do not suffice to tell).
[[nodiscard]] Window find_window(std::span<const Operation> operations, std::uint64_t step_limit = default_step_limit);

}  // namespace parley::linearizability
