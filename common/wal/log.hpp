#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/base/entry.hpp"
#include "common/wal/entry_reader.hpp"
#include "common/wal/file_system.hpp"
#include "common/wal/log_state.hpp"
#include "common/wal/options.hpp"
#include "common/wal/repair.hpp"
#include "common/wal/segment.hpp"
#include "common/wal/spare_segments.hpp"

namespace parley::wal {

enum class OpenMode {
  use,      ///< locks the folder, repairs what a crash left, ready to write
  inspect,  ///< changes nothing and takes no lock; such a log can only be read
};

/// What a replica finds when it opens its log.
struct Recovered {
  Identity identity;
  raft::HardState hard_state;
  Start start;                            ///< the entry before the first that the log has
  Start last;                             ///< the last entry; `start` if there is none
  Index commit_hint;                      ///< what was known to be committed: a lower bound
  std::vector<MembershipAt> memberships;  ///< that in force at `start`, if any, and those after it, oldest first
  std::vector<TermRun> term_runs;         ///< of the entries after `start`
  std::optional<TornTail> torn;           ///< what was cut off (with OpenMode::inspect: what would be)
};

/// One write: what a replica must not forget. An entry whose index is not above the last one replaces it and all that
/// follow. Entries of one span are consecutive; a span begins at most one above the end of what is before it, and never
/// replaces what lies before the log's start. The entries are borrowed for the call; their digests must be right.
struct Batch {
  std::optional<raft::HardState> hard_state;  ///< its term never goes back, and a vote given in it never changes
  std::optional<ClusterId> adopt;             ///< the cluster this replica now belongs to; it had none
  std::vector<std::span<const Entry>> entries;
  Index commit;  ///< what is known to be committed; a hint
};

struct Counters {
  std::uint64_t writes = 0;    ///< of batches, one per segment touched
  std::uint64_t syncs = 0;     ///< of batches
  std::uint64_t bytes = 0;     ///< of batches
  std::uint64_t segments = 0;  ///< begun
};

struct OpenedLog;

/// The durable log of one replica: FORMAT.md says what stands on disk and what a crash can do to it. One thread at a
/// time; it may be moved between threads. Errors are `disk_full` (nothing of the batch was written; the log stays
/// usable), `corrupt`, `sync_failed` and `io`. After a failed sync, or a write that could not be taken back, every
/// later write and sync fails with that same error: the process must stop, and opening the log anew tells what
/// survived.
class Log {
 public:
  /// True if a log was ever made in this folder, even if files of it are missing now.
  [[nodiscard]] static Result<bool> exists(FileSystem& files, const std::filesystem::path& folder);
  /// Makes the folder and an empty log in it, durable on return. There must be none. `files` must outlive the log.
  [[nodiscard]] static Result<Log> create(FileSystem& files, const std::filesystem::path& folder,
                                          const Identity& identity, const Options& options);
  /// Reads and verifies the whole log. `corrupt` names file, offset and index, and then nothing on disk was changed;
  /// `locked` if another process has it. With OpenMode::use everything that it reports is durable on return.
  [[nodiscard]] static Result<OpenedLog> open(FileSystem& files, const std::filesystem::path& folder,
                                              const Options& options, OpenMode mode = OpenMode::use);

  /// Writes a batch in one write per segment touched, normally one; durable only after sync(). A batch without news
  /// writes nothing. Beginning a new segment, once in its many megabytes, takes four syncs of its own.
  [[nodiscard]] Status write(const Batch& batch);
  /// Everything written so far is on stable storage on return (unless Options::sync is off). One sync, none if nothing
  /// is new.
  [[nodiscard]] Status sync();

  /// The entries [from, to] as far as the log has them: those from the start on if `from` is not below the first;
  /// nothing if `from` was trimmed or never written. Fewer if they would exceed `max_bytes` (as entry_bytes counts),
  /// but at least one. Checksums are verified. Payloads share the buffers that were read.
  [[nodiscard]] Result<std::vector<Entry>> read(Index from, Index to, std::size_t max_bytes) const;

