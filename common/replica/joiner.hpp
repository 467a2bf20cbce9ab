#pragma once
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/clock.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/context.hpp"
#include "common/mq/mailbox.hpp"
#include "common/obs/logger.hpp"
#include "common/replica/orders.hpp"
#include "common/transport/service_client.hpp"

namespace parley::replica {

struct JoinOptions {
  wire::JoinRequest request;
  std::vector<Address> members;  ///< tried in turn, and whom they say leads
  ClusterId cluster;             ///< nil if any will do; else the one that this replica already belongs to
};

struct JoinCallbacks {
  std::function<void(AdoptCluster)> joined;  ///< from the actor's thread, once; then it is done
  /// The same, once: members refuse, and asking again would not help. `refused` (another member has the name, too many
  /// members) or `usage` (settings differ).
  std::function<void(Error)> refused;
};

/// The thread that asks members of a cluster to take this replica in, or to note its new addresses, until one does. A
/// member that does not lead names the one that does. Nobody answering is no failure: it goes on asking until it is
/// destroyed.
class Joiner {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Joiner>> start(mq::Context& context, JoinOptions options,
                                                             JoinCallbacks callbacks, const Clock& clock,
                                                             obs::Logger logger);

 private:
  enum class Verdict { joined, refused, ask_again, ask_leader };
  struct Attempt {
    Verdict verdict = Verdict::ask_again;
    Error error{ErrorCode::unreachable, "no answer"};
    std::string leader_address;
  };

  Joiner(mq::Context& context, JoinOptions options, JoinCallbacks callbacks, const Clock& clock, obs::Logger logger);
  Status run(const std::stop_token& stop);
  [[nodiscard]] Attempt ask(const Address& member, const std::stop_token& stop);
  [[nodiscard]] Attempt judge(const wire::ReplyFrame& frame);
  [[nodiscard]] Attempt judge(const wire::ErrorReply& error, const wire::ReplyFrame& frame) const;
  void note_exists();
  void pause(const std::stop_token& stop);

  mq::Context& context_;
  JoinOptions options_;
  JoinCallbacks callbacks_;
  const Clock& clock_;
  obs::Logger logger_;
  std::uint64_t exists_since_us_ = 0;  ///< the first answer that a member of our name is alive
  std::uint64_t exists_last_us_ = 0;   ///< the last one
  std::string last_told_;
  mq::Mailbox<int> mailbox_{1};  ///< carries nothing: only wakes the thread to stop
  mq::Actor actor_;              // last: joined before what its thread uses is gone
};

}  // namespace parley::replica
