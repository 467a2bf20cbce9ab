#pragma once
#include <functional>
#include <memory>
#include <stop_token>
#include <variant>

#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"
#include "common/obs/logger.hpp"
#include "common/store/backend.hpp"

namespace parley::node {

/// The thread that owns LMDB's write transaction: makes frozen overlays durable, and frees them when they have been.
class StoreActor {
 public:
  struct Callbacks {
    std::function<void()> flushed;      ///< from the actor's thread, when the overlay is durable
    std::function<void(Error)> failed;  ///< the same; the process must stop
  };
  /// `backend` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<StoreActor>> start(store::Backend& backend, Callbacks callbacks,
                                                                 obs::Logger logger);

  /// Thread-safe.
  void flush(std::shared_ptr<const store::Overlay> overlay) { mailbox_.post(Flush{std::move(overlay)}); }
  /// Frees an overlay of many thousand rows off the caller's time, if the caller's reference is the last.
  void free(std::shared_ptr<const store::Overlay> overlay) { mailbox_.post(Free{std::move(overlay)}); }

  /// Writes what was handed over, and joins the thread.
  void stop() { (void)actor_.stop(); }

 private:
  struct Flush {
    std::shared_ptr<const store::Overlay> overlay;
  };
  struct Free {
    std::shared_ptr<const store::Overlay> overlay;
  };
  using Order = std::variant<Flush, Free>;

  StoreActor(store::Backend& backend, Callbacks callbacks, obs::Logger logger);
  Status run(const std::stop_token& stop);
  [[nodiscard]] Status perform(Order& order);

  store::Backend& backend_;
  Callbacks callbacks_;
  obs::Logger logger_;
  mq::Mailbox<Order> mailbox_;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::node
