#pragma once
#include <filesystem>
#include <optional>
#include <vector>

#include "common/archive/walk.hpp"

namespace parley::logger::tools {

/// All entries of an archive in order, verified, for somebody who does not own it. It may be in use: then they end
/// where the live log ended when they got there, and a segment that was rewritten meanwhile is found again.
class ArchiveEntries {
 public:
  /// From this entry on. `usage` if the folder holds no archive, with a word on what it may hold instead; `corrupt` as
  /// archive::Archive::open() says. An archive of the days before there were manifests is a live log and no more: that
  /// is read as well. `files` must outlive the object.
  [[nodiscard]] static Result<ArchiveEntries> open(wal::FileSystem& files, const std::filesystem::path& folder,
                                                   Index from = Index{1});

  /// The next entry; nothing behind the last. `corrupt` with file, offset and entry; `refused` if it was truncated away
  /// before it could be read. Its payload shares the buffer that was read.
  [[nodiscard]] Result<std::optional<archive::ArchivedEntry>> next();

  /// The place of the last entry that was passed, or that the last gap lacks, at the end.
  [[nodiscard]] const wal::Start& last() const { return walk_.last(); }
  /// The segment that is read, or was read last; not before the first next().
  [[nodiscard]] const archive::SegmentCheck& last_segment() const { return walk_.segment(); }
  /// The place before the first entry that the archive has, whether or not that was asked for.
  [[nodiscard]] const wal::Start& begin() const { return walk_.manifest().begin; }
  /// The gap behind which this entry stands at once, if any. Complete for entries that were passed.
  [[nodiscard]] std::optional<archive::Gap> gap_before(Index index) const;
  [[nodiscard]] const std::vector<archive::Gap>& gaps() const { return walk_.gaps(); }
  /// The images that the manifest names.
  [[nodiscard]] const std::vector<archive::ArchivedImage>& images() const { return walk_.manifest().images; }
  [[nodiscard]] const archive::Layout& layout() const { return layout_; }
  /// Nil while it is not known: the logger had not joined when it wrote what was read so far.
  [[nodiscard]] ClusterId cluster() const;
  /// About the last entry: of what is sealed already.
  [[nodiscard]] Index about_last() const { return walk_.manifest().end().index; }
  /// True if there is a live log alone, without a manifest.
  [[nodiscard]] bool is_live_log_alone() const { return is_live_log_alone_; }

 private:
  ArchiveEntries(wal::FileSystem& files, archive::Layout layout, archive::Walk walk, bool is_live_log_alone, Index from)
      : files_(&files),
        layout_(std::move(layout)),
        walk_(std::move(walk)),
        is_live_log_alone_(is_live_log_alone),
        next_(from) {}

  [[nodiscard]] Status begin_again(const Error& fault);

  wal::FileSystem* files_;
  archive::Layout layout_;
  archive::Walk walk_;
  bool is_live_log_alone_;
  Index next_;  ///< the first that was not yet given out
  ClusterId seen_cluster_;
  int attempts_ = 1;
  bool is_over_ = false;
};

}  // namespace parley::logger::tools
