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

/// Takes numbers from the front of the input; zeros when there is no more.
class Choices {
 public:
  explicit Choices(BytesView bytes) : bytes_(bytes) {}
  [[nodiscard]] bool is_empty() const { return bytes_.empty(); }
  /// As many bytes as are left, and no more than these.
  BytesView take(std::size_t most) {
    const BytesView taken = bytes_.substr(0, most);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  std::uint64_t below(std::uint64_t bound) {
    std::uint64_t number = 0;
    for (int i = 0; i < 3 && !bytes_.empty(); ++i) {
      number = number << 8 | static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
    }
    return number % bound;
  }

 private:
  BytesView bytes_;
};

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
