#pragma once
#include <cstdint>
#include <span>

#include "tests/linearizability/operation.hpp"

/// Decides whether what clients saw of one key could have been seen of a single copy of it: the search of Wing and
/// Gong, with the memory of Lowe ("Testing for linearizability", 2017).
namespace parley::linearizability {

enum class Verdict {
  linearizable,
  broken,
  undecided,  ///< the search was given up
};

inline constexpr std::uint64_t default_step_limit = 500'000;

/// An operation whose end is not later than the begin of another comes before it. `step_limit` bounds the search: a
/// step is an operation that is tried at a place in the order, and takes up to 200 bytes of memory. `initial` is the
/// value before the first operation.
[[nodiscard]] Verdict judge_key(std::span<const Operation> operations, std::uint64_t step_limit = default_step_limit,
                                Value initial = absent);

}  // namespace parley::linearizability
