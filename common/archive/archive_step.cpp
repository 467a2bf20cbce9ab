#include <algorithm>

#include "common/archive/archive.hpp"
#include "common/archive/fault.hpp"
#include "common/archive/whole_file.hpp"

namespace parley::archive {

void Archive::live_begins(std::uint64_t sequence, const wal::Start& before) {
  live_ = Live{sequence, before};
  retired_end_ = std::max(retired_end_, sequence);
  if (compactor_) compactor_->wake();
}

bool Archive::has_work() const {
  if (broken_) return false;
  if (!to_be_removed_.empty() || unwritten_index_ || is_unsaved_) return true;
  return is_taking_up() || indexing_ || !unindexed_.empty() || (compactor_ && compactor_->has_work(manifest_));
}

bool Archive::is_taking_up() const {
  if (damaged_ || broken_) return false;
  return sealing_ || manifest_.next_sequence() < retired_end_ || live_is_ahead();
}

/// True if the live log says that it begins elsewhere than where the archive ends.
bool Archive::live_is_ahead() const {
  return live_ && live_->sequence == manifest_.next_sequence() && !goes_on(manifest_.end(), live_->before);
}

Result<bool> Archive::step() {
  ENSURE(lock_ != nullptr);
  if (broken_) return std::unexpected(*broken_);
  for (const std::uint64_t sequence : reader_.take_unindexed()) {
    if (!unindexable_.contains(sequence)) unindexed_.insert(sequence);
  }
  if (Status done = remember(do_step()); !done) return std::unexpected(done.error());
  if (!has_work() && damaged_) return std::unexpected(*damaged_);
  return has_work();
}

/// Removing comes first: it makes room for the rest.
Status Archive::do_step() {
  if (!to_be_removed_.empty()) return remove_next();
  if (unwritten_index_) return write_index();
  if (is_unsaved_) return save(manifest_);
  if (!damaged_) {
    Status done;
    const bool takes_up = is_taking_up();
    if (sealing_) {
      done = go_on_sealing();
    } else if (manifest_.next_sequence() < retired_end_) {
      done = begin_sealing();
    } else if (live_is_ahead()) {
      done = record_gap_before_live();
    }
    if (!done && done.error().code == ErrorCode::corrupt) {
      damaged_ = done.error();
      sealing_.reset();
    }
    if (takes_up) return done;
  }
  if (indexing_ || !unindexed_.empty()) return go_on_indexing();
  return go_on_compacting();
}

Status Archive::remove_next() {
  // What cannot be removed is left to the next opening.
  const std::filesystem::path file = to_be_removed_.front();
  to_be_removed_.pop_front();
  if (Status removed = files_->remove(file); !removed) {
    const auto there = is_there(*files_, file);
    if (!there) return std::unexpected(there.error());
    return *there ? removed : Status{};
  }
  return files_->sync_directory(file.parent_path());
}

/// Looks at the heads of the next retired segment and of the one that follows it, which says where its records end.
Status Archive::begin_sealing() {
  if (manifest_.segments.size() == limits::archive_segments)
    return fail(ErrorCode::disk_full, layout_.root.string() + " has as many segments as a manifest takes: truncate it");
  const std::uint64_t sequence = manifest_.next_sequence();
  const std::filesystem::path where = layout_.segment(sequence);
  const Index first = manifest_.end().index.next();
  auto segment = open_segment_if_there(*files_, where, sequence, first);
  if (!segment) return std::unexpected(segment.error());
  if (!*segment) return missing(where, first);
  auto successor = find_segment(*files_, layout_, sequence + 1, std::nullopt);
  if (!successor) return std::unexpected(successor.error());
  if (!*successor) return missing(layout_.segment(sequence + 1), std::nullopt);
  const wal::SegmentHeader& header = (*segment)->header;
  const std::uint64_t end = (*successor)->header.previous_end - header.begin;
  if (end < (*segment)->first_record() || end > header.segment_bytes)
    return damaged((*successor)->where, 0, std::nullopt, "the segment's header contradicts the segment before it");
  if (Status follows = check_follows(**segment); !follows) return follows;
  sealing_.emplace(Sealing{SegmentCheck(std::move(**segment), end), (*successor)->header});
  return {};
}

/// A segment goes on where the archive ends; one that begins the log anew, behind an image, may leave a gap.
Status Archive::check_follows(const SegmentFile& segment) const {
  const wal::SegmentHeader& header = segment.header;
  const wal::Start end = manifest_.end();
  const ClusterId& cluster = header.identity.cluster;
  if (!manifest_.cluster.is_nil() && !cluster.is_nil() && cluster != manifest_.cluster)
    return damaged(segment.where, 0, end.index.next(), "the segment is of another cluster");
  if (header.reduced)
    return damaged(segment.where, 0, end.index.next(), "the segment was rewritten before it was sealed");
  if (goes_on(end, header.before)) return {};
  if (header.restart && header.before.index > end.index) return {};
  return damaged(segment.where, 0, end.index.next(), "the segment does not go on where the archive ends");
}

Status Archive::go_on_sealing() {
  SegmentCheck& check = sealing_->check;
  const std::uint64_t stop = check.end() + limits::archive_step_bytes;
  while (!sealing_->read && check.end() < stop) {
    const auto more = check.advance();
    if (!more) return std::unexpected(more.error());
    sealing_->read = !*more;
  }
  if (!sealing_->read) return {};
  const auto more = check.check_rest(limits::archive_step_bytes);
  if (!more) return std::unexpected(more.error());
  if (*more) return {};
  if (const std::string_view what = contradiction(check, sealing_->successor, true); !what.empty()) {
    return damaged(layout_.segment(sealing_->successor.sequence), 0, check.state().last.index.next(),
                   "the segment's header contradicts the segment before it: " + std::string(what));
  }
  Status taken = take_up(check);
  if (taken) sealing_.reset();
  return taken;
}

/// Verified: from here on it can be read. The files follow.
Status Archive::take_up(const SegmentCheck& check) {
  const wal::SegmentHeader& header = check.segment().header;
  const wal::Start end = manifest_.end();
  const ClusterId& cluster = check.state().identity.cluster;
  if (!manifest_.cluster.is_nil() && !cluster.is_nil() && cluster != manifest_.cluster)
    return damaged(check.segment().where, 0, end.index.next(), "the segment is of another cluster");
  if (header.before.index > end.index) {
    if (Status recorded = record_gap(header.before); !recorded) return recorded;
  }
  SealedSegment sealed;
  sealed.sequence = header.sequence;
  sealed.server = header.identity.server;
  sealed.bytes = header.segment_bytes;
  sealed.end = check.end();
  sealed.payload_bytes = check.payload_bytes();
  sealed.before = header.before;
  sealed.last = check.state().last;
  manifest_.segments.push_back(sealed);
  if (manifest_.cluster.is_nil()) manifest_.cluster = cluster;
  unwritten_index_ = check.seek_index();
  is_unsaved_ = true;
  return {};
}

Status Archive::record_gap(const wal::Start& after) {
  if (manifest_.gaps.size() == limits::archive_gaps)
    return fail(ErrorCode::disk_full, layout_.root.string() + " has as many gaps as a manifest takes: truncate it");
  manifest_.gaps.push_back({manifest_.end().index.next(), after});
  is_unsaved_ = true;
  return {};
}

Status Archive::record_gap_before_live() {
  const wal::Start end = manifest_.end();
  if (live_->before.index > end.index) return record_gap(live_->before);
  return damaged(layout_.live(), 0, end.index.next(), "the live log does not go on where the archive ends");
}

/// Makes a seek index again that is missing or damaged. What cannot be made is left out: it is only slower.
Status Archive::go_on_indexing() {
  if (!indexing_) {
    const std::uint64_t sequence = *unindexed_.begin();
    unindexed_.erase(unindexed_.begin());
    const auto of = [](const SealedSegment& segment) { return segment.sequence; };
    const auto sealed = std::ranges::find(manifest_.segments, sequence, of);
    if (sealed == manifest_.segments.end()) return {};
    auto segment = open_segment(*files_, layout_.segment(sequence), sequence, sealed->before.index.next());
    if (!segment) return std::unexpected(segment.error());
    indexing_.emplace(std::move(*segment), sealed->end);
    return {};
  }
  const std::uint64_t stop = indexing_->end() + limits::archive_step_bytes;
  while (indexing_->end() < stop) {
    const auto more = indexing_->advance();
    if (!more) {
      indexing_.reset();
      return std::unexpected(more.error());
    }
    if (*more) continue;
    const Bytes bytes = encode_seek_index(indexing_->seek_index());
    const std::uint64_t sequence = indexing_->segment().header.sequence;
    indexing_.reset();
    const Status written = replace_file(*files_, layout_.index(sequence), bytes);
    if (written || written.error().code != ErrorCode::disk_full) return written;
    unindexable_.insert(sequence);
    return {};
  }
  return {};
}

Status Archive::write_index() {
  const std::filesystem::path where = layout_.index(unwritten_index_->sequence);
  if (Status written = replace_file(*files_, where, encode_seek_index(*unwritten_index_)); !written) return written;
  unwritten_index_.reset();
  return {};
}

Status Archive::go_on_compacting() {
  if (!compactor_ || !compactor_->has_work(manifest_)) return {};
  const auto ready = compactor_->step(manifest_);
  if (ready) return *ready ? put_in_place(**ready) : Status{};
  if (ready.error().code == ErrorCode::sync_failed) return std::unexpected(ready.error());
  compaction_failure_ = ready.error();
  return {};
}

/// A segment that was rewritten takes the place of the one that it was made of: from here on it is read. The seek index
/// of that one goes first, for good, so that none is ever of other records; a crash leaves one segment or the other,
/// and opening sees by its header which.
Status Archive::put_in_place(const CheckedSegment& rewritten) {
  const std::uint64_t sequence = rewritten.sealed.sequence;
  const auto segment = std::ranges::find(manifest_.segments, sequence, &SealedSegment::sequence);
  ENSURE(segment != manifest_.segments.end());
  const std::filesystem::path temporary = layout_.segment(sequence).string() + std::string(temporary_suffix);
  Status done = files_->remove(layout_.index(sequence));
  if (!done) {
    // It may be missing.
    const auto there = is_there(*files_, layout_.index(sequence));
    if (!there || !*there) done = there ? Status{} : std::unexpected(there.error());
  }
  if (done) done = files_->sync_directory(layout_.sealed());
  if (done) done = files_->rename(temporary, layout_.segment(sequence));
  if (!done) {
    // The segment stays as it is until the next start.
    static_cast<void>(files_->remove(temporary));
    unindexed_.insert(sequence);
    return done;
  }
  *segment = rewritten.sealed;
  reader_.forget(sequence);
  unindexed_.erase(sequence);
  unwritten_index_ = rewritten.index;
  is_unsaved_ = true;
  return files_->sync_directory(layout_.sealed());
}

Status Archive::save(const Manifest& next) {
  if (Status saved = remember(replace_file(*files_, layout_.manifest(), encode_manifest(next))); !saved) return saved;
  if (&next != &manifest_) manifest_ = next;
  is_unsaved_ = false;
  return {};
}

Status Archive::remember(Status status) {
  if (!status && status.error().code == ErrorCode::sync_failed && !broken_) broken_ = status.error();
  return status;
}

}  // namespace parley::archive
