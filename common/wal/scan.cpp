#include "common/wal/scan.hpp"

#include <algorithm>

#include "common/base/chain.hpp"
#include "common/wal/entry_reader.hpp"
#include "common/wal/record_reader.hpp"

namespace parley::wal {
namespace {

/// A segment file as it was found, and its header if that is intact.
struct Found {
  std::uint64_t sequence = 0;
  std::uint64_t bytes = 0;
  std::optional<SegmentHeader> header;
};

class Scanner {
 public:
  Scanner(FileSystem& files, const std::filesystem::path& folder, const Folder& listed)
      : files_(files), folder_(folder), listed_(listed), entries_(files, folder) {}

  Result<Scan> run();

 private:
  Status read_headers();
  Result<Found> read_header(std::uint64_t sequence) const;
  Status look_before_restart();
  Result<std::unique_ptr<File>> open(std::uint64_t sequence) const;
  Status check_sequence() const;
  Status check_header(std::size_t at) const;
  Status check_continuation(std::size_t at) const;
  Status scan_segment(std::size_t at);
  bool is_trimmed(std::size_t at, const Record& record) const;
  void begin_behind(std::size_t at);
  Status take(const RecordReader& reader);
  Status check_digest(const EntryRecord& entry, std::uint64_t offset);
  Status end_of_segment(std::size_t at, const File& file, std::uint64_t offset, bool bad);
  Result<std::uint64_t> declared_behind(std::size_t at, std::uint64_t offset) const;
  std::unexpected<Error> corrupt(std::uint64_t sequence, std::uint64_t offset, const std::string& why) const;
  std::unexpected<Error> missing(std::uint64_t sequence) const;
  [[nodiscard]] bool is_last(std::size_t at) const { return at + 1 == found_.size(); }

