#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <ostream>

#include "common/base/bytes.hpp"

namespace parley {

/// A 256-bit BLAKE2b hash.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  [[nodiscard]] BytesView view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  /// 64 lower-case hexadecimal digits.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<Digest> from_bytes(BytesView raw);
  friend bool operator==(const Digest&, const Digest&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Digest& digest) { return out << digest.text(); }
};

/// BLAKE2b-256 of the bytes: collision-resistant, for chains that others verify.
[[nodiscard]] Digest blake2b(BytesView bytes);

/// XXH3-64 of the bytes: fast, against accidents of disk and memory, not against people.
[[nodiscard]] std::uint64_t checksum64(BytesView bytes);

}  // namespace parley
