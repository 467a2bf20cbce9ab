#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <variant>
#include <vector>

#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"
#include "common/obs/logger.hpp"
#include "common/store/backend.hpp"

namespace parley::node {

/// The thread that owns LMDB's write transaction: makes frozen overlays durable, and frees them when they have been. A
/// flush that finds no room on the disk leaves the store as it was; it is tried again when there is some.
class StoreActor {
 public:
  struct Callbacks {
    std::function<void()> flushed;           ///< from the actor's thread, when the overlay is durable
    std::function<void(bool)> full_changed;  ///< the same, when a flush begins or ceases to wait for room
    std::function<void(Error)> failed;       ///< the same; the process must stop
  };
  /// `backend`, which keeps its rows in `folder`, must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<StoreActor>> start(store::Backend& backend, std::filesystem::path folder,
                                                                 Callbacks callbacks, obs::Logger logger);

  /// Thread-safe.
  void flush(std::shared_ptr<const store::Overlay> overlay) { mailbox_.post(Flush{std::move(overlay)}); }
  /// Frees an overlay of many thousand rows off the caller's time, if the caller's reference is the last.
  void free(std::shared_ptr<const store::Overlay> overlay) { mailbox_.post(Free{std::move(overlay)}); }

  /// Writes what was handed over, unless there is no room for it, and joins the thread.
  void stop() { (void)actor_.stop(); }

 private:
  struct Flush {
    std::shared_ptr<const store::Overlay> overlay;
  };
  struct Free {
    std::shared_ptr<const store::Overlay> overlay;
  };
  using Order = std::variant<Flush, Free>;

  StoreActor(store::Backend& backend, std::filesystem::path folder, Callbacks callbacks, obs::Logger logger);
  Status run(const std::stop_token& stop);
  [[nodiscard]] Status work(std::vector<Order>& orders);
  [[nodiscard]] Status flush_waiting();
  [[nodiscard]] std::uintmax_t free_bytes() const;

  store::Backend& backend_;
  std::filesystem::path folder_;
  Callbacks callbacks_;
  obs::Logger logger_;
  mq::Mailbox<Order> mailbox_;
  std::shared_ptr<const store::Overlay> waiting_;  ///< to be flushed
  bool is_full_ = false;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::node
