#include "common/archive/walk.hpp"

#include <algorithm>

#include "common/archive/fault.hpp"
#include "common/archive/whole_file.hpp"
#include "common/base/archive_limits.hpp"
#include "common/wal/folder.hpp"

namespace parley::archive {

Walk::Walk(wal::FileSystem& files, Layout layout, Manifest manifest, Index from)
    : files_(&files),
      layout_(std::move(layout)),
      manifest_(std::move(manifest)),
      from_(from),
      end_(manifest_.begin),
      gaps_(manifest_.gaps) {
  const auto ends_before = [&](const SealedSegment& segment) { return segment.last.index < from; };
  const auto first = std::ranges::partition_point(manifest_.segments, ends_before);
  at_ = static_cast<std::size_t>(first - manifest_.segments.begin());
  sequence_ = manifest_.begin_sequence + at_;
  if (at_ > 0) end_ = at_ < manifest_.segments.size() ? first->before : manifest_.end();
}

Result<Walk::Step> Walk::advance() {
  if (!current_) {
    const auto opened = open_next();
    if (!opened) return std::unexpected(opened.error());
    if (!*opened) return Step::end;
  }
  while (true) {
    const auto more = current_->advance();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    end_ = current_->state().last;
    if (end_.index >= from_) return Step::entry;
  }
  if (Status finished = finish(); !finished) return std::unexpected(finished.error());
  previous_ = std::move(current_);
  current_.reset();
  return Step::segment;
}

Result<bool> Walk::open_next() {
  listed_ = nullptr;
  if (at_ == manifest_.segments.size()) return open_unlisted();
  if (Status opened = open_listed(); !opened) return std::unexpected(opened.error());
  return true;
}

Status Walk::open_listed() {
  listed_ = &manifest_.segments[at_++];
  const std::filesystem::path where = layout_.segment(sequence_);
  const Index first = listed_->before.index.next();
  auto segment = open_segment_if_there(*files_, where, sequence_, first);
  if (!segment) return std::unexpected(segment.error());
  if (!*segment) return missing(where, first);
  const wal::SegmentHeader& header = (*segment)->header;
  const bool is_it = header.segment_bytes == listed_->bytes && header.identity.server == listed_->server &&
                     header.reduced == listed_->reduced && goes_on(listed_->before, header.before);
  if (!is_it) return damaged(where, 0, first, "the manifest speaks of another segment");
  const bool follows_whole = at_ < 2 || !manifest_.segments[at_ - 2].reduced;
  if (Status begins = check_begin(**segment, follows_whole && !listed_->reduced); !begins) return begins;
  ++sequence_;
  end_ = header.before;
  current_.emplace(std::move(**segment), listed_->end);
  return {};
}

/// A segment that the manifest does not name: retired, or of the live log. The one that follows it says where it ends.
Result<bool> Walk::open_unlisted() {
  if (!last_sequence_) {
    if (Status found = find_last(); !found) return std::unexpected(found.error());
  }
  if (sequence_ > *last_sequence_) {
    if (Status over = check_nothing_follows(sequence_); !over) return std::unexpected(over.error());
    return false;
  }
  const Index first = end_.index.next();
  auto segment = find_segment(*files_, layout_, sequence_, first);
  if (!segment) return std::unexpected(segment.error());
  if (!*segment) return missing(layout_.live() / wal::segment_name(sequence_), first);
  const wal::SegmentHeader& header = (*segment)->header;
  std::optional<std::uint64_t> end;
  if (sequence_ < *last_sequence_) {
    const auto successor = find_segment(*files_, layout_, sequence_ + 1, std::nullopt);
    if (!successor) return std::unexpected(successor.error());
    if (!*successor) return missing(layout_.live() / wal::segment_name(sequence_ + 1), std::nullopt);
    end = (*successor)->header.previous_end - header.begin;
    if (*end < (*segment)->first_record() || *end > header.segment_bytes)
      return damaged((*successor)->where, 0, std::nullopt, "the segment's header contradicts the segment before it");
  }
  const bool follows_whole = manifest_.segments.empty() || !manifest_.segments.back().reduced;
  if (Status begins = check_begin(**segment, follows_whole); !begins) return std::unexpected(begins.error());
  ++sequence_;
  end_ = header.before;
  current_.emplace(std::move(**segment), end);
  return true;
}

/// The newest segment of the live log, or of those retired.
Status Walk::find_last() {
  const auto live = wal::look_into(*files_, layout_.live());
  if (!live) return std::unexpected(live.error());
  const auto sealed = wal::look_into(*files_, layout_.sealed());
  if (!sealed) return std::unexpected(sealed.error());
  last_sequence_ = sequence_ - 1;
  for (const auto& found : {*live, *sealed}) {
    if (!found.segments.empty()) last_sequence_ = std::max(*last_sequence_, found.segments.back());
  }
  return {};
}

/// Behind the last segment that was found there may have come another one since. If it is not there although the seal
/// of the one before speaks of it, or a spare that was made after it, or because the live log always has one, it is
/// lost.
Status Walk::check_nothing_follows(std::uint64_t sequence) {
  const bool is_sealed = previous_ && previous_->is_sealed();
  const auto live = wal::look_into(*files_, layout_.live());
  if (!live) return std::unexpected(live.error());
  const bool has_later_spare = !live->unused.empty() && live->unused.rbegin()->first > sequence;
  const bool must_follow = is_sealed || has_later_spare || (sequence == manifest_.next_sequence() && sequence > 1);
  if (!must_follow) return {};
  const auto found = find_segment(*files_, layout_, sequence, end_.index.next());
  if (!found) return std::unexpected(found.error());
  if (!*found) return missing(layout_.live() / wal::segment_name(sequence), end_.index.next());
  return {};
}

Status Walk::check_begin(const SegmentFile& segment, bool whole) {
  const wal::SegmentHeader& header = segment.header;
  if (previous_) {
    if (const std::string_view what = contradiction(*previous_, header, whole); !what.empty()) {
      return damaged(segment.where, 0, end_.index.next(),
                     "the segment's header contradicts the segment before it: " + std::string(what));
    }
  }
  const ClusterId& cluster = header.identity.cluster;
  if (!manifest_.cluster.is_nil() && !cluster.is_nil() && cluster != manifest_.cluster)
    return damaged(segment.where, 0, end_.index.next(), "the segment is of another cluster");
  if (header.reduced && !listed_)
    return damaged(segment.where, 0, end_.index.next(), "the segment was rewritten before it was sealed");
  if (goes_on(end_, header.before)) return {};
  const auto is_known = [&](const Gap& gap) { return gap.from == end_.index.next() && gap.after == header.before; };
  if (std::ranges::any_of(gaps_, is_known)) return {};
  if (listed_ || !header.restart || header.before.index <= end_.index)
    return damaged(segment.where, 0, end_.index.next(), "the segment does not go on where the one before it ends");
  gaps_.push_back({end_.index.next(), header.before});
  return {};
}

/// Behind the records of a segment.
Status Walk::finish() {
  auto more = current_->check_rest(limits::archive_step_bytes);
  while (more && *more) more = current_->check_rest(limits::archive_step_bytes);
  if (!more) return std::unexpected(more.error());
  end_ = current_->state().last;
  if (!listed_) return {};
  if (end_ != listed_->last || current_->payload_bytes() != listed_->payload_bytes) {
    return damaged(current_->segment().where, current_->end(), end_.index.next(),
                   "the manifest speaks of other entries");
  }
  return {};
}

}  // namespace parley::archive
