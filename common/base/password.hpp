#pragma once
#include <cstdint>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

/// Passwords: Argon2id by libsodium. Never called from apply: hashing draws a salt, and takes a tenth of a second.
namespace parley {

/// What hashing one takes: passes over so many bytes of memory.
struct PasswordCost {
  std::uint64_t passes;
  std::size_t memory_bytes;
  /// What libsodium takes for somebody who waits: some 100 ms and 64 MiB.
  [[nodiscard]] static PasswordCost interactive();
  /// The least there is, for tests.
  [[nodiscard]] static PasswordCost least();
};

/// A text of at most limits::password_hash_bytes with hash, salt and cost: all that verifying needs. ErrorCode::io if
/// there is not enough memory. Thread-safe.
[[nodiscard]] Result<Bytes> hash_password(BytesView password, const PasswordCost& cost);

/// True if the text is the hash of this password. Takes what it took to make it; whatever the text is, it never fails.
/// Thread-safe.
[[nodiscard]] bool verify_password(BytesView hash, BytesView password);

/// Overwrites and empties it, so that it is not found in memory that somebody else gets.
void wipe(Bytes& secret);

}  // namespace parley
