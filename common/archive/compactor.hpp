#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "common/archive/compaction_state.hpp"
#include "common/archive/image_reader.hpp"
#include "common/archive/sealed_reader.hpp"
#include "common/archive/segment_rewrite.hpp"

namespace parley::archive {

/// Compacts the sealed part of an archive, a step at a time: shows every entry to a Reduction, collects of which the
/// payloads may go as windows end, and writes each segment anew when all windows that reach into it are over. FORMAT.md
/// says what a crash can do; logger/README.md what it costs. Owned by the Archive, on its thread.
///
/// In memory: what the reduction knows of sessions and of the keys of a window, eight bytes for each entry that may be
/// reduced and is not yet, one segment's marks, a window of a file or two.
class Compactor {
 public:
  /// `files` must outlive it.
  Compactor(wal::FileSystem& files, Layout layout, std::unique_ptr<Reduction> reduction, CompactionOptions options);
  ~Compactor();
  Compactor(const Compactor&) = delete;
  Compactor& operator=(const Compactor&) = delete;

  [[nodiscard]] bool has_work(const Manifest& manifest) const;
  /// Some milliseconds of it. A segment that was rewritten, if it is ready to take the place of the one with its number
  /// under which the manifest knows it: from its temporary file, before the next step.
  ///
  /// After `disk_full` it has no work until wake(). After any other error it has none any more.
  [[nodiscard]] Result<std::optional<CheckedSegment>> step(const Manifest& manifest);
  /// There may be room again, or an image.
  void wake() { waits_ = false; }

  /// Up to here every window is over, and was looked at: of entries behind it nothing was left out.
  [[nodiscard]] Index decided() const { return decided_to_; }

 private:
  [[nodiscard]] Status do_step(const Manifest& manifest, std::optional<CheckedSegment>& ready);
  [[nodiscard]] Status start(const Manifest& manifest);
  [[nodiscard]] Result<bool> start_from_state(const Manifest& manifest);
  [[nodiscard]] Status begin_image(const Manifest& manifest, Index index);
  [[nodiscard]] Status go_on_with_image();
  [[nodiscard]] Status go_on_rewriting(const Manifest& manifest, std::optional<CheckedSegment>& ready);
  [[nodiscard]] Status handle(const SealedSegment& segment);
  [[nodiscard]] Status feed(const Manifest& manifest);
  [[nodiscard]] Status pass_gap(const Manifest& manifest);
  [[nodiscard]] Status save_state();
  void end_window();
  void stand_at(const wal::Start& place);
  [[nodiscard]] const SealedSegment* next_segment(const Manifest& manifest) const;
  [[nodiscard]] Index feed_limit(const Manifest& manifest) const;
  [[nodiscard]] bool can_start(const Manifest& manifest) const;

  wal::FileSystem* files_;
  Layout layout_;
  std::unique_ptr<Reduction> reduction_;
  CompactionOptions options_;
  SealedReader reader_;
  bool is_started_ = false;
  bool waits_ = false;  ///< for room, or an image
  bool is_broken_ = false;
  wal::Start fed_;                   ///< the last entry that the reduction was shown, or behind which it began
  Index decided_to_;                 ///< up to here all windows are over
  Index handled_;                    ///< segments that end up to here are done with
  std::deque<Index> unnecessary_;    ///< behind handled_, in order
  std::uint64_t unsaved_bytes_ = 0;  ///< of entries, since the state was saved
  std::optional<ImageFileReader> image_;
  std::optional<SegmentRewrite> rewrite_;
};

}  // namespace parley::archive
