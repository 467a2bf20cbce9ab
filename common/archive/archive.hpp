#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "common/archive/compactor.hpp"
#include "common/archive/image_reader.hpp"
#include "common/archive/image_writer.hpp"
#include "common/archive/layout.hpp"
#include "common/archive/manifest.hpp"
#include "common/archive/sealed_reader.hpp"
#include "common/archive/segment_check.hpp"
#include "common/wal/log.hpp"

namespace parley::archive {

/// What a logger keeps of one cluster, but for its live log: sealed segments, images, and the manifest that says what
/// there is. FORMAT.md has the files and what a crash can do to them. One thread at a time; the live log belongs to
/// another, which retires segments into the folder `sealed` (wal::Options::retire_into) and says so by live_begins().
///
/// Errors are `disk_full` (nothing changed; to be tried again), `corrupt`, `sync_failed`, `io`, and `refused`. After a
/// failed sync nothing is changed any more, and every call that would says so: the process must stop. After `corrupt`
/// from step() about what the live log retired the archive takes nothing more up, but can be read.
class Archive {
 public:
  /// With OpenMode::use: makes what is missing of the folders, locks the archive (`locked`), removes what a crash left
  /// half-done; this comes before the live log is opened or created, which otherwise could retire something into an
  /// archive that nobody has begun. With OpenMode::inspect: changes nothing, takes no lock, and the archive may be in
  /// use; `usage` if there is none. Looks at the manifest, and at names, sizes and heads of all files: what is in them
  /// is for the Verifier. `corrupt` names file and offset, and then nothing was changed.
  [[nodiscard]] static Result<Archive> open(wal::FileSystem& files, const std::filesystem::path& folder,
                                            wal::OpenMode mode);

  /// Segments, gaps and images; what was verified and could not yet be recorded included.
  [[nodiscard]] const Manifest& manifest() const { return manifest_; }
  [[nodiscard]] const Layout& layout() const { return layout_; }
  /// The entry before the first that it has, or will have: behind what was truncated, and behind a gap there.
  [[nodiscard]] wal::Start before_first() const;
  [[nodiscard]] Index first() const { return before_first().index.next(); }
  /// The last entry that can be read here, below first() if there is none; live entries come behind it, or behind a
  /// gap.
  [[nodiscard]] Index last() const {
    return (manifest_.segments.empty() ? manifest_.begin : manifest_.segments.back().last).index;
  }

  // ---- taking up what the live log retires ----

  /// The live log now begins with this segment, whose header names this entry (wal::Segment::before): all segments
  /// before it are sealed or in `sealed`, and if entries are missing in between, they are a gap.
  void live_begins(std::uint64_t sequence, const wal::Start& before);
  /// A step of what is to be done, some milliseconds and a few syncs at most: verifies retired segments, writes their
  /// seek indexes and the manifest, records gaps, removes what was truncated. True if there is more to do.
  [[nodiscard]] Result<bool> step();
  /// True if step() has something to do.
  [[nodiscard]] bool has_work() const;
  /// True while it is not yet known all that the live log has retired, or where it begins: entries behind last() may
  /// come.
  [[nodiscard]] bool is_taking_up() const;

  // ---- reading ----

  /// The entries [from, to] as far as they are sealed and without a gap; see SealedReader::read().
  [[nodiscard]] Result<transfer::EntryRun> read(Index from, Index to, std::size_t max_bytes);
  [[nodiscard]] const SealedReader& reader() const { return reader_; }

  // ---- images ----

  /// Puts images where this archive has them. Several can be at work, also on other threads, while the archive lives.
  [[nodiscard]] std::unique_ptr<ImageFileWriter> image_writer() const;
  /// A writer completed the image of this index: from now on it is part of the archive. To be called before the live
  /// log starts behind it, so that no gap is without its image. `refused` if it is of another cluster or history, or
  /// lies before the archive.
  [[nodiscard]] Status add_image(Index index);
  /// One of manifest().images.
  [[nodiscard]] Result<ImageFileReader> open_image(Index index) const;
  /// The newest image at or below this entry, and the oldest at or above it.
  [[nodiscard]] std::optional<Index> image_not_above(Index index) const;
  [[nodiscard]] std::optional<Index> image_not_below(Index index) const;

