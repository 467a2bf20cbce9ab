#include <algorithm>

#include "common/archive/archive.hpp"
#include "common/archive/fault.hpp"
#include "common/archive/whole_file.hpp"
#include "common/wal/folder.hpp"

namespace parley::archive {

Result<Archive> Archive::open(wal::FileSystem& files, const std::filesystem::path& folder, wal::OpenMode mode) {
  const Layout layout{folder};
  if (mode == wal::OpenMode::use) return open_once(files, layout, mode);
  // Who has the archive in use may truncate it while we look. What is wrong is wrong if the manifest stays the same.
  for (int attempt = 1;; ++attempt) {
    const auto before = read_whole(files, layout.manifest(), max_manifest_bytes);
    auto archive = open_once(files, layout, mode);
    if (archive || !before || attempt == limits::archive_attempts) return archive;
    const auto after = read_whole(files, layout.manifest(), max_manifest_bytes);
    if (!after || *after == *before) return archive;
  }
}

Result<Archive> Archive::open_once(wal::FileSystem& files, const Layout& layout, wal::OpenMode mode) {
  Archive archive(files, layout);
  if (mode == wal::OpenMode::use) {
    if (Status made = archive.make_folders(); !made) return std::unexpected(made.error());
  }
  const auto has_manifest = is_there(files, archive.layout_.manifest());
  if (!has_manifest) return std::unexpected(has_manifest.error());
  if (*has_manifest) {
    if (Status loaded = archive.load(); !loaded) return std::unexpected(loaded.error());
  } else {
    if (Status begun = archive.begin_anew(); !begun) return std::unexpected(begun.error());
  }
  if (Status sound = archive.look_at_segments(); !sound) return std::unexpected(sound.error());
  if (Status sound = archive.look_at_images(); !sound) return std::unexpected(sound.error());
  if (mode == wal::OpenMode::use) {
    if (Status clean = archive.remove_leftovers(); !clean) return std::unexpected(clean.error());
  }
  return archive;
}

/// Everything that the manifest may come to speak of is made certain first: a process that died may have left names
/// that only the system's cache knows, of segments that it had retired above all.
Status Archive::make_folders() {
  if (Status made = files_->make_directories(layout_.root); !made) return made;
  auto lock = files_->lock_directory(layout_.root);
  if (!lock) return std::unexpected(lock.error());
  lock_ = std::move(*lock);
  for (const auto& folder : {layout_.sealed(), layout_.live(), layout_.images()}) {
    if (Status made = files_->make_directories(folder); !made) return made;
    if (Status synced = files_->sync_directory(folder); !synced) return synced;
  }
  return files_->sync_directory(layout_.root);
}

Status Archive::load() {
  const auto bytes = read_whole(*files_, layout_.manifest(), max_manifest_bytes);
  if (!bytes) return std::unexpected(bytes.error());
  auto manifest = decode_manifest(*bytes);
  if (!manifest) return damaged(layout_.manifest(), 0, std::nullopt, "the manifest is damaged");
  manifest_ = std::move(*manifest);
  return {};
}

/// The manifest is written before anything is sealed, so one that is not there beside other files is lost.
Status Archive::begin_anew() {
  const auto sealed = wal::look_into(*files_, layout_.sealed());
  if (!sealed) return std::unexpected(sealed.error());
  const auto live = wal::look_into(*files_, layout_.live());
  if (!live) return std::unexpected(live.error());
  const auto images = files_->list(layout_.images());
  if (!images) return std::unexpected(images.error());
  const bool has_image =
      std::ranges::any_of(*images, [](const auto& name) { return index_of_image(name).has_value(); });
  const bool goes_on = !live->segments.empty() && live->segments.front() > 1;
  if (!sealed->segments.empty() || goes_on || has_image) return missing(layout_.manifest(), std::nullopt);
  if (!lock_) return fail(ErrorCode::usage, layout_.root.string() + " holds no archive");
  return save(Manifest{});
}

Status Archive::look_at_segments() {
  const auto names = files_->list(layout_.sealed());
  if (!names) return std::unexpected(names.error());
  std::set<std::uint64_t> found;
  std::set<std::uint64_t> indexed;
  for (const std::string& name : *names) {
    if (const auto sequence = sequence_of_segment(name)) found.insert(*sequence);
    if (const auto sequence = sequence_of_index(name)) indexed.insert(*sequence);
  }
  for (SealedSegment& segment : manifest_.segments) {
    if (!found.contains(segment.sequence))
      return missing(layout_.segment(segment.sequence), segment.before.index.next());
    if (Status sound = look_at(segment); !sound) return sound;
    if (!indexed.contains(segment.sequence)) unindexed_.insert(segment.sequence);
  }
  retired_end_ = manifest_.next_sequence();
  for (const std::uint64_t sequence : found) {
    if (sequence < retired_end_) continue;
    if (sequence > retired_end_) return missing(layout_.segment(retired_end_), std::nullopt);
    ++retired_end_;
  }
  for (const std::uint64_t sequence : found) {
    if (sequence < manifest_.begin_sequence) to_be_removed_.push_back(layout_.segment(sequence));
  }
  for (const std::uint64_t sequence : indexed) {
    if (sequence < manifest_.begin_sequence) to_be_removed_.push_back(layout_.index(sequence));
  }
  return {};
}

Status Archive::look_at(SealedSegment& segment) {
  const Index first = segment.before.index.next();
  auto opened = open_segment(*files_, layout_.segment(segment.sequence), segment.sequence, first);
  if (!opened) return std::unexpected(opened.error());
  const wal::SegmentHeader& header = opened->header;
  if (header.reduced && !segment.reduced) return take_rewritten(std::move(*opened), segment);
  if (header.segment_bytes != segment.bytes || header.identity.server != segment.server ||
      header.reduced != segment.reduced || !goes_on(header.before, segment.before)) {
    return damaged(opened->where, 0, first, "the manifest speaks of another segment");
  }
  return {};
}

/// A segment that was rewritten and put in its place, before the manifest could say so. It was read before that; it is
/// read again, since no more than its header is known.
Status Archive::take_rewritten(SegmentFile file, SealedSegment& segment) {
  RewrittenCheck check(std::move(file), segment);
  auto more = check.step();
  while (more && *more) more = check.step();
  if (!more) return std::unexpected(more.error());
  segment = check.result().sealed;
  is_unsaved_ = lock_ != nullptr;
  return {};
}

Status Archive::look_at_images() {
  const auto names = files_->list(layout_.images());
  if (!names) return std::unexpected(names.error());
  for (const ArchivedImage& image : manifest_.images) {
    if (!std::ranges::binary_search(*names, image_name(image.index)))
      return missing(layout_.image(image.index), std::nullopt);
    const auto opened = ImageFileReader::open(*files_, layout_.image(image.index));
    if (!opened) return std::unexpected(opened.error());
    if (opened->file_bytes() != image.bytes || opened->end().digest != image.digest)
      return damaged(layout_.image(image.index), 0, std::nullopt, "the manifest speaks of another image");
  }
  for (const std::string& name : *names) {
    const auto index = index_of_image(name);
    if (!index || manifest_.image_of(*index)) continue;
    if (*index < manifest_.begin.index) {
      to_be_removed_.push_back(layout_.image(*index));
      continue;
    }
    // Complete, and then the process died before it could say so.
    if (!lock_) continue;
    if (Status added = add_image(*index); !added && added.error().code != ErrorCode::disk_full) return added;
  }
  return {};
}

/// What was being written when a process died, and never got its name.
Status Archive::remove_leftovers() {
  for (const auto& folder : {layout_.root, layout_.sealed(), layout_.images()}) {
    const auto names = files_->list(folder);
    if (!names) return std::unexpected(names.error());
    std::vector<std::string> leftovers;
    std::ranges::copy_if(*names, std::back_inserter(leftovers),
                         [](const std::string& name) { return name.ends_with(temporary_suffix); });
    if (Status removed = wal::remove_in_order(*files_, folder, leftovers); !removed) return removed;
  }
  return {};
}

}  // namespace parley::archive
