#include "common/obs/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "common/base/ensure.hpp"

namespace parley::obs {
namespace {

/// Each power of two has this many buckets, so a bucket is at most this part of its values wide.
constexpr std::uint64_t buckets_per_octave = 128;
constexpr int octave_bits = std::countr_zero(buckets_per_octave);

/// Values below 2 * buckets_per_octave have a bucket each. Above, the highest octave_bits + 1 bits of a value choose
/// its bucket: `shift` says how many lower bits are dropped, and each shift has buckets_per_octave buckets.
constexpr std::size_t bucket_of(std::uint64_t value) {
  if (value < 2 * buckets_per_octave) return value;
  const int shift = static_cast<int>(std::bit_width(value)) - octave_bits - 1;
  return static_cast<std::size_t>(shift) * buckets_per_octave + (value >> shift);
}

/// The largest value of a bucket.
constexpr std::uint64_t top_of(std::size_t bucket) {
  if (bucket < 2 * buckets_per_octave) return bucket;
  const std::uint64_t shift = bucket / buckets_per_octave - 1;
  const std::uint64_t high_bits = bucket - shift * buckets_per_octave;
  return ((high_bits + 1) << shift) - 1;
}

constexpr std::size_t bucket_count = bucket_of(Histogram::highest) + 1;

static_assert(bucket_of(255) == 255 && bucket_of(256) == 256 && bucket_of(257) == 256 && bucket_of(258) == 257);
static_assert(top_of(bucket_of(255)) == 255 && top_of(bucket_of(256)) == 257 &&
              top_of(bucket_of(1'000'000)) >= 1'000'000);
static_assert(bucket_count * sizeof(std::uint64_t) < 27 * 1024);

}  // namespace

Histogram::Histogram() : buckets_(bucket_count) {}

void Histogram::record(std::uint64_t value) {
  ++buckets_[bucket_of(std::min(value, highest))];
  ++count_;
  max_ = std::max(max_, value);
  sum_ += static_cast<double>(value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

double Histogram::mean() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }

std::uint64_t Histogram::percentile(double percent) const {
  ENSURE(percent >= 0 && percent <= 100);
  if (count_ == 0) return 0;
  // The small step back keeps 99.9 % of 1000 at 999, although 99.9 has no exact binary form.
  const double share = std::ceil(percent / 100 * static_cast<double>(count_) - 1e-6);
  const std::uint64_t wanted = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::max(share, 0.0)), 1, count_);
  if (wanted == count_) return max_;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= wanted) return std::min(top_of(i), max_);
  }
  return max_;
}

}  // namespace parley::obs
