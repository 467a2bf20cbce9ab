#include "common/base/password.hpp"

#include <sodium.h>

#include <array>

#include "common/base/chat_limits.hpp"
#include "common/base/ensure.hpp"

namespace parley {
namespace {

static_assert(crypto_pwhash_STRBYTES == limits::password_hash_bytes);
static_assert(crypto_pwhash_MEMLIMIT_INTERACTIVE == limits::password_memory_bytes);

void initialise() {
  static const int initialised = sodium_init();
  ENSURE(initialised >= 0);
}

}  // namespace

PasswordCost PasswordCost::interactive() {
  return {crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE};
}

PasswordCost PasswordCost::least() { return {crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN}; }

Result<Bytes> hash_password(BytesView password, const PasswordCost& cost) {
  initialise();
  std::array<char, crypto_pwhash_STRBYTES> text{};
  const int failed = crypto_pwhash_str(text.data(), password.data(), password.size(), cost.passes, cost.memory_bytes);
  if (failed != 0) return fail(ErrorCode::io, "there is not enough memory to hash a password");
  return Bytes(text.data());
}

bool verify_password(BytesView hash, BytesView password) {
  initialise();
  std::array<char, crypto_pwhash_STRBYTES> text{};
  if (hash.size() >= text.size() || hash.find('\0') != BytesView::npos) return false;
  hash.copy(text.data(), hash.size());
  return crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0;
}

void wipe(Bytes& secret) {
  if (!secret.empty()) sodium_memzero(secret.data(), secret.size());
  secret.clear();
}

}  // namespace parley
