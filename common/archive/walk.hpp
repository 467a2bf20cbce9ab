#pragma once
#include <optional>
#include <vector>

#include "common/archive/layout.hpp"
#include "common/archive/manifest.hpp"
#include "common/archive/segment_check.hpp"

namespace parley::archive {

/// Goes through all entries of an archive on disk, in order: of sealed segments, of retired ones that the manifest does
/// not name yet, and of the live log up to its last record. Verifies everything that it passes. Nobody has to own the
/// archive; it may be in use, and then the walk ends where the live log ended when it got there. For the tools that
/// work on a folder.
///
/// Every fault is `corrupt`, with file, offset and entry. When an archive is truncated under a walk, a file that is
/// `missing` may only mean that: look at the manifest again.
class Walk {
 public:
  enum class Step {
    entry,    ///< entry() is the next one
    segment,  ///< the records of segment() are over, and it is as it should be
    end,
  };

  /// Begins with the segment that has `from`, or with the first behind it.
  Walk(wal::FileSystem& files, Layout layout, Manifest manifest, Index from = Index{1});

  /// After a fault or the end it must not be called again.
  [[nodiscard]] Result<Step> advance();
  /// Its payload shares the buffer that was read.
  [[nodiscard]] ArchivedEntry entry() const { return current_->entry(); }
  /// The segment whose entries come, or are over.
  [[nodiscard]] const SegmentCheck& segment() const { return current_ ? *current_ : *previous_; }
  /// What the manifest says of that segment; null if it does not name it.
  [[nodiscard]] const SealedSegment* listed() const { return listed_; }
  /// The place of the last entry that was passed, or that a gap lacks.
  [[nodiscard]] const wal::Start& last() const { return end_; }
  /// Those of the manifest, and those met behind it.
  [[nodiscard]] const std::vector<Gap>& gaps() const { return gaps_; }
  [[nodiscard]] const Manifest& manifest() const { return manifest_; }

 private:
  [[nodiscard]] Result<bool> open_next();
  [[nodiscard]] Status open_listed();
  [[nodiscard]] Result<bool> open_unlisted();
  [[nodiscard]] Status find_last();
  [[nodiscard]] Status check_nothing_follows(std::uint64_t sequence);
  [[nodiscard]] Status check_begin(const SegmentFile& segment, bool whole);
  [[nodiscard]] Status finish();

  wal::FileSystem* files_;
  Layout layout_;
  Manifest manifest_;
  Index from_;
  std::size_t at_ = 0;                          ///< of the next segment of the manifest
  std::uint64_t sequence_;                      ///< the next segment's number
  std::optional<std::uint64_t> last_sequence_;  ///< of the live log when the walk came to it
  std::optional<SegmentCheck> previous_;
  std::optional<SegmentCheck> current_;
  const SealedSegment* listed_ = nullptr;
  wal::Start end_;
  std::vector<Gap> gaps_;
};

}  // namespace parley::archive
