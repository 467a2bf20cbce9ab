#pragma once
#include <cstdint>

#include "common/base/bytes.hpp"

namespace parley {

/// The number that these bytes, at most eight, are: as keys of rows hold them, so that they lie in the order of the
/// numbers.
[[nodiscard]] inline std::uint64_t big_endian(BytesView bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace parley
