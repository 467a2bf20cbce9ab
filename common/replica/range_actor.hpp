#pragma once
#include <memory>
#include <stop_token>

#include "common/base/address.hpp"
#include "common/base/clock.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/context.hpp"
#include "common/mq/mailbox.hpp"
#include "common/obs/logger.hpp"
#include "common/replica/range_source.hpp"

namespace parley::replica {

/// The thread that serves entries and images (`-hrecov`): it owns the port and a RangeDesk. One serves all clusters of
/// a process. Sources are given to it and called in its thread; it is to be stopped before what they refer to.
class RangeActor {
 public:
  /// Listens when it returns. ErrorCode::usage, naming the address, if it cannot.
  [[nodiscard]] static Result<std::unique_ptr<RangeActor>> start(mq::Context& context, const Address& listen,
                                                                 const Clock& clock, obs::Logger logger);

  /// Where it listens, with the port that it got.
  [[nodiscard]] const Address& address() const { return address_; }

  /// From any thread.
  void order(RangeOrder order) { mailbox_.post(std::move(order)); }
  /// From any thread: there are more entries, up to this one. As often as it may be said, one word of each cluster
  /// waits, and nobody is woken for it unless a stream is open.
  void advanced(const ClusterId& cluster, const transfer::LogPoint& last);

  /// Joins the thread; sources are destroyed.
  void stop() { (void)actor_.stop(); }

 private:
  RangeActor(const Clock& clock, obs::Logger logger);

  const Clock& clock_;
  obs::Logger logger_;
  Address address_;
  mq::Mailbox<RangeOrder> mailbox_;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::replica
