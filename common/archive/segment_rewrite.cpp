#include "common/archive/segment_rewrite.hpp"

#include <algorithm>

#include "common/archive/fault.hpp"
#include "common/base/archive_limits.hpp"

namespace parley::archive {
namespace {

SegmentCheck check_to_end(SegmentFile file) {
  const std::uint64_t end = file.header.segment_bytes;
  return {std::move(file), end};
}

}  // namespace

RewrittenCheck::RewrittenCheck(SegmentFile file, const SealedSegment& listed)
    : listed_(listed), check_(check_to_end(std::move(file))) {}

Result<bool> RewrittenCheck::step() {
  const wal::SegmentHeader& header = check_.segment().header;
  const Index first = listed_.before.index.next();
  if (!header.reduced || header.identity.server != listed_.server || !goes_on(header.before, listed_.before))
    return damaged(check_.segment().where, 0, first, "the manifest speaks of another segment");
  const std::uint64_t stop = check_.end() + limits::archive_step_bytes;
  while (check_.end() < stop) {
    const auto more = check_.advance();
    if (!more) return std::unexpected(more.error());
    if (*more) continue;
    if (check_.state().last == listed_.last) return false;
    return damaged(check_.segment().where, check_.end(), check_.state().last.index.next(),
                   "the manifest speaks of other entries");
  }
  return true;
}

CheckedSegment RewrittenCheck::result() const {
  CheckedSegment checked{listed_, check_.seek_index()};
  checked.sealed.bytes = check_.segment().header.segment_bytes;
  checked.sealed.end = check_.end();
  checked.sealed.payload_bytes = check_.payload_bytes();
  checked.sealed.reduced = true;
  return checked;
}

Result<SegmentRewrite> SegmentRewrite::begin(wal::FileSystem& files, const Layout& layout, const SealedSegment& listed,
                                             std::vector<Index> unnecessary, const Reduction& reduction) {
  auto segment = open_segment(files, layout.segment(listed.sequence), listed.sequence, listed.before.index.next());
  if (!segment) return std::unexpected(segment.error());
  SegmentRewrite rewrite(files, layout, listed, std::move(*segment), std::move(unnecessary), reduction);
  auto file = files.create(rewrite.temporary_);
  if (!file) {
    rewrite.discard();
    return std::unexpected(file.error());
  }
  rewrite.file_ = std::move(*file);
  return rewrite;
}

SegmentRewrite::SegmentRewrite(wal::FileSystem& files, const Layout& layout, const SealedSegment& listed,
                               SegmentFile segment, std::vector<Index> unnecessary, const Reduction& reduction)
    : files_(&files),
      reduction_(&reduction),
      listed_(listed),
      temporary_(layout.segment(listed.sequence).string() + std::string(temporary_suffix)),
      check_(std::move(segment), listed.end),
      unnecessary_(std::move(unnecessary)),
      identity_(check_.segment().header.identity),
      hard_state_(check_.segment().header.hard_state),
      offset_(check_.segment().first_record()) {}

Result<bool> SegmentRewrite::step() {
  auto more = do_step();
  if (!more) discard();
  return more;
}

Result<bool> SegmentRewrite::do_step() {
  if (!rewritten_) return write_on();
  const auto more = rewritten_->step();
  if (!more || *more) return more;
  // What comes behind the segment repeats these of it.
  const wal::LogState& was = check_.state();
  const wal::LogState& is = rewritten_->state();
  ENSURE(is.identity == was.identity);
  ENSURE(is.hard_state == was.hard_state);
  ENSURE(is.membership_in_force() == was.membership_in_force());
  return false;
}

Result<bool> SegmentRewrite::write_on() {
  const std::uint64_t stop = check_.end() + limits::archive_step_bytes;
  bool is_over = false;
  while (!is_over && check_.end() < stop) {
    const auto more = check_.advance();
    if (!more) return std::unexpected(more.error());
    append_changes();
    if (*more) append(check_.entry());
    is_over = !*more;
  }
  if (Status written = flush(); !written) return std::unexpected(written.error());
  if (!is_over) return true;
  if (check_.state().last != listed_.last) {
    return damaged(check_.segment().where, check_.end(), check_.state().last.index.next(),
                   "the manifest speaks of other entries");
  }
  if (Status ended = end_file(); !ended) return std::unexpected(ended.error());
  auto written = open_segment(*files_, temporary_, listed_.sequence, listed_.before.index.next());
  if (!written) return std::unexpected(written.error());
  rewritten_.emplace(std::move(*written), listed_);
  return true;
}

wal::Place SegmentRewrite::place() const {
  const wal::SegmentHeader& header = check_.segment().header;
  return {header.identity.server, header.sequence, header.begin + offset_ + buffer_.size()};
}

/// Terms, votes and the cluster that the records between two entries add up to.
void SegmentRewrite::append_changes() {
  const wal::LogState& state = check_.state();
  if (state.hard_state != hard_state_) wal::append_record(buffer_, place(), hard_state_ = state.hard_state);
  if (state.identity == identity_) return;
  identity_ = state.identity;
  wal::append_record(buffer_, place(), wal::IdentityRecord{identity_.cluster});
}

void SegmentRewrite::append(const ArchivedEntry& archived) {
  const Index index = archived.entry.index;
  while (next_unnecessary_ < unnecessary_.size() && unnecessary_[next_unnecessary_] < index) ++next_unnecessary_;
  const bool may_go = next_unnecessary_ < unnecessary_.size() && unnecessary_[next_unnecessary_] == index;
  const BytesView payload = archived.entry.payload.view();
  const bool is_command = archived.entry.kind == EntryKind::command && !archived.is_reduced();
  auto residue = may_go && is_command ? reduction_->residue(payload) : std::nullopt;
  if (residue && wal::reduced_record_bytes(residue->size()) < wal::entry_record_bytes(payload.size())) {
    Entry reduced = archived.entry;
    reduced.payload = SharedBytes(std::move(*residue));
    wal::append_reduced_record(buffer_, place(), reduced, blake2b(payload));
  } else if (archived.is_reduced()) {
    wal::append_reduced_record(buffer_, place(), archived.entry, *archived.payload_hash);
  } else {
    wal::append_record(buffer_, place(), archived.entry);
  }
}

Status SegmentRewrite::flush() {
  if (Status written = file_->write_at(offset_, buffer_); !written) return written;
  offset_ += buffer_.size();
  unsynced_ += buffer_.size();
  buffer_.clear();
  if (unsynced_ < limits::image_sync_bytes) return {};
  unsynced_ = 0;
  return file_->sync();
}

Status SegmentRewrite::end_file() {
  wal::SegmentHeader header = check_.segment().header;
  header.segment_bytes = offset_;
  header.reduced = true;
  if (Status written = file_->write_at(0, wal::encode_header(header)); !written) return written;
  if (Status synced = file_->sync(); !synced) return synced;
  file_.reset();
  return {};
}

void SegmentRewrite::discard() {
  file_.reset();
  rewritten_.reset();
  // What cannot be removed is removed at the next opening.
  static_cast<void>(files_->remove(temporary_));
}

}  // namespace parley::archive