  FileSystem& files_;
  const std::filesystem::path& folder_;
  const Folder& listed_;
  EntryReader entries_;
  std::vector<Found> found_;
  Scan scan_;
  bool trimmed_ = false;
};

Result<Scan> Scanner::run() {
  if (listed_.segments.empty()) return fail(ErrorCode::corrupt, folder_.string() + ": no segment of the log is left");
  if (Status read = read_headers(); !read) return std::unexpected(read.error());
  if (Status complete = check_sequence(); !complete) return std::unexpected(complete.error());
  for (std::size_t at = 0; at < found_.size() && !scan_.torn; ++at) {
    if (Status good = check_header(at); !good) return std::unexpected(good.error());
    if (scan_.segments.empty()) scan_.state = LogState::at(*found_[at].header);
    if (Status good = check_continuation(at); !good) return std::unexpected(good.error());
    if (Status good = scan_segment(at); !good) return std::unexpected(good.error());
    if (trimmed_) begin_behind(at);
  }
  return std::move(scan_);
}

/// A crash in the middle of a trim can leave segments in front that were to go with those before them: an entry in
/// them, or behind, replaces what no longer is there. The log begins with the next segment.
void Scanner::begin_behind(std::size_t at) {
  for (const Segment& segment : scan_.segments) scan_.void_segments.push_back(segment.sequence);
  ENSURE(!is_last(at));
  scan_.segments.clear();
  trimmed_ = false;
}

/// Reads the headers from the last restart of the log on, newest first: what is older is void, damaged or not.
Status Scanner::read_headers() {
  std::size_t left = listed_.segments.size();
  while (left > 0 && (found_.empty() || !found_.back().header || !found_.back().header->restart)) {
    auto found = read_header(listed_.segments[--left]);
    if (!found) return std::unexpected(found.error());
    found_.push_back(std::move(*found));
  }
  std::ranges::reverse(found_);
  scan_.void_segments.assign(listed_.segments.begin(), listed_.segments.begin() + static_cast<std::ptrdiff_t>(left));
  return look_before_restart();
}

Result<Found> Scanner::read_header(std::uint64_t sequence) const {
  Found found;
  found.sequence = sequence;
  const auto file = open(sequence);
  if (!file) return std::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return std::unexpected(size.error());
  found.bytes = *size;
  Bytes head(max_header_bytes, '\0');
  const auto count = (*file)->read_at(0, head);
  if (!count) return std::unexpected(count.error());
  found.header = decode_header(BytesView(head).substr(0, *count));
  return found;
}

/// The last void segment, as the header of the one behind it says where it ends.
Status Scanner::look_before_restart() {
  if (scan_.void_segments.empty() || !found_.front().header) return {};
  const SegmentHeader& restart = *found_.front().header;
  const auto found = read_header(scan_.void_segments.back());
  if (!found) return std::unexpected(found.error());
  if (!found->header || found->header->sequence + 1 != restart.sequence) return {};
  Segment segment = Segment::from(*found->header);
  const bool is_whole = found->bytes == segment.bytes && restart.begin == segment.begin + segment.bytes &&
                        segment.end <= restart.previous_end && restart.previous_end <= restart.begin;
  if (!is_whole) return {};
  segment.end = restart.previous_end;
  scan_.before_restart = segment;
  return {};
}

Result<std::unique_ptr<File>> Scanner::open(std::uint64_t sequence) const {
  return files_.open(folder_ / segment_name(sequence), Access::read_only);
}

Status Scanner::check_sequence() const {
  for (std::size_t at = 1; at < found_.size(); ++at) {
    if (found_[at].sequence != found_[at - 1].sequence + 1) return missing(found_[at - 1].sequence + 1);
  }
  // A spare is begun only once the segment before it is in use for good, so one that does not follow shows that the
  // last segment is gone.
  const std::uint64_t next = found_.back().sequence + 1;
  if (!listed_.unused.empty() && listed_.unused.rbegin()->first >= next && !listed_.unused.contains(next))
    return missing(next);
  return {};
}

/// A segment gets its name only when its header is durable: a bad header is never the trace of a crash.
Status Scanner::check_header(std::size_t at) const {
  const Found& found = found_[at];
  if (!found.header) return corrupt(found.sequence, 0, "the segment's header is damaged");
  if (found.header->sequence != found.sequence)
    return corrupt(found.sequence, 0, "the file belongs to another segment");
  if (found.header->reduced)
    return corrupt(found.sequence, 0, "an archive has rewritten the segment, which is no part of a log any more");
  if (found.header->segment_bytes != found.bytes) {
    return corrupt(found.sequence, found.bytes,
                   "the file is not of its size of " + std::to_string(found.header->segment_bytes) + " bytes");
  }
  return {};
}

/// What a header repeats of the segments before must be what they hold.
Status Scanner::check_continuation(std::size_t at) const {
  if (scan_.segments.empty()) return {};
  const SegmentHeader& header = *found_[at].header;
  const Segment& previous = scan_.segments.back();
  const LogState& state = scan_.state;
  const bool agrees = header.identity == state.identity && header.hard_state == state.hard_state &&
                      header.before == state.last && header.membership == state.membership_in_force() &&
                      header.begin == previous.begin + previous.bytes && header.previous_end == previous.end;
  if (!agrees) return corrupt(header.sequence, 0, "the segment's header contradicts the segment before it");
  return {};
}

Status Scanner::scan_segment(std::size_t at) {
  const SegmentHeader& header = *found_[at].header;
  scan_.segments.push_back(Segment::from(header));
  Segment& segment = scan_.segments.back();
  LogState& state = scan_.state;
  state.mark_next = true;
  state.commit_hint = std::max(state.commit_hint, header.commit);
  state.declared_synced = std::max(state.declared_synced, header.synced);
  std::uint64_t limit = segment.bytes;
  if (!is_last(at) && found_[at + 1].header) {
    const std::uint64_t end = found_[at + 1].header->previous_end;
    if (end < segment.end || end > segment.begin + segment.bytes) {
      return corrupt(found_[at + 1].sequence, 0, "the segment's header contradicts the segment before it");
    }
    limit = end - segment.begin;
  }
  const auto file = open(segment.sequence);
  if (!file) return std::unexpected(file.error());
  RecordReader reader(**file, segment.place(state.identity.server), segment.first_record, limit,
                      limits::log_read_bytes);
  while (true) {
    const auto finding = reader.read();
    if (!finding) return std::unexpected(finding.error());
    if (*finding == Finding::unknown) {
      return corrupt(segment.sequence, reader.offset(), "a record of a kind that this version does not know");
    }
    if (*finding != Finding::record) {
      if (!is_last(at) && reader.offset() == limit) return {};
      return end_of_segment(at, **file, reader.offset(), *finding == Finding::bad);
    }
    if (const auto* seal = std::get_if<SealRecord>(&reader.record()); seal && !is_last(at)) {
      // Nothing but damage to the next header makes the records of this segment seem to go on up to here.
      if (Status good = check_header(at + 1); !good) return good;
    } else if (seal) {
      return missing(seal->successor);
    }
    if (is_trimmed(at, reader.record())) {
      trimmed_ = true;
      return {};
    }
    if (Status taken = take(reader); !taken) return taken;
  }
}

bool Scanner::is_trimmed(std::size_t at, const Record& record) const {
  const auto* entry = std::get_if<EntryRecord>(&record);
  return entry && entry->index <= scan_.state.start.index && !is_last(at) && !found_.front().header->restart;
}

Status Scanner::take(const RecordReader& reader) {
  Segment& segment = scan_.segments.back();
  const Record& record = reader.record();
  if (const std::string_view why = scan_.state.objection(record); !why.empty()) {
    return corrupt(segment.sequence, reader.offset(), "the record cannot stand there: " + std::string(why));
  }
  if (const auto* entry = std::get_if<EntryRecord>(&record)) {
    if (Status good = check_digest(*entry, reader.offset()); !good) return good;
  }
  scan_.state.apply(record, segment.begin + reader.offset());
  segment.note(record);
  segment.end = segment.begin + reader.next_offset();
  return {};
}

Status Scanner::check_digest(const EntryRecord& entry, std::uint64_t offset) {
  const LogState& state = scan_.state;
  Digest previous = state.last.digest;
  if (entry.index <= state.last.index) {
    const Index before = entry.index.previous();
    previous = state.start.digest;
    if (before != state.start.index) {
      const auto read = entries_.read(state, scan_.segments, before, before, 0);
      if (!read) return std::unexpected(read.error());
      previous = read->front().digest;
    }
  }
  const Entry header{entry.index, entry.term, entry.kind, entry.time, {}, {}};
  if (chain_next(previous, header, blake2b(entry.payload)) == entry.digest) return {};
  return corrupt(scan_.segments.back().sequence, offset, "the entry's digest does not follow from the entry before");
}

/// Nothing intact stands at `offset`: the end of the log, a torn tail, or damage.
Status Scanner::end_of_segment(std::size_t at, const File& file, std::uint64_t offset, bool bad) {
  const Segment& segment = scan_.segments.back();
  const auto written = last_written(file, offset, segment.bytes);
  if (!written) return std::unexpected(written.error());
  if (!bad && is_last(at) && !*written) return {};
  // Without the next header one cannot tell where this segment's records should end.
  if (!bad && !is_last(at) && !found_[at + 1].header) return check_header(at + 1);
  const auto declared = declared_behind(at, offset);
  if (!declared) return std::unexpected(declared.error());
  if (*declared > segment.begin + offset) {
    return corrupt(segment.sequence, offset,
                   "no intact record stands there, although the log was synced up to position " +
                       std::to_string(*declared) + " and this is position " + std::to_string(segment.begin + offset));
  }
  if (!is_last(at) && !found_[at + 1].header) return check_header(at + 1);
  Tail tail{segment.sequence, offset, *written ? **written + 1 - offset : 0, {}};
  for (std::size_t behind = at + 1; behind < found_.size(); ++behind)
    tail.segments_behind.push_back(found_[behind].sequence);
  scan_.torn = std::move(tail);
  return {};
}

/// The highest position that anything behind a bad record, or before it, declares synced.
Result<std::uint64_t> Scanner::declared_behind(std::size_t at, std::uint64_t offset) const {
  std::uint64_t highest = scan_.state.declared_synced;
  const ServerId server = scan_.state.identity.server;
  for (std::size_t behind = at; behind < found_.size(); ++behind) {
    const Found& found = found_[behind];
    if (!found.header) continue;
    highest = std::max(highest, found.header->synced);
    const Segment segment = Segment::from(*found.header);
    const std::uint64_t from = behind == at ? offset + record_alignment : segment.first_record;
    const auto file = open(found.sequence);
    if (!file) return std::unexpected(file.error());
    const auto declared = highest_declared(**file, segment.place(server), from, std::min(segment.bytes, found.bytes));
    if (!declared) return std::unexpected(declared.error());
    highest = std::max(highest, *declared);
  }
  return highest;
}

std::unexpected<Error> Scanner::corrupt(std::uint64_t sequence, std::uint64_t offset, const std::string& why) const {
  std::string index;
  if (!scan_.segments.empty())
    index = ", where entry " + std::to_string(scan_.state.last.index.next().value) + " should stand";
  return fail(ErrorCode::corrupt,
              (folder_ / segment_name(sequence)).string() + ": offset " + std::to_string(offset) + index + ": " + why);
}

std::unexpected<Error> Scanner::missing(std::uint64_t sequence) const {
  return fail(ErrorCode::corrupt, (folder_ / segment_name(sequence)).string() + ": the segment is missing");
}

}  // namespace

Result<Scan> scan(FileSystem& files, const std::filesystem::path& folder, const Folder& found) {
  return Scanner(files, folder, found).run();
}

}  // namespace parley::wal
