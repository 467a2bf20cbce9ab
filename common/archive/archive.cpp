#include "common/archive/archive.hpp"

#include <algorithm>

#include "common/base/chain.hpp"

namespace parley::archive {

wal::Start Archive::before_first() const {
  wal::Start before = manifest_.begin;
  while (const Gap* gap = manifest_.gap_behind(before.index)) before = gap->after;
  if (before.index == Index{0}) before.digest = chain_start(manifest_.cluster);
  return before;
}

/// Where in the chain this entry is, if the archive can tell.
Result<std::optional<wal::Start>> Archive::place_of(Index index) {
  if (index == manifest_.begin.index) return manifest_.begin;
  const auto gap = std::ranges::find(manifest_.gaps, index, &Gap::to);
  if (gap != manifest_.gaps.end()) return gap->after;
  const auto run = read(index, index, 0);
  if (!run) return std::unexpected(run.error());
  if (run->entries.empty()) return std::nullopt;
  const Entry& entry = run->entries.front().entry;
  return wal::Start{entry.index, entry.term, entry.digest, entry.time};
}

Result<transfer::EntryRun> Archive::read(Index from, Index to, std::size_t max_bytes) {
  auto run = reader_.read(manifest_.segments, from, to, max_bytes);
  // A segment that begins the log may have been made before the logger knew its cluster.
  if (run && from == Index{1}) run->before = chain_start(manifest_.cluster);
  return run;
}

std::unique_ptr<ImageFileWriter> Archive::image_writer() const {
  return std::make_unique<ImageFileWriter>(*files_, layout_.images());
}

Status Archive::add_image(Index index) {
  ENSURE(lock_ != nullptr);
  if (broken_) return std::unexpected(*broken_);
  const auto opened = ImageFileReader::open(*files_, layout_.image(index));
  if (!opened) return std::unexpected(opened.error());
  const ArchivedImage image{index, opened->file_bytes(), opened->end().digest};
  const ClusterId& cluster = opened->head().cluster;
  const std::string name = "the image of the state at " + std::to_string(index.value);
  if (opened->head().image.index != index) return fail(ErrorCode::refused, name + " is of another entry");
  if (!manifest_.cluster.is_nil() && cluster != manifest_.cluster)
    return fail(ErrorCode::refused, name + " is of another cluster");
  if (index < manifest_.begin.index) return fail(ErrorCode::refused, name + " lies before the archive");
  const auto place = place_of(index);
  if (!place) return std::unexpected(place.error());
  if (*place && **place != archive::place_of(opened->head().image))
    return fail(ErrorCode::refused, name + " is of another history than the archive");
  Manifest next = manifest_;
  if (next.cluster.is_nil()) next.cluster = cluster;
  const auto at = std::ranges::lower_bound(next.images, index, {}, &ArchivedImage::index);
  if (at != next.images.end() && at->index == index) {
    *at = image;
  } else if (next.images.size() == limits::archive_images) {
    return fail(ErrorCode::disk_full, layout_.root.string() + " has as many images as a manifest takes: truncate it");
  } else {
    next.images.insert(at, image);
  }
  return next == manifest_ ? Status{} : save(next);
}

Result<ImageFileReader> Archive::open_image(Index index) const {
  ENSURE(manifest_.image_of(index) != nullptr);
  return ImageFileReader::open(*files_, layout_.image(index));
}

std::optional<Index> Archive::image_not_above(Index index) const {
  const auto above = std::ranges::upper_bound(manifest_.images, index, {}, &ArchivedImage::index);
  return above == manifest_.images.begin() ? std::nullopt : std::optional<Index>(std::prev(above)->index);
}

std::optional<Index> Archive::image_not_below(Index index) const {
  const auto image = std::ranges::lower_bound(manifest_.images, index, {}, &ArchivedImage::index);
  return image == manifest_.images.end() ? std::nullopt : std::optional<Index>(image->index);
}

Status Archive::truncate_before(Index first_kept) {
  ENSURE(lock_ != nullptr);
  if (broken_) return std::unexpected(*broken_);
  if (first_kept <= manifest_.begin.index.next()) return {};
  if (!image_not_below(first_kept.previous())) {
    return fail(ErrorCode::refused, "no image of the state at entry " + std::to_string(first_kept.value - 1) +
                                        " or later, without which nothing before could be recovered");
  }
  Manifest next = truncated(manifest_, first_kept);
  if (next == manifest_) return {};
  const Manifest before = manifest_;
  if (Status saved = save(next); !saved) return saved;
  for (const SealedSegment& segment : before.segments) {
    if (segment.sequence >= next.begin_sequence) break;
    reader_.forget(segment.sequence);
    unindexed_.erase(segment.sequence);
    to_be_removed_.push_back(layout_.segment(segment.sequence));
    to_be_removed_.push_back(layout_.index(segment.sequence));
  }
  for (const ArchivedImage& image : before.images) {
    if (!next.image_of(image.index)) to_be_removed_.push_back(layout_.image(image.index));
  }
  if (indexing_ && indexing_->segment().header.sequence < next.begin_sequence) indexing_.reset();
  if (unwritten_index_ && unwritten_index_->sequence < next.begin_sequence) unwritten_index_.reset();
  if (compactor_) compactor_->wake();
  return {};
}

void Archive::compact_with(std::unique_ptr<Reduction> reduction, const CompactionOptions& options) {
  ENSURE(lock_ != nullptr);
  ENSURE(!compactor_);
  compactor_ = std::make_unique<Compactor>(*files_, layout_, std::move(reduction), options);
}

}  // namespace parley::archive
