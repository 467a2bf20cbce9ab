#pragma once
#include <optional>
#include <vector>

#include "common/archive/archived_entry.hpp"
#include "common/base/archive_limits.hpp"
#include "common/base/result.hpp"

namespace parley::archive {

/// What an archive has to know of commands to leave some of them out. To the archive itself a command is bytes.
///
/// It is shown every entry of a cluster in order, and says of which the payload may be reduced. What is left must lead
/// to the same state wherever a window ends.
class Reduction {
 public:
  Reduction() = default;
  Reduction(const Reduction&) = delete;
  Reduction& operator=(const Reduction&) = delete;
  virtual ~Reduction() = default;

  /// Before the first entry.
  virtual void begin() = 0;
  /// Behind an image of the state: its rows as they stand in its chunks, in order, then the end. `corrupt` if they are
  /// none.
  virtual void begin_image() = 0;
  [[nodiscard]] virtual Status add_rows(BytesView rows) = 0;
  [[nodiscard]] virtual Status end_image() = 0;
  /// As of the end of a window: what restore() goes on from, opaque bytes. `corrupt` if they are not what it made.
  [[nodiscard]] virtual Bytes checkpoint() = 0;
  [[nodiscard]] virtual Status restore(BytesView checkpoint) = 0;

  /// The next entry; it may have been reduced before. `corrupt` if what is left of it means nothing.
  [[nodiscard]] virtual Status take(const ArchivedEntry& entry) = 0;
  /// Ends a window: of the entries since the last one, those whose payloads are not needed, in order.
  [[nodiscard]] virtual std::vector<Index> end_window() = 0;
  /// What is to be left of such a payload; nothing if all of it is.
  [[nodiscard]] virtual std::optional<Bytes> residue(BytesView payload) const = 0;
};

/// When payloads are left out. A window is the entries from one multiple of the period to the next; the state at its
/// end is what compaction preserves. A segment is written anew, once, when all windows that reach into it are over.
struct CompactionOptions {
  enum class Mode {
    immediate,  ///< a window is over also where a segment is: each segment is reduced as soon as it is sealed
    interval,   ///< as soon as all its windows are sealed
    delayed,    ///< as soon as one more whole window is sealed behind them: the last `period` entries are always whole
  };
  Mode mode = Mode::interval;
  Count period{100'000};  ///< entries in a window
  /// A segment of which less than one entry in so many can be reduced is left as it is: writing it anew is not worth
  /// it.
  std::uint64_t worth = 50;
  /// Bytes of entries that are looked at before it is saved how far that has come.
  std::uint64_t save_bytes = limits::compaction_save_bytes;
};

}  // namespace parley::archive
