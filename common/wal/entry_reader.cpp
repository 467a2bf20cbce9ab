#include "common/wal/entry_reader.hpp"

#include <algorithm>

#include "common/wal/folder.hpp"
#include "common/wal/record_reader.hpp"

namespace parley::wal {
namespace {

/// Collects the entries of a range while records pass by.
struct Range {
  Index next;
  Index to;
  std::size_t room;
  std::vector<Entry> entries;
  bool full = false;

  [[nodiscard]] bool done() const { return full || next > to; }
  void offer(const EntryRecord& record, const RecordReader& reader) {
    if (record.index != next) return;  // before the range
    Entry entry{record.index, record.term, record.kind, record.time, SharedBytes(reader.owner(), record.payload),
                record.digest};
    const std::size_t bytes = entry_bytes(entry);
    full = bytes > room && !entries.empty();
    if (full) return;
    room -= std::min(room, bytes);
    entries.push_back(std::move(entry));
    next = next.next();
  }
};

}  // namespace

Result<std::vector<Entry>> EntryReader::read(const LogState& state, const std::vector<Segment>& segments, Index from,
                                             Index to, std::size_t max_bytes) {
  Range range{from, to, max_bytes, {}};
  // A small range, such as the single entry before a truncation, does not read a whole window.
  const std::size_t window = std::min(max_bytes, limits::log_read_bytes - limits::mark_bytes) + limits::mark_bytes;
  std::optional<RecordReader> reader;
  std::uint64_t sequence = 0;
  while (!range.done()) {
    // Each mark anew: between two of them may lie entries that were replaced, and the end of a segment.
    const LogState::Mark& mark = state.mark_before(range.next);
    const auto above = std::ranges::upper_bound(state.marks, mark.index, {}, &LogState::Mark::index);
    const Index stop = above == state.marks.end() ? to : std::min(to, above->index.previous());
    const auto segment = std::prev(std::ranges::upper_bound(segments, mark.position, {}, &Segment::begin));
    const std::uint64_t offset = mark.position - segment->begin;
    if (reader && sequence == segment->sequence) {
      reader->seek(offset);
    } else {
      const auto file = file_of(*segment);
      if (!file) return std::unexpected(file.error());
      reader.emplace(**file, segment->place(state.identity.server), offset, segment->end_offset(), window);
      sequence = segment->sequence;
    }
    while (!range.done() && range.next <= stop) {
      const auto found = reader->read();
      if (!found) return std::unexpected(found.error());
      if (*found != Finding::record) return damaged(*segment, reader->offset(), range.next);
      if (const auto* entry = std::get_if<EntryRecord>(&reader->record())) range.offer(*entry, *reader);
    }
  }
  return std::move(range.entries);
}

std::unexpected<Error> EntryReader::damaged(const Segment& segment, std::uint64_t offset, Index wanted) const {
  return fail(ErrorCode::corrupt, (folder_ / segment_name(segment.sequence)).string() + ": the record at offset " +
                                      std::to_string(offset) + " is damaged; entry " + std::to_string(wanted.value) +
                                      " should stand there or behind it");
}

Result<const File*> EntryReader::file_of(const Segment& segment) {
  if (!file_ || sequence_ != segment.sequence) {
    auto file = files_->open(folder_ / segment_name(segment.sequence), Access::read_only);
    if (!file) return std::unexpected(file.error());
    file_ = std::move(*file);
    sequence_ = segment.sequence;
  }
  return file_.get();
}

}  // namespace parley::wal
