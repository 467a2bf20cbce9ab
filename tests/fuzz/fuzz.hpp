#pragma once
#include <cstddef>
#include <cstdint>

#include "common/base/bytes.hpp"
#include "common/base/ensure.hpp"

/// A target takes any bytes and must come back: what it finds wrong it says by ENSURE, and the sanitizers see the rest.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace parley::fuzz {

inline BytesView view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Bytes that are taken say, encoded again, the same: the struct survives, and so it does a second time.
template <class Decode, class Encode>
void check_round_trip(BytesView bytes, Decode&& decode, Encode&& encode) {
  const auto first = decode(bytes);
  if (!first) return;
  const Bytes again = encode(*first);
  const auto second = decode(BytesView(again));
  ENSURE(second.has_value());
  ENSURE(encode(*second) == again);
}

}  // namespace parley::fuzz
