#include "node/password_actor.hpp"

#include "common/base/chat_limits.hpp"
#include "common/base/entropy.hpp"

namespace parley::node {
namespace {

constexpr std::uint64_t idle_us = 3'600'000'000;

}  // namespace

PasswordActor::PasswordActor(const PasswordCost& cost) : cost_(cost), mailbox_(limits::password_queue) {}

Status PasswordActor::start(std::function<void(PasswordDone)> done) {
  done_ = std::move(done);
  auto actor = mq::Actor::start(
      "passwords", [this] { mailbox_.wake(); }, []() -> Result<int> { return 0; },
      [this](int, const std::stop_token& stop) { return run(stop); });
  if (!actor) return std::unexpected(actor.error());
  actor_ = std::move(*actor);
  return {};
}

Status PasswordActor::run(const std::stop_token& stop) {
  std::vector<PasswordWork> works;
  while (!stop.stop_requested()) {
    if (!mailbox_.drain(works)) {
      mailbox_.wait(idle_us);
      continue;
    }
    // Of a password that nobody knows, at the cost of any other: who asks for a user that there is not waits as long.
    if (hash_of_nobody_.empty()) {
      if (auto hash = hash_password(draw_secret(limits::token_bytes), cost_)) hash_of_nobody_ = std::move(*hash);
    }
    for (PasswordWork& work : works) {
      if (!stop.stop_requested()) done_(carry_out(work));
      wipe(work.password);
      wipe(work.new_password);
    }
  }
  return {};
}

PasswordDone PasswordActor::carry_out(const PasswordWork& work) const {
  PasswordDone done;
  done.ticket = work.ticket;
  if (work.is_to_verify) {
    const bool is_somebody = !work.hash.empty();
    const bool is_same = verify_password(is_somebody ? work.hash : hash_of_nobody_, work.password);
    done.is_right = is_somebody && is_same;
  }
  if (!work.is_to_hash || (work.is_to_verify && !done.is_right)) return done;
  if (auto hash = hash_password(work.new_password, cost_)) {
    done.hash = std::move(*hash);
  } else {
    done.has_failed = true;
  }
  return done;
}

}  // namespace parley::node
