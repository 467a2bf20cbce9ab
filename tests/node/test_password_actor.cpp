#include <catch2/catch.hpp>

#include "node/password_actor.hpp"

using namespace parley;
using namespace parley::node;

namespace {

/// Long, since nothing that is tested here should take any time but what hashing takes.
constexpr std::uint64_t patience_us = 60'000'000;

/// An actor, and what it has done.
struct Hasher {
  explicit Hasher(const PasswordCost& cost) : actor(cost) {
    REQUIRE(actor.start([this](PasswordDone one) { done.post(std::move(one)); }));
  }
  ~Hasher() { actor.stop(); }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  std::vector<PasswordDone> await(std::size_t count) {
    std::vector<PasswordDone> all;
    std::vector<PasswordDone> batch;
    while (all.size() < count) {
      REQUIRE(done.wait(patience_us));
      done.drain(batch);
      all.insert(all.end(), batch.begin(), batch.end());
    }
    return all;
  }
  PasswordDone carry_out(PasswordWork work) {
    actor.work(std::move(work));
    return await(1).front();
  }

  mq::Mailbox<PasswordDone> done{64};
  PasswordActor actor;
};

PasswordWork to_hash(std::uint64_t ticket, const char* password) { return {ticket, {}, false, {}, true, password}; }
PasswordWork to_verify(std::uint64_t ticket, const Bytes& hash, const char* password) {
  return {ticket, password, true, hash, false, {}};
}

}  // namespace

TEST_CASE("passwords are hashed and verified in the order in which they were asked for") {
  Hasher hasher(PasswordCost::least());
  for (std::uint64_t ticket = 1; ticket <= 16; ++ticket) hasher.actor.work(to_hash(ticket, "secret"));
  const auto all = hasher.await(16);
  for (std::size_t at = 0; at < 16; ++at) {
    CHECK(all[at].ticket == at + 1);
    CHECK_FALSE(all[at].has_failed);
    CHECK(hasher.carry_out(to_verify(20, all[at].hash, "secret")).is_right);
    CHECK_FALSE(hasher.carry_out(to_verify(21, all[at].hash, "Secret")).is_right);
  }
}

TEST_CASE("nobody's password is never right") {
  Hasher hasher(PasswordCost::least());
  for (const char* password : {"", "secret"}) CHECK_FALSE(hasher.carry_out(to_verify(1, "", password)).is_right);
  CHECK_FALSE(hasher.carry_out(to_verify(1, "no hash", "secret")).is_right);
}

TEST_CASE("a new password is hashed only if the old one is right") {
  Hasher hasher(PasswordCost::least());
  const Bytes hash = hasher.carry_out(to_hash(1, "old")).hash;
  const PasswordDone wrong = hasher.carry_out({2, "other", true, hash, true, "new"});
  CHECK_FALSE(wrong.is_right);
  CHECK(wrong.hash.empty());
  const PasswordDone right = hasher.carry_out({3, "old", true, hash, true, "new"});
  CHECK(right.is_right);
  CHECK(verify_password(right.hash, "new"));
}

TEST_CASE("at the real cost it is Argon2id with 64 MiB, also for nobody") {
  Hasher hasher(PasswordCost::interactive());
  const PasswordDone hashed = hasher.carry_out(to_hash(1, "secret"));
  CHECK(hashed.hash.starts_with("$argon2id$v=19$m=65536,t=2,p=1$"));
  CHECK(hasher.carry_out(to_verify(2, hashed.hash, "secret")).is_right);
  CHECK_FALSE(hasher.carry_out(to_verify(3, "", "secret")).is_right);
}

TEST_CASE("an actor that is stopped leaves undone what waits") {
  auto hasher = std::make_unique<Hasher>(PasswordCost::interactive());
  for (std::uint64_t ticket = 1; ticket <= 16; ++ticket) hasher->actor.work(to_hash(ticket, "secret"));
  hasher->actor.stop();
  std::vector<PasswordDone> done;
  hasher->done.drain(done);
  CHECK(done.size() < 16);
}
