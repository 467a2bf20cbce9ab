#pragma once
#include <memory>
#include <optional>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"
#include "common/store/overlay.hpp"
#include "common/store/row_cursor.hpp"

namespace parley::store {

/// The rows of a backend as they stood at one commit. Used by one thread at a time. A row that can no longer be read
/// stops the process: what was synced is damaged, and nobody may be told an answer made from the rest.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  /// The view lives until renew() or the end of this.
  [[nodiscard]] virtual std::optional<BytesView> get(BytesView key) const = 0;
  /// Begins at the first row whose key is `from` or greater. The cursor ends before the next renew().
  [[nodiscard]] virtual std::unique_ptr<RowCursor> seek(BytesView from) const = 0;
  /// Moves on to the last commit that is complete. As long as it does not, the pages of its commit cannot be reused.
  [[nodiscard]] virtual Status renew() = 0;
};

/// Where rows are durable: one of the engines in a process (engine.hpp), a map in the simulation. `snapshot` is called
/// by any thread at any time, also during a commit; everything else by one thread, the store actor's.
class Backend {
 public:
  virtual ~Backend() = default;
  /// A snapshot may outlive the backend.
  [[nodiscard]] virtual Result<std::unique_ptr<Snapshot>> snapshot() = 0;
  /// Makes all rows of the overlay durable, or none: returns when they are synced. After an error the rows are as they
  /// were. `disk_full`, for a full map or disk, may be tried again: everything is then written anew, so that nothing
  /// hangs on what an earlier attempt left unsynced. Any other (`sync_failed`, `io`) is fatal, since nobody knows
  /// what the disk has.
  [[nodiscard]] virtual Status commit(const Overlay& overlay) = 0;

  /// A step of what can be done in spare time, some ten milliseconds at most; true if there is more to do now. What
  /// waits for snapshots to move on, or for room on the disk, is not said to be there: ask again later. An error is
  /// fatal, as one of commit() is.
  [[nodiscard]] virtual Result<bool> step() = 0;

  // ---- an image that may take the place of the rows; all by the thread that commits ----

  /// An empty backend beside this one, for the rows of an image; what there was of another is gone. It lives until the
  /// next call of one of these five.
  [[nodiscard]] virtual Result<Backend*> begin_image() = 0;
  /// The image has all its rows: from now on a crash leaves it complete. Durable on return.
  [[nodiscard]] virtual Status complete_image() = 0;
  /// The rows of an image that is complete; null if none is.
  [[nodiscard]] virtual Result<std::unique_ptr<Snapshot>> completed_image() = 0;
  /// The complete image takes the place of the rows: a crash leaves the one or the other. Snapshots of before go on
  /// with the rows of before. Nobody may ask for a snapshot meanwhile.
  [[nodiscard]] virtual Status install_image() = 0;
  /// Throws away an image, complete or not. What cannot be removed now goes with the next opening or image.
  virtual void discard_image() = 0;

  /// True when so much of the room for rows is taken, or pinned by old snapshots, that none should be kept any longer.
  [[nodiscard]] virtual bool is_crowded() const = 0;
};

}  // namespace parley::store
