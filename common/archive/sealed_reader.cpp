#include "common/archive/sealed_reader.hpp"

#include <algorithm>

#include "common/archive/fault.hpp"
#include "common/archive/whole_file.hpp"
#include "common/base/archive_limits.hpp"

namespace parley::archive {
namespace {

using wal::Finding;

/// The segment that has this entry, if any.
const SealedSegment* segment_with(const std::vector<SealedSegment>& segments, Index index) {
  const auto last_of = [](const SealedSegment& segment) { return segment.last.index; };
  const auto segment = std::ranges::lower_bound(segments, index, {}, last_of);
  return segment == segments.end() || segment->before.index >= index ? nullptr : &*segment;
}

/// The room that is left in an answer.
class Room {
 public:
  explicit Room(std::size_t bytes) : left_(bytes) {}
  /// False if there is none for this entry. The first always has it.
  bool take(const Entry& entry) {
    const std::size_t bytes = entry_bytes(entry);
    if (bytes > left_ && !first_) return false;
    left_ -= std::min(left_, bytes);
    first_ = false;
    return true;
  }

 private:
  std::size_t left_;
  bool first_ = true;
};

}  // namespace

Result<transfer::EntryRun> SealedReader::read(const std::vector<SealedSegment>& segments, Index from, Index to,
                                              std::size_t max_bytes) {
  transfer::EntryRun run;
  Room room(max_bytes);
  Index next = from;
  while (next <= to) {
    const SealedSegment* segment = segment_with(segments, next);
    if (!segment) break;
    const auto cursor = cursor_at(*segment, next);
    if (!cursor) return std::unexpected(cursor.error());
    Cursor& at = **cursor;
    const Index stop = std::min(to, segment->last.index);
    const auto fault = [&](const std::string& why) {
      at.next = Index{};  // nobody reads on from there
      return damaged(at.segment.where, at.reader.offset(), next, why);
    };
    while (next <= stop) {
      const auto finding = at.reader.read();
      if (!finding) return std::unexpected(finding.error());
      if (*finding == Finding::unknown) return fault("a record of a kind that this version does not know");
      if (*finding != Finding::record) return fault("no intact record stands there");
      auto entry = entry_of(at.reader.record(), at.reader.owner());
      if (!entry) continue;
      if (entry->entry.index < next) {
        at.before = entry->entry.digest;
        continue;
      }
      if (entry->entry.index > next) return fault("another entry stands there");
      if (!room.take(entry->entry)) {
        at.reader.seek(at.reader.offset());
        return run;
      }
      if (run.entries.empty()) run.before = at.before;
      at.before = entry->entry.digest;
      run.entries.push_back(std::move(*entry));
      next = next.next();
      at.next = next;
    }
  }
  return run;
}

Result<SealedReader::Cursor*> SealedReader::cursor_at(const SealedSegment& segment, Index index) {
  const auto reads_on = [&](const auto& cursor) { return cursor->next == index; };
  auto found = std::ranges::find_if(cursors_, reads_on);
  if (found == cursors_.end() && cursors_.size() < limits::archive_cursors) {
    found = cursors_.insert(cursors_.end(), nullptr);
  } else if (found == cursors_.end()) {
    found = std::ranges::min_element(cursors_, {}, [](const auto& cursor) { return cursor->used; });
  }
  // One that stands at the end of the segment before goes on in this one.
  if (!*found || (*found)->next != index || (*found)->segment.header.sequence != segment.sequence) {
    auto sought = seek(segment, index);
    if (!sought) {
      cursors_.erase(found);
      return std::unexpected(sought.error());
    }
    *found = std::make_unique<Cursor>(std::move(*sought));
  }
  (*found)->used = ++uses_;
  return found->get();
}

Result<SealedReader::Cursor> SealedReader::seek(const SealedSegment& segment, Index index) {
  ++seeks_;
  auto file = open_segment(*files_, layout_.segment(segment.sequence), segment.sequence, segment.before.index.next());
  if (!file) return std::unexpected(file.error());
  const auto offset = offset_before(segment, *file, index);
  if (!offset) return std::unexpected(offset.error());
  if (segment.end > file->header.segment_bytes || *offset > segment.end)
    return damaged(file->where, 0, segment.before.index.next(), "the manifest speaks of another file");
  wal::RecordReader reader(*file->file, file->place(), *offset, segment.end, limits::log_read_bytes);
  return Cursor{std::move(*file), std::move(reader), index, segment.before.digest};
}

Result<std::uint64_t> SealedReader::offset_before(const SealedSegment& segment, const SegmentFile& file, Index index) {
  if (index == segment.before.index.next()) return file.first_record();
  const std::filesystem::path where = layout_.index(segment.sequence);
  const auto bytes = read_whole(*files_, where, max_seek_index_bytes);
  const auto marks = bytes ? decode_seek_index(*bytes) : std::nullopt;
  if (!marks || marks->sequence != segment.sequence || marks->end != segment.end ||
      marks->digest != segment.last.digest) {
    unindexed_.insert(segment.sequence);
    return file.first_record();
  }
  // The entry before is passed over, since its digest is wanted.
  const auto mark = marks->mark_before(index.previous());
  return mark ? mark->offset : file.first_record();
}

void SealedReader::forget(std::uint64_t sequence) {
  std::erase_if(cursors_, [&](const auto& cursor) { return cursor->segment.header.sequence == sequence; });
}

}  // namespace parley::archive