  /// A step towards the spare segment, some milliseconds at most: for spare time. True if there is more to do. After
  /// `disk_full` it begins anew.
  [[nodiscard]] Result<bool> prepare();
  /// True if the spare segment is less far along than it must be to be ready when the present one is three quarters
  /// full. Who writes without a pause has no spare time: he takes a step between two writes then, or one of them has to
  /// make the whole segment.
  [[nodiscard]] bool is_spare_due() const;
  /// True if the next segment is ready. Without one, and with a full disk, entries are refused before terms and votes
  /// are.
  [[nodiscard]] bool has_spare() const { return spares_.has_one(); }

  /// Removes segments of which every entry lies below `first_kept`, an index whose predecessor is committed and flushed
  /// to the store; with Options::retire_into they go there. What goes is what can, never more: the last segment always
  /// stays, and so does, until the next call, one for whose name a full disk has no room there.
  [[nodiscard]] Status trim_before(Index first_kept);
  /// Forgets all entries: the log goes on behind `start`, where an image was installed, with that membership in force.
  /// Hard state and identity stay. It is all or nothing, and durable on return; all segments before go as in
  /// trim_before().
  [[nodiscard]] Status start_after(const Start& start, const MembershipAt& membership);

  [[nodiscard]] const Identity& identity() const { return state_.identity; }
  [[nodiscard]] const raft::HardState& hard_state() const { return state_.hard_state; }
  /// The entry before the first that the log has.
  [[nodiscard]] const Start& start() const { return state_.start; }
  [[nodiscard]] Index first() const { return state_.start.index.next(); }
  /// The last entry; start() if there is none.
  [[nodiscard]] const Start& last() const { return state_.last; }
  /// The term of start() or of an entry of the log; nothing for another index.
  [[nodiscard]] std::optional<Term> term_at(Index index) const;
  [[nodiscard]] const Counters& counters() const { return counters_; }
  [[nodiscard]] const std::vector<Segment>& segments() const { return segments_; }
  /// Position in the stream up to which everything is known to be on stable storage.
  [[nodiscard]] std::uint64_t synced() const { return synced_; }

 private:
  Log(FileSystem& files, const std::filesystem::path& folder, const Options& options, LogState state,
      std::uint64_t next_sequence);

  [[nodiscard]] Status sync_folders();
  [[nodiscard]] Status take_into_use(const Folder& found, const Scan& scan, std::optional<TornTail>& torn);
  [[nodiscard]] Status seal_before_last(const Scan& scan);
  void check(const Batch& batch) const;
  [[nodiscard]] bool has_news(const Batch& batch) const;
  [[nodiscard]] std::size_t segments_needed(const Batch& batch) const;
  [[nodiscard]] Status make_room(const Batch& batch);
  [[nodiscard]] Status write_records(const Batch& batch);
  [[nodiscard]] Status open_part(std::size_t bytes, Index commit);
  [[nodiscard]] Place next_place() const;
  [[nodiscard]] Status write_part();
  [[nodiscard]] Status take_back(const Error& why);
  void apply_part();
  [[nodiscard]] SegmentHeader next_header() const;
  [[nodiscard]] Status begin_segment(SegmentHeader header);
  [[nodiscard]] Status remember_failure(const Status& status);

  FileSystem* files_;
  std::filesystem::path folder_;
  Options options_;
  std::unique_ptr<DirectoryLock> lock_;
  LogState state_;
  std::vector<Segment> segments_;
  std::unique_ptr<File> current_;  ///< the last segment; null if the log was opened for inspection
  SpareSegments spares_;
  std::unique_ptr<EntryReader> reader_;
  std::uint64_t synced_ = 0;
  Bytes part_;  ///< what goes into the current segment with the next write; kept for its capacity
  std::optional<Error> broken_;
  Counters counters_;
};

struct OpenedLog {
  Log log;
  Recovered recovered;
};

}  // namespace parley::wal
