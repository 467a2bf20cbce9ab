#pragma once
#include <memory>
#include <vector>

#include "common/archive/manifest.hpp"
#include "common/archive/reduction.hpp"
#include "common/archive/segment_check.hpp"

namespace parley::archive {

/// A segment as it stands in a file that was read to its end: what the manifest and the seek index say of it.
struct CheckedSegment {
  SealedSegment sealed;
  SeekIndex index;
};

/// Reads a segment that was rewritten, some milliseconds at a time, and makes sure that it can stand in the place of
/// the one that `listed` speaks of.
class RewrittenCheck {
 public:
  RewrittenCheck(SegmentFile file, const SealedSegment& listed);
  /// True if there is more. `corrupt` if it is damaged, or leads elsewhere.
  [[nodiscard]] Result<bool> step();
  /// Once step() returned false.
  [[nodiscard]] CheckedSegment result() const;
  [[nodiscard]] const wal::LogState& state() const { return check_.state(); }

 private:
  SealedSegment listed_;
  SegmentCheck check_;
};

/// Writes a sealed segment anew without the payloads that may go, into a temporary file, and reads that again. The
/// segment is verified once more in passing. In memory: what is written in a step. One thread.
class SegmentRewrite {
 public:
  /// `unnecessary`: the entries that may be reduced, in order. `files` and `reduction` must outlive it.
  [[nodiscard]] static Result<SegmentRewrite> begin(wal::FileSystem& files, const Layout& layout,
                                                    const SealedSegment& listed, std::vector<Index> unnecessary,
                                                    const Reduction& reduction);

  /// Some milliseconds of it. True if there is more. After an error the temporary file is gone, as far as it can.
  [[nodiscard]] Result<bool> step();
  /// Once step() returned false: what stands in temporary(), durable but for its name.
  [[nodiscard]] CheckedSegment result() const { return rewritten_->result(); }
  [[nodiscard]] std::filesystem::path temporary() const { return temporary_; }
  [[nodiscard]] const SealedSegment& listed() const { return listed_; }
  /// Removes the temporary file.
  void discard();

 private:
  SegmentRewrite(wal::FileSystem& files, const Layout& layout, const SealedSegment& listed, SegmentFile segment,
                 std::vector<Index> unnecessary, const Reduction& reduction);

  [[nodiscard]] Result<bool> do_step();
  [[nodiscard]] Result<bool> write_on();
  [[nodiscard]] Status end_file();
  [[nodiscard]] Status flush();
  void append(const ArchivedEntry& archived);
  void append_changes();
  [[nodiscard]] wal::Place place() const;

  wal::FileSystem* files_;
  const Reduction* reduction_;
  SealedSegment listed_;
  std::filesystem::path temporary_;
  SegmentCheck check_;  ///< of what is rewritten
  std::vector<Index> unnecessary_;
  std::size_t next_unnecessary_ = 0;
  wal::Identity identity_;  ///< as what was written says
  raft::HardState hard_state_;
  std::unique_ptr<wal::File> file_;
  Bytes buffer_;              ///< records not yet written
  std::uint64_t offset_ = 0;  ///< behind what was written
  std::uint64_t unsynced_ = 0;
  std::optional<RewrittenCheck> rewritten_;
};

}  // namespace parley::archive
