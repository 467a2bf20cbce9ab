#pragma once
#include <functional>
#include <stop_token>

#include "common/base/password.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"
#include "node/password_desk.hpp"

namespace parley::node {

/// The one thread that hashes and verifies passwords, which takes a tenth of a second and 64 MiB each, one after the
/// other.
class PasswordActor {
 public:
  explicit PasswordActor(const PasswordCost& cost);
  /// `done` is called from the actor's thread.
  [[nodiscard]] Status start(std::function<void(PasswordDone)> done);
  /// From any thread. How many wait is for the desk to bound.
  void work(PasswordWork work) { mailbox_.post(std::move(work)); }
  /// What is not begun is not done.
  void stop() { (void)actor_.stop(); }

 private:
  Status run(const std::stop_token& stop);
  [[nodiscard]] PasswordDone carry_out(const PasswordWork& work) const;

  PasswordCost cost_;
  std::function<void(PasswordDone)> done_;
  Bytes hash_of_nobody_;
  mq::Mailbox<PasswordWork> mailbox_;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::node
