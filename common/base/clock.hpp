#pragma once
#include <cstdint>

namespace parley {

/// A reading of both clocks, in microseconds.
struct ClockReading {
  std::uint64_t monotonic_us = 0;  ///< since some point of this boot; counts while suspended (CLOCK_BOOTTIME)
  std::uint64_t wall_us = 0;       ///< since 1970
};

/// Where time comes from: the system's clock in a process, a simulated one in tests. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual ClockReading now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] ClockReading now() const override;
};

}  // namespace parley
