#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/base/random.hpp"
#include "common/obs/histogram.hpp"

using parley::Random;
using parley::obs::Histogram;

namespace {

/// By sorting: the smallest value that at least `percent` of a hundred do not exceed.
std::uint64_t exact_percentile(std::vector<std::uint64_t> values, std::uint64_t percent_times_ten) {
  std::ranges::sort(values);
  const std::uint64_t wanted = std::max<std::uint64_t>(1, (percent_times_ten * values.size() + 999) / 1000);
  return values[wanted - 1];
}

void check_against_exact(const std::vector<std::uint64_t>& values) {
  Histogram histogram;
  for (const auto value : values) histogram.record(value);
  REQUIRE(histogram.count() == values.size());
  CHECK(histogram.max() == *std::ranges::max_element(values));
  for (const std::uint64_t tenths : {0, 1, 10, 250, 500, 900, 950, 990, 999, 1000}) {
    const std::uint64_t exact = exact_percentile(values, tenths);
    const std::uint64_t reported = histogram.percentile(static_cast<double>(tenths) / 10);
    INFO("percentile " << static_cast<double>(tenths) / 10 << " of " << values.size());
    CHECK(reported >= exact);
    CHECK(reported <= exact + exact / 128);
  }
}

}  // namespace

TEST_CASE("an empty histogram has zeros to tell") {
  const Histogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.max() == 0);
  CHECK(histogram.mean() == 0);
  CHECK(histogram.percentile(50) == 0);
  CHECK(histogram.percentile(100) == 0);
}

TEST_CASE("one value is every percentile, exactly") {
  const std::uint64_t value = GENERATE(as<std::uint64_t>{}, 0, 1, 255, 256, 257, 999'999, Histogram::highest);
  Histogram histogram;
  histogram.record(value);
  for (const double percent : {0.0, 0.1, 50.0, 99.9, 100.0}) CHECK(histogram.percentile(percent) == value);
  CHECK(histogram.mean() == Approx(static_cast<double>(value)));
}

TEST_CASE("percentiles of small values are exact") {
  Histogram histogram;
  for (std::uint64_t value = 1; value <= 200; ++value) histogram.record(value);
  CHECK(histogram.percentile(0) == 1);
  CHECK(histogram.percentile(0.5) == 1);
  CHECK(histogram.percentile(50) == 100);
  CHECK(histogram.percentile(99) == 198);
  CHECK(histogram.percentile(100) == 200);
  CHECK(histogram.mean() == Approx(100.5));
}

TEST_CASE("the 99.9th percentile of a thousand values is the 999th") {
  Histogram histogram;
  for (int i = 0; i < 999; ++i) histogram.record(1);
  histogram.record(200);
  CHECK(histogram.percentile(99.9) == 1);
  CHECK(histogram.percentile(100) == 200);
}

TEST_CASE("percentiles are never below the exact ones and at most one part in 128 above") {
  Random random(1);
  const std::size_t count = GENERATE(as<std::size_t>{}, 1, 2, 10, 1000, 50'000);
  SECTION("for values spread evenly") {
    std::vector<std::uint64_t> values(count);
    for (auto& value : values) value = random.below(10'000'000);
    check_against_exact(values);
  }
  SECTION("for values of every order of magnitude") {
    std::vector<std::uint64_t> values(count);
    for (auto& value : values) value = random.next() >> (32 + random.below(32));
    for (auto& value : values) value = std::min(value, Histogram::highest);
    check_against_exact(values);
  }
  SECTION("for latencies with a long tail") {
    std::vector<std::uint64_t> values(count);
    for (auto& value : values)
      value = random.one_in(100) ? 1'000'000 + random.below(1'000'000) : 300 + random.below(200);
    check_against_exact(values);
  }
}

TEST_CASE("a value beyond an hour is counted, and the largest one is told as it was") {
  Histogram histogram;
  histogram.record(5);
  histogram.record(UINT64_MAX);
  CHECK(histogram.count() == 2);
  CHECK(histogram.max() == UINT64_MAX);
  CHECK(histogram.percentile(50) == 5);
  CHECK(histogram.percentile(100) == UINT64_MAX);
}

TEST_CASE("merged histograms tell what one histogram of all values tells") {
  Random random(2);
  Histogram all;
  Histogram parts[3];
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t value = random.next() >> (34 + random.below(30));
    all.record(value);
    parts[random.below(3)].record(value);
  }
  Histogram merged;
  for (const Histogram& part : parts) merged.merge(part);
  CHECK(merged.count() == all.count());
  CHECK(merged.max() == all.max());
  CHECK(merged.mean() == Approx(all.mean()));
  for (const double percent : {0.0, 1.0, 50.0, 90.0, 99.0, 99.9, 100.0})
    CHECK(merged.percentile(percent) == all.percentile(percent));
}
