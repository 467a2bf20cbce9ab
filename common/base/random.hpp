#pragma once
#include <cstdint>
#include <random>

namespace parley {

/// A seeded generator: the same seed gives the same numbers on every machine (the engine's sequence is fixed by the C++
/// standard; its distributions are not, so none is used). Not for secrets.
class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}
  [[nodiscard]] std::uint64_t next() { return engine_(); }
  /// Uniform in [0, bound) but for a bias below 2^-32 for the bounds used here; `bound` > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  /// Uniform in [low, high].
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  /// True once in `times` on average; never if `times` is 0.
  [[nodiscard]] bool one_in(std::uint64_t times) { return times != 0 && below(times) == 0; }

 private:
  std::mt19937_64 engine_;
};

}  // namespace parley
