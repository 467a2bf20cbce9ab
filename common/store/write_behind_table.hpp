#pragma once
#include <memory>
#include <vector>

#include "common/app/table.hpp"
#include "common/base/result.hpp"
#include "common/store/backend.hpp"
#include "common/store/overlay.hpp"

namespace parley::store {

/// The table that apply writes and reads go to, while the backend's disk works on its own time. Three layers, newest
/// first:
///
///     active overlay   takes every change
///     frozen overlay   is being made durable by the store actor; nobody writes it
///     snapshot         the backend as of some commit
///
/// One thread owns it. A round: save_meta() of the application, freeze(), the store actor's Backend::commit() on its
/// own thread, flushed(). What is in the overlays when the process dies is lost here and comes again from the log.
class WriteBehindTable final : public app::Table {
 public:
  explicit WriteBehindTable(std::unique_ptr<Snapshot> snapshot);

  [[nodiscard]] std::optional<BytesView> get(BytesView key) const override;
  void put(BytesView key, BytesView value) override;
  void erase(BytesView key) override;
  void scan(BytesView from, const Visitor& visitor) const override;
  /// Its layers from a key on, newest first, the snapshot last: for whoever sees several tables over one backend, each
  /// with rows of its own, as one.
  [[nodiscard]] std::vector<std::unique_ptr<RowCursor>> layers(BytesView from) const;

  /// Ends the active overlay and begins another. There must be no frozen one.
  [[nodiscard]] std::shared_ptr<const Overlay> freeze();
  /// The frozen overlay was committed: moves the snapshot behind that commit, then drops the overlay. Returns it, so
  /// that the last owner, who pays for freeing it, need not be this thread. Views handed out before are dead. An
  /// error is fatal.
  [[nodiscard]] Result<std::shared_ptr<const Overlay>> flushed();
  /// Moves the snapshot to the last commit without a flush, so that a table that nobody writes does not pin pages.
  /// Views handed out before are dead. An error is fatal.
  [[nodiscard]] Status refresh() { return snapshot_->renew(); }

  /// limits::overlay_bytes is reached: freeze, as soon as none is frozen.
  [[nodiscard]] bool wants_freeze() const;
  /// False when the active overlay is full and the frozen one not yet flushed: apply waits for flushed().
  [[nodiscard]] bool can_apply() const { return !(wants_freeze() && has_frozen()); }
  [[nodiscard]] bool has_frozen() const { return frozen_ != nullptr; }
  [[nodiscard]] std::size_t active_bytes() const { return active_->bytes(); }
  [[nodiscard]] std::size_t active_rows() const { return active_->rows(); }

 private:
  std::shared_ptr<Overlay> active_;
  std::shared_ptr<const Overlay> frozen_;
  std::unique_ptr<Snapshot> snapshot_;
};

}  // namespace parley::store
