#include "client/load/zipf.hpp"

#include <algorithm>
#include <cmath>

#include "common/base/ensure.hpp"

namespace parley::client::load {
namespace {

/// Below, a quotient of two small numbers is better taken from its series.
constexpr double small = 1e-8;

/// ln(1 + x) / x
double log1p_over(double x) {
  return std::abs(x) > small ? std::log1p(x) / x : 1 - x * (1.0 / 2 - x * (1.0 / 3 - x / 4));
}
/// (e^x - 1) / x
double expm1_over(double x) { return std::abs(x) > small ? std::expm1(x) / x : 1 + x / 2 * (1 + x / 3 * (1 + x / 4)); }

/// Uniform in [0, 1).
double fraction(Random& random) { return static_cast<double>(random.next() >> 11) * 0x1p-53; }

}  // namespace

Zipf::Zipf(std::uint64_t ranks, double s) : ranks_(static_cast<double>(ranks)), s_(s) {
  ENSURE(ranks > 0);
  ENSURE(s > 0);
  first_area_ = integral(1.5) - 1;
  last_area_ = integral(ranks_ + 0.5);
  sure_ = 2 - inverse_integral(integral(2.5) - density(2));
}

/// x^-s
double Zipf::density(double x) const { return std::exp(-s_ * std::log(x)); }

/// Of the density from 1 to x: ln x for s = 1, else (x^(1-s) - 1) / (1-s), here in a form that holds near 1 as well.
double Zipf::integral(double x) const {
  const double log = std::log(x);
  return expm1_over((1 - s_) * log) * log;
}

double Zipf::inverse_integral(double area) const {
  const double t = std::max(area * (1 - s_), -1.0);  // below by rounding alone
  return std::exp(log1p_over(t) * area);
}

// A point is drawn under the curve x^-s, of which each rank has the strip around it. Strips reach above the true height
// of their rank; what lies above it is drawn again.
std::uint64_t Zipf::draw(Random& random) const {
  while (true) {
    const double area = last_area_ + fraction(random) * (first_area_ - last_area_);
    const double x = inverse_integral(area);
    const double rank = std::clamp(std::floor(x + 0.5), 1.0, ranks_);
    if (rank - x <= sure_ || area >= integral(rank + 0.5) - density(rank)) return static_cast<std::uint64_t>(rank) - 1;
  }
}

}  // namespace parley::client::load
