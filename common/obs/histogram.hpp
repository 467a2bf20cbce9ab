#pragma once
#include <cstdint>
#include <vector>

namespace parley::obs {

/// Counts values, mostly latencies in microseconds, so that percentiles can be told afterwards. It takes the same
/// memory (about 26 KiB) for one value as for a billion: below 256 each value has a bucket of its own, above that each
/// power of two is divided into 128 buckets. What it reports is at most 1/128 (0.8 %) above the true value, and never
/// below.
///
/// Values above `highest` are counted in the last bucket, but max() and mean() know them as they were. For one thread;
/// each thread has its own, and they are merged.
class Histogram {
 public:
  /// One hour in microseconds.
  static constexpr std::uint64_t highest = 3'600'000'000;

  Histogram();

  void record(std::uint64_t value);
  /// As if everything recorded in `other` had been recorded here.
  void merge(const Histogram& other);

  /// How many values were recorded.
  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// The largest value; 0 if there is none.
  [[nodiscard]] std::uint64_t max() const { return max_; }
  /// 0 if there is none.
  [[nodiscard]] double mean() const;
  /// The smallest value that at least `percent` of a hundred values do not exceed; 0 if there is none. `percent` lies
  /// in [0, 100]; 0 asks for the smallest value.
  [[nodiscard]] std::uint64_t percentile(double percent) const;

 private:
  std::vector<std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
  double sum_ = 0;
};

}  // namespace parley::obs
