#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "common/obs/histogram.hpp"

namespace parley::client::load {

/// What ended in about a second.
struct Second {
  std::uint64_t at_us = 0;       ///< its end, since its phase began
  std::uint64_t elapsed_us = 0;  ///< a second, the last one less
  std::uint64_t ops = 0;
  std::uint64_t errors = 0;
  obs::Histogram latency;
};

/// The same, to be kept.
struct SecondRow {
  std::uint64_t at_us = 0;
  std::uint64_t elapsed_us = 0;
  std::uint64_t ops = 0;
  std::uint64_t errors = 0;
  std::uint64_t p50_us = 0;
  std::uint64_t p90_us = 0;
  std::uint64_t p99_us = 0;
  std::uint64_t max_us = 0;
};
[[nodiscard]] SecondRow row_of(const Second& second);

/// Several targets in the same time.
[[nodiscard]] Second sum(const std::vector<Second>& seconds);

struct LoadResult {
  std::uint64_t elapsed_us = 0;
  std::uint64_t ops = 0;                   ///< answered within that time as asked, misses included
  std::uint64_t misses = 0;                ///< of those, the key was not there, or its value was not as expected
  std::uint64_t missed = 0;                ///< of an open loop: their time came, and no client was free until the end
  std::uint64_t answers = 0;               ///< of servers within that time, and ...
  std::uint64_t busy_answers = 0;          ///< ... those of them that said `busy`; the client asks again
  std::array<std::uint64_t, 32> errors{};  ///< by ErrorWord
  /// Of every request that was begun, however late its answer came, in microseconds.
  obs::Histogram latency;
  std::vector<obs::Histogram> latency_by_kind;  ///< by place in operation_kinds()
  std::vector<SecondRow> seconds;               ///< the first limits::load_seconds_kept

  [[nodiscard]] std::uint64_t error_count() const;
};

/// All targets together, but for the rows of seconds.
[[nodiscard]] LoadResult sum(const std::vector<LoadResult>& results);

}  // namespace parley::client::load
