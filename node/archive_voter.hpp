#pragma once
#include <memory>
#include <stop_token>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/clock.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/context.hpp"
#include "common/mq/mailbox.hpp"
#include "common/obs/logger.hpp"
#include "common/transport/range_client.hpp"

namespace parley::node {

/// What this node wants loggers to forget.
struct ArchiveVote {
  ClusterId cluster;
  Index first_kept;
  std::vector<Address> loggers;  ///< their `-hrecov`
};

/// The thread that asks loggers to truncate their archives (`-retain-archives`). A logger does so when more than half
/// of the voters have asked; one that cannot be reached is asked with the next vote.
class ArchiveVoter {
 public:
  ArchiveVoter(mq::Context& context, const Clock& clock, obs::Logger logger);
  /// Votes as this member.
  [[nodiscard]] Status start(ServerId self, const NodeId& name);
  /// From any thread. Of votes that wait only the last one counts.
  void vote(ArchiveVote vote);
  void stop() { (void)actor_.stop(); }

 private:
  Status run(const wire::TruncateRequest& as, const std::stop_token& stop);
  void ask(const Address& logger, const ClusterId& cluster, const wire::TruncateRequest& vote,
           const std::stop_token& stop);

  mq::Context& context_;
  const Clock& clock_;
  obs::Logger logger_;
  mq::Mailbox<ArchiveVote> mailbox_;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::node