  // ---- truncation ----

  /// Lets sealed segments and gaps go of which every entry lies below `first_kept`, and images that lie before what is
  /// left: nothing leads on from them. Durable on return; step() removes the files. `refused` unless there is an image
  /// at or above the entry before `first_kept`. Whole segments go, so that less may go than was asked for; if nothing
  /// can, nothing happens.
  [[nodiscard]] Status truncate_before(Index first_kept);

  // ---- compaction ----

  /// From now on step() also compacts what is sealed, when there is nothing else to do. To be called once, before the
  /// first step(). Reading goes on as before: a segment that is rewritten keeps its entries and its digests.
  void compact_with(std::unique_ptr<Reduction> reduction, const CompactionOptions& options);
  /// Why nothing more is compacted, once: a segment is damaged, or cannot be read. Everything else goes on.
  [[nodiscard]] std::optional<Error> take_compaction_failure() {
    return std::exchange(compaction_failure_, std::nullopt);
  }

 private:
  /// What the live log last said of its begin.
  struct Live {
    std::uint64_t sequence = 0;
    wal::Start before;
  };
  /// A retired segment on its way into the manifest.
  struct Sealing {
    SegmentCheck check;
    wal::SegmentHeader successor;
    bool read = false;  ///< to its last record
  };

  [[nodiscard]] Result<std::optional<wal::Start>> place_of(Index index);

  Archive(wal::FileSystem& files, Layout layout) : files_(&files), layout_(layout), reader_(files, layout) {}

  // archive_open.cpp
  [[nodiscard]] static Result<Archive> open_once(wal::FileSystem& files, const Layout& layout, wal::OpenMode mode);
  [[nodiscard]] Status make_folders();
  [[nodiscard]] Status load();
  [[nodiscard]] Status begin_anew();
  [[nodiscard]] Status look_at_segments();
  [[nodiscard]] Status look_at_images();
  [[nodiscard]] Status look_at(SealedSegment& segment);
  [[nodiscard]] Status take_rewritten(SegmentFile file, SealedSegment& segment);
  [[nodiscard]] Status remove_leftovers();

  // archive_step.cpp
  [[nodiscard]] Status do_step();
  [[nodiscard]] Status remove_next();
  [[nodiscard]] Status begin_sealing();
  [[nodiscard]] Status go_on_sealing();
  [[nodiscard]] Status take_up(const SegmentCheck& check);
  [[nodiscard]] Status check_follows(const SegmentFile& segment) const;
  [[nodiscard]] Status record_gap(const wal::Start& after);
  [[nodiscard]] Status record_gap_before_live();
  [[nodiscard]] Status go_on_indexing();
  [[nodiscard]] Status write_index();
  [[nodiscard]] Status go_on_compacting();
  [[nodiscard]] Status put_in_place(const CheckedSegment& rewritten);
  [[nodiscard]] Status save(const Manifest& next);
  [[nodiscard]] Status remember(Status status);
  [[nodiscard]] bool live_is_ahead() const;

  wal::FileSystem* files_;
  Layout layout_;
  std::unique_ptr<wal::DirectoryLock> lock_;
  Manifest manifest_;
  bool is_unsaved_ = false;  ///< manifest_ says more than the file does
  SealedReader reader_;
  std::uint64_t retired_end_ = 0;  ///< segments below this number are sealed or retired
  std::optional<Live> live_;
  std::optional<Sealing> sealing_;
  std::optional<SeekIndex> unwritten_index_;
  std::set<std::uint64_t> unindexed_;                ///< sealed segments whose seek index is to be made again
  std::set<std::uint64_t> unindexable_;              ///< of these there is no room for one
  std::optional<SegmentCheck> indexing_;             ///< one of them
  std::deque<std::filesystem::path> to_be_removed_;  ///< files that the manifest no longer names
  std::unique_ptr<Compactor> compactor_;
  std::optional<Error> compaction_failure_;
  std::optional<Error> broken_;   ///< a failed sync
  std::optional<Error> damaged_;  ///< why nothing more is taken up
};

}  // namespace parley::archive
