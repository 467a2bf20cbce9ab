#include <catch2/catch.hpp>

#include <set>

#include "common/base/chat_limits.hpp"
#include "common/base/entropy.hpp"
#include "common/base/password.hpp"

using namespace parley;

TEST_CASE("a password is verified against its hash, and no other is") {
  const Bytes with_zero("a\0b", 3);
  for (const Bytes& password : {Bytes("secret"), Bytes(""), Bytes(limits::password_bytes, 'x'), with_zero}) {
    const auto hash = hash_password(password, PasswordCost::least());
    REQUIRE(hash.has_value());
    CHECK(hash->starts_with("$argon2id$"));
    CHECK(hash->size() < limits::password_hash_bytes);
    CHECK(hash->find("secret") == Bytes::npos);
    CHECK(verify_password(*hash, password));
    CHECK_FALSE(verify_password(*hash, password + "x"));
    CHECK_FALSE(verify_password(*hash, "Secret"));
  }
  const auto hash = hash_password(with_zero, PasswordCost::least());
  REQUIRE(hash.has_value());
  CHECK_FALSE(verify_password(*hash, "a"));
}

TEST_CASE("the same password has another hash each time") {
  std::set<Bytes> hashes;
  for (int i = 0; i < 10; ++i) hashes.insert(hash_password("secret", PasswordCost::least()).value());
  CHECK(hashes.size() == 10);
}

TEST_CASE("the cost for somebody who waits is that of libsodium, and stands in the hash") {
  const auto hash = hash_password("secret", PasswordCost::interactive());
  REQUIRE(hash.has_value());
  CHECK(hash->starts_with("$argon2id$v=19$m=65536,t=2,p=1$"));
  CHECK(verify_password(*hash, "secret"));
  CHECK_FALSE(verify_password(*hash, "Secret"));
}

TEST_CASE("texts that are no hashes verify nothing") {
  const auto hash = hash_password("secret", PasswordCost::least()).value();
  for (const Bytes& text : {Bytes(), Bytes("none"), hash.substr(1), hash.substr(0, hash.size() - 1), hash + "x",
                            Bytes(hash).append(1, '\0'), Bytes(limits::password_hash_bytes, 'x'), Bytes(5000, '$')}) {
    INFO(text);
    CHECK_FALSE(verify_password(text, "secret"));
  }
}

TEST_CASE("a secret that is wiped is empty") {
  Bytes secret = draw_secret(32);
  CHECK(secret.size() == 32);
  CHECK(secret != draw_secret(32));
  wipe(secret);
  CHECK(secret.empty());
}
