#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/files/file_system.hpp"
#include "common/store/journal_format.hpp"
#include "common/store/overlay.hpp"
#include "common/store/row_tree.hpp"

namespace parley::store {

class PartReader;

enum class StoreMode {
  use,      ///< repairs what a crash left, ready to write
  inspect,  ///< changes nothing
};

/// Bytes behind the last commit that were never promised to anybody: what a crash left of one more.
struct TornCommit {
  std::filesystem::path file;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// The files from which rows in memory are made again: FORMAT.md says what stands in them, in which order they are
/// written, and what a crash leaves. A base with all rows as of some commit, and journals with what was committed since
/// then. One thread.
///
/// Errors are `disk_full` (nothing changed; may be tried again), `corrupt`, `sync_failed` and `io`. After a failed sync
/// every call that writes says so: the process must stop.
class Journal {
 public:
  /// Told, in order, what a commit changed; its keys ascend. The rows of a base come first, as changes of the commit
  /// that it is of, in several calls. An error ends the opening.
  using Replay = std::function<Status(std::uint64_t commit, std::span<const RowChange> changes)>;

  /// True if there was ever one in this folder, even if files of it are missing now.
  [[nodiscard]] static Result<bool> exists(files::FileSystem& files, const std::filesystem::path& folder);
  /// Of a folder that has one: bytes of a slot, 0 for none. `corrupt` if its head is damaged.
  [[nodiscard]] static Result<std::uint32_t> slot_of(files::FileSystem& files, const std::filesystem::path& folder);
  /// Makes an empty one, durable on return, in a folder that is there and has none.
  [[nodiscard]] static Result<Journal> create(files::FileSystem& files, const std::filesystem::path& folder,
                                              std::uint32_t slot);
  /// Reads all of it. `corrupt` names file and offset, and then nothing on disk was changed. With StoreMode::use
  /// everything that it reports is durable on return.
  [[nodiscard]] static Result<Journal> open(files::FileSystem& files, const std::filesystem::path& folder,
                                            StoreMode mode, const Replay& replay);

  ~Journal();
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) = delete;

  /// Makes the next commit durable. After `disk_full` the next attempt may be with other rows.
  [[nodiscard]] Status append(const Overlay& overlay);
  /// The number of the last commit; 0 before the first.
  [[nodiscard]] std::uint64_t commit() const { return commit_; }
  /// Values of commits up to this one are in their slots, synced: from now on it is said behind every commit.
  void note_filled(std::uint64_t commit);
  [[nodiscard]] std::uint64_t filled() const { return filled_; }
  /// Of all its files.
  [[nodiscard]] std::uint64_t bytes() const { return base_bytes_ + old_bytes_ + end_; }
  [[nodiscard]] std::uint32_t slot() const { return slot_; }
  [[nodiscard]] const std::optional<TornCommit>& torn() const { return torn_; }

  // ---- a new base ----

  /// From the next commit on another journal is written, so that a base of now can take the place of what there is.
  [[nodiscard]] Status begin_base();
  [[nodiscard]] bool has_begun_base() const { return base_ != nullptr; }
  /// Rows of the base, and keys that must not be found in slots. A part of them is written now and then, synced.
  [[nodiscard]] Status add_to_base(BytesView key, std::optional<BytesView> value);
  /// The base has all rows: it takes the place of all files that were there when it was begun.
  [[nodiscard]] Status end_base();
  /// There is no room for one now.
  void give_up_base();

  /// The folder has got another name.
  void moved_to(const std::filesystem::path& folder) { folder_ = folder; }

 private:
  struct Base;
  struct Found;

  Journal(files::FileSystem& files, std::filesystem::path folder);

  [[nodiscard]] static Result<Found> look_into(files::FileSystem& files, const std::filesystem::path& folder);
  [[nodiscard]] Status load(const Found& found, const Replay& replay);
  [[nodiscard]] Status load_base(const Replay& replay);
  [[nodiscard]] Status load_journal(std::uint64_t begin, std::optional<std::uint64_t> end, const Replay& replay);
  [[nodiscard]] Status find_torn(PartReader& reader, std::uint64_t offset);
  [[nodiscard]] Status make_sure();
  [[nodiscard]] Status start_file(std::uint64_t commit);
  [[nodiscard]] Status write_commit(const Overlay& overlay, std::uint64_t& offset);
  [[nodiscard]] Status write_base_part(PartKind kind);
  [[nodiscard]] Status write_seal(PartKind kind);
  [[nodiscard]] Status close_file();
  [[nodiscard]] Status remove_before(std::uint64_t commit);
  [[nodiscard]] JournalHeader header(JournalKind kind, std::uint64_t commit) const;
  [[nodiscard]] Status remember(Status status);

  files::FileSystem* files_;
  std::filesystem::path folder_;
  std::uint32_t slot_ = 0;
  std::uint64_t store_ = 0;

  std::optional<std::uint64_t> base_commit_;
  std::uint64_t base_bytes_ = 0;
  std::uint64_t old_bytes_ = 0;        ///< of journals before the present one
  std::uint64_t begin_ = 0;            ///< the commit behind which the present journal goes on
  std::unique_ptr<files::File> file_;  ///< the present journal
  std::uint64_t last_begin_ = 0;       ///< offset of its last commit
  std::uint64_t end_ = 0;              ///< offset behind that
  bool is_sealed_ = true;              ///< it says that its last commit is synced
  std::uint64_t commit_ = 0;
  std::uint64_t filled_ = 0;
  PartWriter part_;
  std::unique_ptr<Base> base_;
  std::optional<TornCommit> torn_;
  std::optional<Error> broken_;
};

}  // namespace parley::store
