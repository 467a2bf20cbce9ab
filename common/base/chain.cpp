#include "common/base/chain.hpp"

#include <cstring>

namespace parley {

Digest chain_start(const ClusterId& cluster) {
  return blake2b({reinterpret_cast<const char*>(cluster.bytes.data()), cluster.bytes.size()});
}

Digest chain_next(const Digest& previous, const Entry& header, const Digest& payload_hash) {
  // On the stack: this runs once for every entry on every replica.
  char buffer[32 + 8 + 8 + 1 + 8 + 8 + 32];
  char* at = buffer;
  const auto put = [&at](const void* from, std::size_t size) {
    std::memcpy(at, from, size);
    at += size;
  };
  const auto kind = static_cast<std::uint8_t>(header.kind);
  put(previous.bytes.data(), 32);
  put(&header.index.value, 8);
  put(&header.term.value, 8);
  put(&kind, 1);
  put(&header.time.cluster_us, 8);
  put(&header.time.wall_us, 8);
  put(payload_hash.bytes.data(), 32);
  return blake2b({buffer, sizeof buffer});
}

Digest chain_next(const Digest& previous, const Entry& entry) {
  return chain_next(previous, entry, blake2b(entry.payload.view()));
}

}  // namespace parley
