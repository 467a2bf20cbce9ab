#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "tests/linearizability/operation.hpp"

namespace parley::linearizability {

/// The operations on a key as the search takes them: few of those without an outcome are left among the ordinary ones,
/// since each doubles the work.
struct Prepared {
  /// In the order of their begins. Whoever alone writes a value that was seen has an outcome now: it took effect.
  std::vector<Operation> ordinary;
  /// The begins, in order, of deletes without an outcome. One is as good as the other, and of use only right before an
  /// operation that found nothing.
  std::vector<std::uint64_t> open_deletes;
  /// The same of sets whose value nobody saw. One is of use only right before an operation that found any value.
  std::vector<std::uint64_t> open_sets;
};

/// What becomes known of operations without an outcome by looking at those that have one.
[[nodiscard]] Prepared prepare(std::span<const Operation> operations, Value initial);

}  // namespace parley::linearizability
