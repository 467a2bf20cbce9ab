#pragma once
#include <set>
#include <vector>

#include "common/base/archive_limits.hpp"
#include "common/archive/archived_entry.hpp"
#include "common/archive/layout.hpp"
#include "common/archive/manifest.hpp"
#include "common/archive/segment_file.hpp"
#include "common/archive/seek_index.hpp"
#include "common/wal/record_reader.hpp"

namespace parley::archive {

/// Finds and reads entries of sealed segments. It keeps limits::archive_cursors places, so that as many streams that
/// each read on behind what they read last seek only once; a seek costs a seek index and up to limits::mark_bytes in
/// vain. One thread at a time.
class SealedReader {
 public:
  SealedReader(wal::FileSystem& files, Layout layout) : files_(&files), layout_(std::move(layout)) {}

  /// The entries [from, to] as far as these segments have them without a gap; nothing if they do not have `from`. Fewer
  /// if they would exceed `max_bytes` (as entry_bytes counts), but at least one. Payloads share the buffers that were
  /// read. Checksums and order are verified, the chain is not. `corrupt` names file, offset and index.
  [[nodiscard]] Result<transfer::EntryRun> read(const std::vector<SealedSegment>& segments, Index from, Index to,
                                                std::size_t max_bytes);
  /// To be called before a segment is removed or rewritten.
  void forget(std::uint64_t sequence);

  /// Segments whose seek index could not be read since the last call: they were read from their begin.
  [[nodiscard]] std::set<std::uint64_t> take_unindexed() { return std::exchange(unindexed_, {}); }
  /// How often a place was looked for.
  [[nodiscard]] std::uint64_t seeks() const { return seeks_; }

 private:
  /// A place from which a stream reads on.
  struct Cursor {
    SegmentFile segment;
    wal::RecordReader reader;
    Index next;     ///< the entry that comes next; those before are passed over
    Digest before;  ///< the chain before it, once the entry before it was passed
    std::uint64_t used = 0;
  };

  [[nodiscard]] Result<Cursor*> cursor_at(const SealedSegment& segment, Index index);
  [[nodiscard]] Result<Cursor> seek(const SealedSegment& segment, Index index);
  [[nodiscard]] Result<std::uint64_t> offset_before(const SealedSegment& segment, const SegmentFile& file, Index index);

  wal::FileSystem* files_;
  Layout layout_;
  std::vector<std::unique_ptr<Cursor>> cursors_;
  std::set<std::uint64_t> unindexed_;
  std::uint64_t uses_ = 0;
  std::uint64_t seeks_ = 0;
};

}  // namespace parley::archive
