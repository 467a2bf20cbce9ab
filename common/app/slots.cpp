#include "common/app/slots.hpp"

#include <limits>

namespace parley::app {

std::optional<std::uint64_t> slot_of(BytesView key) {
  if (key.empty() || (key.size() > 1 && key.front() == '0')) return std::nullopt;
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t number = 0;
  for (const char each : key) {
    if (each < '0' || each > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(each - '0');
    number = number > (most - digit) / 10 ? most : number * 10 + digit;
  }
  return number;
}

}  // namespace parley::app
