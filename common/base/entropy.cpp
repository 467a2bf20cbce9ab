#include "common/base/entropy.hpp"

#include <sodium.h>

#include "common/base/ensure.hpp"

namespace parley {

namespace {

void initialise() {
  static const int initialised = sodium_init();
  ENSURE(initialised >= 0);
}

}  // namespace

std::uint64_t draw_u64() {
  initialise();
  std::uint64_t number = 0;
  while (number == 0) randombytes_buf(&number, sizeof number);
  return number;
}

Bytes draw_secret(std::size_t bytes) {
  initialise();
  Bytes secret(bytes, '\0');
  randombytes_buf(secret.data(), secret.size());
  return secret;
}

ClusterId draw_cluster_id() {
  ClusterId id;
  while (id.is_nil()) {
    for (std::size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<std::uint8_t>(draw_u64());
  }
  return id;
}

}  // namespace parley
