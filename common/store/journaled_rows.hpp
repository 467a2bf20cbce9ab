#pragma once
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "common/store/backend.hpp"
#include "common/store/journal.hpp"
#include "common/store/published.hpp"
#include "common/store/row_tree.hpp"
#include "common/store/slot_file.hpp"

namespace parley::store {

/// What differs between the engines `memory` and `disk`, and what tests make smaller.
struct JournaledOptions {
  std::uint32_t slot = 0;  ///< bytes of a slot of the engine `disk`; 0: the engine `memory`
  std::uint64_t slot_growth_bytes = limits::slot_file_growth_bytes;
  std::uint64_t journal_least_bytes = limits::journal_least_bytes;
  std::uint64_t step_bytes = limits::engine_step_bytes;
  std::uint64_t pinned_bytes = limits::engine_pinned_bytes;
  std::uint64_t waiting_bytes = limits::engine_waiting_bytes;
};

/// The rows of the engines `memory` and `disk` in one folder: a tree of them in memory, and a journal of what was
/// committed, from which the tree is made again. With slots, a client's value is moved from memory to its slot in the
/// file of values as soon as no snapshot needs what stood there before; until then, and until the journal is rewritten,
/// the journal has it. README.md has the reasons.
///
/// Snapshots are taken and used by any threads; the rest is called by one thread at a time.
class JournaledRows {
 public:
  /// Makes an empty store, in a folder that is there and empty; durable once that is synced.
  [[nodiscard]] static Status create(files::FileSystem& files, const std::filesystem::path& folder,
                                     const JournaledOptions& options);
  /// `corrupt`, naming file and place, if anything is not what was left there. With StoreMode::inspect slots are those
  /// of the store, whatever the options say.
  [[nodiscard]] static Result<std::unique_ptr<JournaledRows>> open(files::FileSystem& files,
                                                                   const std::filesystem::path& folder,
                                                                   JournaledOptions options, StoreMode mode);

  /// These are as Backend has them.
  [[nodiscard]] std::unique_ptr<Snapshot> snapshot() const;
  [[nodiscard]] Status commit(const Overlay& overlay);
  [[nodiscard]] Result<bool> step();
  [[nodiscard]] bool is_crowded() const;

  /// False if no snapshot is left.
  [[nodiscard]] bool is_read();
  void moved_to(const std::filesystem::path& folder) { journal_.moved_to(folder); }
  [[nodiscard]] const Journal& journal() const { return journal_; }
  /// Of the file of slots, holes included.
  [[nodiscard]] std::uint64_t slot_bytes() const { return slots_ ? slots_->bytes() : 0; }
  /// Of values that are not yet in their slots.
  [[nodiscard]] std::uint64_t waiting_bytes() const { return waiting_bytes_; }
  /// Of rows that are needed by old snapshots alone.
  [[nodiscard]] std::uint64_t pinned_bytes() const;

  /// The rows as of a commit. Immutable but for what slots have, which stays as long as the version does.
  struct Version {
    std::uint64_t commit = 0;
    RowTree rows;
    std::shared_ptr<const SlotView> slots;  ///< null without slots
  };

 private:
  struct Counts {
    std::uint64_t journal_bytes = 0;  ///< that the rows in memory take in a base
    std::uint64_t clients_rows = 0;
    std::uint64_t used_bytes = 0;  ///< what all rows cost that count for the quota
    void add(const StoredRow& row);
    void subtract(const StoredRow& row);
  };
  /// A client's row that is to go to its slot; a null one is to be erased there.
  struct Waiting {
    std::uint64_t commit = 0;
    std::uint64_t number = 0;
    RowRef row;
  };
  struct Retired {
    std::shared_ptr<const Version> version;
    std::uint64_t dropped_bytes = 0;  ///< of rows that it has and the next one has not
  };

  JournaledRows(Journal journal, const JournaledOptions& options) : options_(options), journal_(std::move(journal)) {}

  [[nodiscard]] Status load_slots(files::FileSystem& files, const std::filesystem::path& folder, StoreMode mode,
                                  const std::map<std::uint64_t, std::uint64_t>& changed_by);
  [[nodiscard]] Status check_counts(const std::filesystem::path& folder) const;
  [[nodiscard]] Status check(const Overlay& overlay) const;
  [[nodiscard]] RowTree change(std::span<const RowChange> changes, std::uint64_t& dropped_bytes);
  void publish(Version next, std::uint64_t dropped_bytes);
  void note_waiting(std::span<const RowChange> changes, std::uint64_t commit);
  void forget_unused();
  [[nodiscard]] bool can_fill_slots() const;
  [[nodiscard]] Status fill_slots();
  [[nodiscard]] Status fill(std::span<Waiting> batch, std::vector<RowChange>& filled);
  [[nodiscard]] bool wants_base() const;
  [[nodiscard]] Status begin_base();
  [[nodiscard]] Status go_on_with_base();
  [[nodiscard]] Status do_step();
  [[nodiscard]] Status remember(Status status);

  JournaledOptions options_;
  Journal journal_;
  std::optional<SlotFile> slots_;
  std::shared_ptr<Published<Version>> published_ = std::make_shared<Published<Version>>();
  std::shared_ptr<const Version> current_;
  std::deque<Retired> retired_;  ///< versions that somebody may still read, oldest first
  Counts counts_;

  std::deque<Waiting> waiting_;
  std::uint64_t waiting_bytes_ = 0;
  std::set<std::uint64_t> torn_;  ///< slots that a crash or a full disk may have torn
  bool is_slot_disk_full_ = false;

  RowTree base_rows_;  ///< of the base that is being written
  std::optional<RowTree::Cursor> base_row_;
  std::vector<Bytes> base_erased_;           ///< keys that the base says are gone from their slots
  std::optional<std::uint64_t> no_base_at_;  ///< a commit at which there was no room for one
  std::optional<Error> broken_;
};

}  // namespace parley::store
