#include "common/base/clock.hpp"

#include <time.h>

#include "common/base/ensure.hpp"

namespace parley {
namespace {

std::uint64_t read_us(clockid_t clock) {
  timespec now{};
  ENSURE_EQ(clock_gettime(clock, &now), 0);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

}  // namespace

ClockReading SystemClock::now() const { return {read_us(CLOCK_BOOTTIME), read_us(CLOCK_REALTIME)}; }

}  // namespace parley
