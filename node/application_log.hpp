#pragma once
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "common/archive/archive.hpp"
#include "common/transfer/message.hpp"
#include "common/wal/log.hpp"

namespace parley::node {

/// The application's own log (`-logfolder`): every entry that is applied, in an archive as a logger keeps one, so that
/// the same tools read it. An entry is written and synced before it is applied, and so before anybody is answered:
/// after a crash the log may be ahead of the state, never behind it, and what is applied again is not logged again.
///
/// Entries that this node never applied one by one, since an image of the state came in their place or since it did
/// not keep this log then, are a gap, with an image of the state behind it. One thread.
///
/// Errors are `disk_full` (nothing changed; to be tried again); `usage` if the archive is of another cluster; `corrupt`
/// if it is damaged or has another history; `locked`, `sync_failed`, `io`. All but the first are fatal.
class ApplicationLog {
 public:
  /// Opens the archive in this folder, or begins one. `files` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<ApplicationLog>> open(wal::FileSystem& files,
                                                                    const std::filesystem::path& folder,
                                                                    wal::Options options);

  /// Nil as long as it has nothing of any cluster.
  [[nodiscard]] const ClusterId& cluster() const;
  /// The last entry that it has, or that a gap lacks.
  [[nodiscard]] const wal::Start& last() const { return live_.last(); }
  /// What was cut off when it was opened.
  [[nodiscard]] const std::optional<wal::TornTail>& torn() const { return torn_; }

  /// At the start of a node, whose own log is that of this cluster: takes what was applied up to this entry and is
  /// missing here, if that log still has all of it. What it cannot take is a gap: wants_image().
  [[nodiscard]] Status catch_up(const ClusterId& cluster, const wal::Log& log, Index applied);

  /// Entries that are about to be applied, in order, in one write and one sync; those that it has are passed over.
  [[nodiscard]] Status append(const ClusterId& cluster, std::span<const std::span<const Entry>> entries);

  /// True if it lacks entries that the state as of this one has: it goes on only behind an image of that.
  [[nodiscard]] bool wants_image(Index applied) const { return last().index < applied; }
  /// Puts such an image where begin_behind() finds it; for any thread, while this lives.
  [[nodiscard]] std::unique_ptr<archive::ImageFileWriter> image_writer() const { return archive_.image_writer(); }
  /// The image is complete: the log goes on behind it, with a gap.
  [[nodiscard]] Status begin_behind(const ClusterId& cluster, const transfer::ImageHead& image);

  /// A step of what can be done in spare time, some milliseconds: making the next segment, sealing full ones. True if
  /// there is more to do now.
  [[nodiscard]] Result<bool> step();

 private:
  ApplicationLog(archive::Archive archive, wal::OpenedLog opened)
      : archive_(std::move(archive)), live_(std::move(opened.log)), torn_(std::move(opened.recovered.torn)) {}

  [[nodiscard]] Status check_cluster(const ClusterId& cluster) const;
  [[nodiscard]] std::unexpected<Error> another_history(Index at) const;
  [[nodiscard]] Status write(wal::Batch batch, const ClusterId& cluster);
  void tell_live_begin();
  [[nodiscard]] Status let_go();

  archive::Archive archive_;
  wal::Log live_;
  std::optional<wal::TornTail> torn_;
};

}  // namespace parley::node
