#pragma once
#include <optional>

#include "common/archive/archived_entry.hpp"
#include "common/archive/seek_index.hpp"
#include "common/archive/segment_file.hpp"
#include "common/wal/log_state.hpp"
#include "common/wal/record_reader.hpp"

namespace parley::archive {

/// Reads a segment once from its first record to its end and believes nothing: checksums, order, the chain of digests
/// from what its header says, and that nothing stands behind its end. Every fault is `corrupt`, with file, offset and
/// the entry that should stand there. In memory: a window of the file, a mark per 64 KiB.
class SegmentCheck {
 public:
  /// `end`: the offset at which its records end, as the segment that follows says, or the manifest. Without it this is
  /// the last segment of a log that somebody may be writing: then it ends where it ended when it was first read to its
  /// end, behind everything that was synced by then.
  SegmentCheck(SegmentFile segment, std::optional<std::uint64_t> end);

  /// Goes to the next entry. False when there are no more.
  [[nodiscard]] Result<bool> advance();
  /// The entry that advance() went to; its payload shares the buffer that was read.
  [[nodiscard]] ArchivedEntry entry() const;
  /// Once there are no more entries: looks at about so many bytes of what is left of the file. True if there is more.
  [[nodiscard]] Result<bool> check_rest(std::size_t bytes);

  [[nodiscard]] const SegmentFile& segment() const { return segment_; }
  /// What the records add up to, so far.
  [[nodiscard]] const wal::LogState& state() const { return state_; }
  /// Offset behind the last record read.
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] std::uint64_t payload_bytes() const { return payload_bytes_; }
  /// True if a record behind the last one says that another segment follows.
  [[nodiscard]] bool is_sealed() const { return is_sealed_; }
  /// Bytes behind the end that are no record and that nothing declares synced: a batch that is being written, or what a
  /// crash left of one. Only without an end given.
  [[nodiscard]] std::uint64_t unfinished_bytes() const { return unfinished_bytes_; }
  /// Of the entries read so far.
  [[nodiscard]] SeekIndex seek_index() const;

 private:
  [[nodiscard]] Status take();
  [[nodiscard]] Status check_entry(const ArchivedEntry& archived) const;
  [[nodiscard]] Result<bool> stop(wal::Finding finding);
  [[nodiscard]] Result<bool> reach_live_end(std::uint64_t offset);
  [[nodiscard]] Status check_seal();
  [[nodiscard]] std::unexpected<Error> fault(std::uint64_t offset, const std::string& why) const;
  void read_from(std::uint64_t offset);

  SegmentFile segment_;
  std::optional<std::uint64_t> expected_end_;
  std::optional<std::uint64_t> live_end_;  ///< once known: nothing at or behind it is looked at
  wal::LogState state_;
  std::optional<wal::RecordReader> reader_;
  SeekIndex marks_;
  std::uint64_t end_;
  std::uint64_t rest_ = 0;  ///< up to where check_rest() has come; 0: not begun
  std::uint64_t payload_bytes_ = 0;
  std::uint64_t unfinished_bytes_ = 0;
  bool is_over_ = false;
  bool is_sealed_ = false;
};

/// What a segment's header must repeat of the segment before it, which was read to its end; empty if it does. `whole`:
/// neither was rewritten, so that their positions in the stream follow each other too.
[[nodiscard]] std::string_view contradiction(const SegmentCheck& previous, const wal::SegmentHeader& next, bool whole);

}  // namespace parley::archive
