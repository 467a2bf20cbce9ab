#include "common/archive/verifier.hpp"

#include <algorithm>

#include "common/archive/archive.hpp"
#include "common/archive/fault.hpp"
#include "common/archive/whole_file.hpp"
#include "common/base/archive_limits.hpp"

namespace parley::archive {

Result<bool> Verifier::step() {
  auto more = do_step();
  // Truncation and compaction change what there is: what is wrong is wrong if the manifest stays the same.
  if (!more && walk_ && attempts_ < limits::archive_attempts) {
    const auto archive = Archive::open(*files_, layout_.root, wal::OpenMode::inspect);
    if (archive && archive->manifest() != walk_->manifest()) {
      ++attempts_;
      go_on_with(archive->manifest());
      return true;
    }
  }
  return more;
}

/// Goes on behind what was verified; anew if that was truncated, or if something else than a segment was looked at.
void Verifier::go_on_with(const Manifest& now) {
  const Index last = walk_->last().index;
  if (!walk_is_over_ && is_walking_ && now.begin == walk_->manifest().begin) {
    walk_.emplace(*files_, layout_, now, last.next());
    summary_.live_from = now.next_sequence();
    return;
  }
  summary_ = {};
  walk_.reset();
  image_.reset();
  images_.clear();
  image_places_.clear();
  walk_is_over_ = false;
  is_walking_ = false;
}

Result<bool> Verifier::do_step() {
  Status done;
  if (!walk_) {
    done = begin();
  } else if (!walk_is_over_) {
    done = walk_on();
  } else if (image_ || !images_.empty()) {
    done = read_on();
  } else {
    return false;
  }
  if (!done) return std::unexpected(done.error());
  return !walk_is_over_ || image_ || !images_.empty();
}

Status Verifier::begin() {
  const auto archive = Archive::open(*files_, layout_.root, wal::OpenMode::inspect);
  if (!archive) return std::unexpected(archive.error());
  const Manifest& manifest = archive->manifest();
  summary_.cluster = manifest.cluster;
  summary_.first = archive->first();
  summary_.live_from = manifest.next_sequence();
  walk_.emplace(*files_, layout_, manifest);
  if (Status whole = look_at_compaction(); !whole) return whole;
  return look_at_images();
}

/// How far compaction has come, if it says so.
Status Verifier::look_at_compaction() const {
  const auto there = is_there(*files_, layout_.compaction());
  if (!there) return std::unexpected(there.error());
  if (!*there) return {};
  const auto bytes = read_whole(*files_, layout_.compaction(), limits::compaction_state_bytes);
  if (!bytes) return std::unexpected(bytes.error());
  if (decode_compaction_state(*bytes)) return {};
  return damaged(layout_.compaction(), 0, std::nullopt, "how far compaction has come cannot be read");
}

Status Verifier::walk_on() {
  is_walking_ = true;
  for (std::uint64_t read = 0; read < limits::archive_step_bytes;) {
    const auto step = walk_->advance();
    if (!step) return std::unexpected(step.error());
    summary_.last = walk_->last();
    if (*step == Walk::Step::end) {
      walk_is_over_ = true;
      return check_gaps();
    }
    if (*step == Walk::Step::entry) {
      const ArchivedEntry entry = walk_->entry();
      ++summary_.entries;
      summary_.reduced += entry.is_reduced();
      summary_.payload_bytes += entry.entry.payload.size();
      read += entry_bytes(entry.entry);
      if (Status right = check_place(walk_->last()); !right) return right;
      continue;
    }
    const SegmentCheck& segment = walk_->segment();
    attempts_ = 1;
    ++summary_.segments;
    summary_.file_bytes += segment.segment().header.segment_bytes;
    summary_.unfinished_bytes = segment.unfinished_bytes();
    if (summary_.cluster.is_nil()) summary_.cluster = segment.state().identity.cluster;
    return walk_->listed() ? check_index() : Status{};
  }
  return {};
}

Status Verifier::check_index() {
  const SealedSegment& segment = *walk_->listed();
  const std::filesystem::path where = layout_.index(segment.sequence);
  const auto bytes = read_whole(*files_, where, max_seek_index_bytes);
  if (!bytes) {
    const auto there = is_there(*files_, where);
    if (!there) return std::unexpected(there.error());
    if (*there) return std::unexpected(bytes.error());
    ++summary_.missing_indexes;
    return {};
  }
  const auto index = decode_seek_index(*bytes);
  const Index first = segment.before.index.next();
  if (!index) return damaged(where, 0, first, "the seek index is damaged");
  if (*index != walk_->segment().seek_index()) return damaged(where, 0, first, "the seek index is of other records");
  return {};
}

/// Those of the manifest, and those that are complete and not yet in it.
Status Verifier::look_at_images() {
  const Manifest& manifest = walk_->manifest();
  const auto names = files_->list(layout_.images());
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    const auto index = index_of_image(name);
    if (!index || *index < manifest.begin.index) continue;
    const auto image = ImageFileReader::open(*files_, layout_.image(*index));
    if (!image) return std::unexpected(image.error());
    if (image->head().image.index != *index)
      return damaged(layout_.image(*index), 0, std::nullopt, "the image is of another entry");
    image_places_[*index] = place_of(image->head().image);
    images_.push_back(*index);
  }
  for (const ArchivedImage& image : manifest.images) {
    if (!image_places_.contains(image.index)) return missing(layout_.image(image.index), std::nullopt);
  }
  return check_place(manifest.begin);
}

/// An image must be of the state behind that entry of this very chain.
Status Verifier::check_place(const wal::Start& place) const {
  const auto image = image_places_.find(place.index);
  if (image == image_places_.end() || goes_on(image->second, place)) return {};
  return damaged(layout_.image(place.index), 0, place.index, "the image is of another history than the archive");
}

/// Each gap has an image of the state behind it; one that was met in the live log may have got it since.
Status Verifier::check_gaps() {
  summary_.gaps = walk_->gaps();
  for (const Gap& gap : summary_.gaps) {
    if (Status right = check_place(gap.after); !right) return right;
    const auto there = is_there(*files_, layout_.image(gap.to()));
    if (!there) return std::unexpected(there.error());
    if (!*there) return missing(layout_.image(gap.to()), gap.from);
    if (gap.from == summary_.first) summary_.first = gap.to().next();
  }
  return {};
}

Status Verifier::read_on() {
  const Manifest& manifest = walk_->manifest();
  if (!image_) {
    const Index index = images_.front();
    auto opened = ImageFileReader::open(*files_, layout_.image(index));
    if (!opened) return std::unexpected(opened.error());
    const ArchivedImage image{index, opened->file_bytes(), opened->end().digest};
    const ArchivedImage* listed = manifest.image_of(index);
    if (listed && *listed != image)
      return damaged(layout_.image(index), 0, std::nullopt, "the manifest speaks of another image");
    const ClusterId& cluster = opened->head().cluster;
    if (!summary_.cluster.is_nil() && cluster != summary_.cluster)
      return damaged(layout_.image(index), 0, std::nullopt, "the image is of another cluster");
    summary_.images.push_back(image);
    summary_.file_bytes += image.bytes;
    image_ = std::move(*opened);
    images_.pop_front();
    return {};
  }
  for (std::uint64_t read = 0; read < limits::archive_step_bytes;) {
    const auto rows = image_->next();
    if (!rows) return std::unexpected(rows.error());
    if (!*rows) {
      image_.reset();
      return {};
    }
    read += (*rows)->size() + image_part_head_bytes;
  }
  return {};
}

}  // namespace parley::archive
