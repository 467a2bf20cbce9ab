#include <algorithm>

#include "common/wal/log.hpp"
#include "common/wal/record_reader.hpp"
#include "common/wal/seal.hpp"

namespace parley::wal {
namespace {

/// The commit index that stands before the entries of a batch. If only the first records of the batch survive a crash,
/// entries that it was to replace still stand, and must not be taken for those that were committed in their place.
Index hint_before_entries(const Batch& batch) {
  Index hint = batch.commit;
  for (const auto& span : batch.entries) {
    if (!span.empty()) hint = std::min(hint, span.front().index.previous());
  }
  return hint;
}

}  // namespace

Status Log::write(const Batch& batch) {
  if (broken_) return std::unexpected(*broken_);
  ENSURE(current_);
  check(batch);
  if (!has_news(batch)) return {};
  if (Status room = make_room(batch); !room) return remember_failure(room);
  const std::uint64_t parts_before = counters_.writes;
  Status written = write_records(batch);
  part_.clear();
  if (part_.capacity() > limits::log_buffer_bytes) part_ = Bytes();
  // Half a batch in the log, of which the caller believes nothing: only a new start can tell.
  if (!written && counters_.writes != parts_before) broken_ = written.error();
  return remember_failure(written);
}

Status Log::sync() {
  if (broken_) return std::unexpected(*broken_);
  ENSURE(current_);
  if (!options_.sync || synced_ == segments_.back().end) return {};
  // Older segments need none: each was synced before the next one was begun.
  if (Status synced = current_->sync(); !synced) {
    broken_ = synced.error();
    return synced;
  }
  synced_ = segments_.back().end;
  ++counters_.syncs;
  return {};
}

/// What the caller must not do. (LogState::objection is the same, said of what a disk gives back.)
void Log::check(const Batch& batch) const {
  if (batch.adopt) ENSURE(state_.identity.cluster.is_nil() || state_.identity.cluster == *batch.adopt);
  if (const auto& next = batch.hard_state) {
    const raft::HardState& now = state_.hard_state;
    ENSURE_LE(now.term, next->term);
    if (next->term == now.term && !now.vote.is_nobody()) ENSURE_EQ(next->vote, now.vote);
  }
  Index last = state_.last.index;
  for (const auto& span : batch.entries) {
    const Entry* before = nullptr;
    for (const Entry& entry : span) {
      ENSURE_LT(state_.start.index, entry.index);
      ENSURE_LE(entry.index, last.next());
      if (before) ENSURE_EQ(entry.index, before->index.next());
      if (before) ENSURE_LE(before->term, entry.term);
      last = entry.index;
      before = &entry;
    }
  }
}

bool Log::has_news(const Batch& batch) const {
  const auto filled = [](const auto& span) { return !span.empty(); };
  return (batch.hard_state && *batch.hard_state != state_.hard_state) ||
         (batch.adopt && *batch.adopt != state_.identity.cluster) || std::ranges::any_of(batch.entries, filled) ||
         hint_before_entries(batch) > state_.commit_hint;
}

/// How many segments this batch will have to begin, or one more: the headers are taken to be as large as any of them
/// can be.
std::size_t Log::segments_needed(const Batch& batch) const {
  std::size_t membership = state_.membership_in_force().payload.size();
  for (const auto& span : batch.entries) {
    for (const Entry& entry : span) {
      if (entry.kind == EntryKind::membership) membership = std::max(membership, entry.payload.size());
    }
  }
  const std::size_t overhead = header_bytes(membership) + small_record_bytes;  // the header and the seal
  const std::uint64_t capacity = options_.segment_bytes - std::min(options_.segment_bytes, overhead);
  std::uint64_t room = segments_.back().room();
  std::uint64_t used = small_record_bytes;
  std::size_t count = 0;
  const auto place = [&](std::uint64_t bytes) {
    if (used + bytes > room) {
      ++count;
      room = capacity;
      used = small_record_bytes;
      ENSURE_LE(used + bytes, capacity);
    }
    used += bytes;
  };
  place(0);
  if (batch.adopt) place(small_record_bytes);
  if (batch.hard_state) place(small_record_bytes);
  for (const auto& span : batch.entries) {
    for (const Entry& entry : span) place(entry_record_bytes(entry.payload.size()));
  }
  return count;
}

/// Sees to it that the whole batch has room before any of it is written.
Status Log::make_room(const Batch& batch) {
  std::uint64_t bytes = 3 * small_record_bytes;
  bool has_entries = false;
  for (const auto& span : batch.entries) {
    for (const Entry& entry : span) bytes += entry_record_bytes(entry.payload.size());
    has_entries |= !span.empty();
  }
  const Segment& segment = segments_.back();
  // While no further segment is certain, entries leave some room for the votes that come when they are refused.
  const bool reserved = has_entries && !has_spare();
  const std::uint64_t reserve =
      reserved ? std::min<std::uint64_t>(limits::segment_reserve_bytes, segment.bytes / 8) : 0;
  if (bytes + reserve <= segment.room()) return {};
  const std::size_t needed = segments_needed(batch);
  return spares_.ensure(reserved ? std::max<std::size_t>(needed, 1) : needed);
}

Status Log::write_records(const Batch& batch) {
  const Index hint = hint_before_entries(batch);
  // The order matters when only the first records of a batch survive: a term comes before the entries of that term, and
  // the vote of a founder for itself, its mark, before the cluster that it founds.
  if (batch.hard_state && *batch.hard_state != state_.hard_state) {
    if (Status open = open_part(small_record_bytes, hint); !open) return open;
    append_record(part_, next_place(), *batch.hard_state);
  }
  if (batch.adopt && *batch.adopt != state_.identity.cluster) {
    if (Status open = open_part(small_record_bytes, hint); !open) return open;
    append_record(part_, next_place(), IdentityRecord{*batch.adopt});
  }
  for (const auto& span : batch.entries) {
    for (const Entry& entry : span) {
      if (Status open = open_part(entry_record_bytes(entry.payload.size()), hint); !open) return open;
      append_record(part_, next_place(), entry);
    }
  }
  if (Status open = open_part(0, hint); !open) return open;
  return write_part();
}

/// Makes the buffer one to which so many bytes can be appended: begins it with a batch record if it is empty, writes it
/// and goes on in the next segment if they do not fit this one.
Status Log::open_part(std::size_t bytes, Index commit) {
  const Segment& segment = segments_.back();
  const std::size_t needed = bytes + (part_.empty() ? small_record_bytes : 0);
  if (part_.size() + needed > segment.room()) {
    if (Status written = write_part(); !written) return written;
    if (Status begun = begin_segment(next_header()); !begun) return begun;
  }
  if (part_.empty()) append_record(part_, next_place(), BatchRecord{synced_, std::max(commit, state_.commit_hint)});
  return {};
}

Place Log::next_place() const {
  Place place = segments_.back().place(state_.identity.server);
  place.position = segments_.back().end + part_.size();
  return place;
}

Status Log::write_part() {
  if (part_.empty()) return {};
  if (Status written = current_->write_at(segments_.back().end_offset(), part_); !written)
    return take_back(written.error());
  ++counters_.writes;
  counters_.bytes += part_.size();
  apply_part();
  part_.clear();
  return {};
}

/// Some of the part may stand in the file, and whatever is written there next must not meet what is left of it.
Status Log::take_back(const Error& why) {
  part_.assign(part_.size(), '\0');
  const Status cleared = current_->write_at(segments_.back().end_offset(), part_);
  if (!cleared || !current_->sync()) broken_ = why;
  return std::unexpected(why);
}

void Log::apply_part() {
  Segment& segment = segments_.back();
  for (BytesView left = part_; !left.empty();) {
    const std::size_t bytes = record_bytes(left.substr(0, record_head_bytes)).value();
    const Record record = decode_record(left.substr(0, bytes)).value();
    state_.apply(record, segment.end);
    segment.note(record);
    segment.end += bytes;
    left.remove_prefix(bytes);
  }
}

SegmentHeader Log::next_header() const {
  const Segment& previous = segments_.back();
  SegmentHeader header;
  header.segment_bytes = options_.segment_bytes;
  header.sequence = previous.sequence + 1;
  header.begin = previous.begin + previous.bytes;
  header.previous_end = previous.end;
  header.identity = state_.identity;
  header.hard_state = state_.hard_state;
  header.before = state_.last;
  header.commit = state_.commit_hint;
  header.membership = state_.membership_in_force();
  return header;
}

/// Turns the spare into the segment with this header. Everything before it is synced first, so that a damaged record in
/// an older segment is never the trace of a crash.
Status Log::begin_segment(SegmentHeader header) {
  if (current_) {
    if (Status synced = sync(); !synced) return synced;
  }
  header.synced = synced_;
  Spare spare = spares_.take();
  ENSURE_EQ(spare.sequence, header.sequence);
  Status done = spare.file->write_at(0, encode_header(header));
  if (done) done = spare.file->sync();
  if (done) done = files_->rename(folder_ / spare_name(header.sequence), folder_ / segment_name(header.sequence));
  if (!done) {
    spares_.discard(header.sequence);
    return remember_failure(done);
  }
  if (Status synced = files_->sync_directory(folder_); !synced) {
    broken_ = synced.error();
    return synced;
  }
  // Before anything stands in the new segment that must not be lost.
  if (current_) {
    if (Status sealed = seal(*current_, segments_.back(), header.identity.server, synced_); !sealed) {
      broken_ = sealed.error();
      return sealed;
    }
  }
  segments_.push_back(Segment::from(header));
  current_ = std::move(spare.file);
  state_.mark_next = true;
  ++counters_.segments;
  if (synced_ == header.previous_end) synced_ = segments_.back().end;
  return {};
}

Status Log::start_after(const Start& start, const MembershipAt& membership) {
  if (broken_) return std::unexpected(*broken_);
  ENSURE(current_);
  ENSURE_LE(membership.index, start.index);
  if (Status made = spares_.ensure(1); !made) return remember_failure(made);
  SegmentHeader header = next_header();
  header.restart = true;
  header.before = start;
  header.membership = membership;
  header.commit = std::max(state_.commit_hint, start.index);
  if (Status begun = begin_segment(header); !begun) return begun;
  state_ = LogState::at(header);
  reader_->forget();
  while (segments_.size() > 1) {
    const std::string name = segment_name(segments_.front().sequence);
    if (Status gone = retire_in_order(*files_, folder_, options_.retire_into, {name}); !gone) {
      // Void segments must not outlive the one that says that they are.
      broken_ = gone.error();
      return gone;
    }
    segments_.erase(segments_.begin());
  }
  return {};
}

Status Log::remember_failure(const Status& status) {
  if (!status && status.error().code == ErrorCode::sync_failed) broken_ = status.error();
  return status;
}

}  // namespace parley::wal
