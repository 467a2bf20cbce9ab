#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "common/base/result.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"
#include "common/store/lmdb_backend.hpp"

namespace parley::recovery {

/// Makes rows durable in a thread of its own, one commit at a time, while its owner's thread goes on.
class Committer {
 public:
  using Overlays = std::vector<std::shared_ptr<const store::Overlay>>;

  /// `backend` must outlive this.
  [[nodiscard]] static Result<std::unique_ptr<Committer>> start(store::LmdbBackend& backend);

  /// There must be none under way.
  void commit(Overlays overlays);
  [[nodiscard]] bool is_busy() const { return is_busy_; }
  /// How the commit under way ended, if it has; that ends it.
  [[nodiscard]] std::optional<Status> poll();
  /// Waits for it. Success if none is under way.
  [[nodiscard]] Status await();

 private:
  Committer() = default;
  [[nodiscard]] Status run(store::LmdbBackend& backend, std::stop_token stop);

  mq::Mailbox<Overlays> orders_{1};
  mq::Mailbox<Status> outcomes_{1};
  std::vector<Status> taken_;
  bool is_busy_ = false;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::recovery
