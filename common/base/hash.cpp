#include "common/base/hash.hpp"

#include <sodium.h>
#include <xxhash.h>

#include <cstring>

#include "common/base/ensure.hpp"
#include "common/base/hex.hpp"

namespace parley {

std::string Digest::text() const { return to_hex(view()); }

std::optional<Digest> Digest::from_bytes(BytesView raw) {
  Digest digest;
  if (raw.size() != digest.bytes.size()) return std::nullopt;
  std::memcpy(digest.bytes.data(), raw.data(), raw.size());
  return digest;
}

Digest blake2b(BytesView bytes) {
  // sodium_init picks the fastest implementation for this processor; it is idempotent and thread-safe.
  static const int initialised = sodium_init();
  ENSURE(initialised >= 0);
  Digest digest;
  const int failed = crypto_generichash(digest.bytes.data(), digest.bytes.size(),
                                        reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), nullptr, 0);
  ENSURE_EQ(failed, 0);
  return digest;
}

std::uint64_t checksum64(BytesView bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace parley
