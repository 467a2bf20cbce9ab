#pragma once
#include <cstdint>

#include "common/base/random.hpp"

namespace parley::client::load {

/// Draws ranks by Zipf's law: rank k, from 1 on, with a probability that goes as k to the power of -s. Each draw costs
/// the same few logarithms for ten keys as for a billion, and nothing is made beforehand (rejection-inversion: W.
/// Hoermann and G. Derflinger, "Rejection-inversion to generate variates from monotone discrete distributions", 1996).
class Zipf {
 public:
  /// `ranks`: at least 1. `s`: above 0.
  Zipf(std::uint64_t ranks, double s);

  /// In [0, ranks); 0 is the most popular.
  [[nodiscard]] std::uint64_t draw(Random& random) const;

 private:
  [[nodiscard]] double density(double x) const;
  [[nodiscard]] double integral(double x) const;
  [[nodiscard]] double inverse_integral(double area) const;

  double ranks_;
  double s_;
  double first_area_;
  double last_area_;
  double sure_;  ///< so close to its rank a point needs no test
};

}  // namespace parley::client::load
