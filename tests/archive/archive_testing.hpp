#pragma once
#include <map>
#include <optional>

#include "common/archive/archive.hpp"
#include "common/archive/verifier.hpp"
#include "tests/wal/wal_testing.hpp"

namespace parley::archive_testing {

using wal_testing::EntryMaker;

inline const std::filesystem::path root = "/data/log0";
inline const archive::Layout layout{root};

[[nodiscard]] wal::Options live_options(const archive::Layout& where, std::size_t segment_bytes = 16 * limits::KiB);
/// The head of an image of the state behind that place of the chain.
[[nodiscard]] archive::ImageFileHead image_head(const wal::Start& at);
/// Rows that differ from image to image.
[[nodiscard]] Bytes some_rows(Index index, std::size_t chunk, std::size_t count = 5);

/// What a cluster has committed and goes on to commit; made as far as it is asked for.
class History {
 public:
  explicit History(std::size_t payload_bytes = 100) : bytes_(payload_bytes) {}
  [[nodiscard]] const Entry& at(Index index);
  [[nodiscard]] wal::Start place(Index index);
  [[nodiscard]] std::vector<Entry> between(Index from, Index to);

 private:
  std::size_t bytes_;
  EntryMaker maker_{wal_testing::test_identity().cluster};
  std::vector<Entry> entries_;
};

/// Leaves the first bytes of every third payload, and makes sure that it is shown all entries, each once, in order.
class EveryThird final : public archive::Reduction {
 public:
  static constexpr std::size_t left = 10;
  void begin() override { stand_at(Index{}); }
  void begin_image() override { rows_.clear(); }
  [[nodiscard]] Status add_rows(BytesView rows) override;
  [[nodiscard]] Status end_image() override;
  [[nodiscard]] Bytes checkpoint() override;
  [[nodiscard]] Status restore(BytesView checkpoint) override;
  [[nodiscard]] Status take(const archive::ArchivedEntry& entry) override;
  [[nodiscard]] std::vector<Index> end_window() override;
  [[nodiscard]] std::optional<Bytes> residue(BytesView payload) const override {
    return Bytes(payload.substr(0, left));
  }

 private:
  void stand_at(Index index);

  Bytes rows_;
  std::optional<Index> last_;  ///< nothing behind an image, which does not say what it is of
  std::vector<Index> unnecessary_;
};

/// True if it is that entry, whole or as EveryThird leaves it.
[[nodiscard]] bool is_kept(const archive::ArchivedEntry& archived, const Entry& entry);

/// A logger in miniature: an archive and its live log on one disk.
class Logger {
 public:
  Logger(wal::FileSystem& disk, History& history, archive::Layout where = layout,
         std::size_t segment_bytes = 16 * limits::KiB)
      : disk_(disk), history_(history), layout_(std::move(where)), options_(live_options(layout_, segment_bytes)) {}

  /// From its next start on the archive compacts itself, with EveryThird.
  void compact(archive::CompactionOptions options) { compaction_ = options; }
  /// Opens or makes both, as a logger does when it starts. The error of whichever refuses.
  [[nodiscard]] Status start();
  /// Both are gone, as when the process is.
  void die();

  /// Writes and syncs the next entries; false if the machine stopped, or the disk is full.
  bool write(std::size_t count);
  /// Writes until the live log has so many segments.
  bool fill(std::size_t segments);
  /// Retires all live segments but so many of the newest.
  [[nodiscard]] Status retire(std::size_t kept = 1);
  /// An image of the state behind that entry becomes part of the archive.
  [[nodiscard]] Status add_image(Index index, std::size_t chunks = 2);
  /// Takes an image of the state behind that entry, and goes on there.
  [[nodiscard]] Status restart_behind(Index index);
  /// Does all that step() finds to do.
  [[nodiscard]] Status settle();

  archive::Archive& archive() { return *archive_; }
  wal::Log& log() { return *log_; }
  [[nodiscard]] bool is_up() const { return archive_ && log_; }
  /// The last entry that it has, live ones included.
  [[nodiscard]] Index last() const { return log_->last().index; }

 private:
  void tell_archive();

  wal::FileSystem& disk_;
  History& history_;
  archive::Layout layout_;
  wal::Options options_;
  std::optional<archive::CompactionOptions> compaction_;
  std::optional<archive::Archive> archive_;
  std::optional<wal::Log> log_;
};

/// These succeed, or the test fails.
void good(const Status& status);
template <class T>
T good(Result<T> result) {
  if (!result) FAIL(result.error().what);
  return std::move(*result);
}

/// What the verifier says in the end.
[[nodiscard]] Result<archive::Summary> verify(wal::FileSystem& files, const std::filesystem::path& folder = root);
/// All sealed entries from `from` on, read in answers of `max_bytes`, up to a gap or the end.
[[nodiscard]] std::vector<Entry> read_sealed(archive::Archive& archive, Index from, std::size_t max_bytes = 4000);
/// The same of an archive that may be compacted.
[[nodiscard]] Result<std::vector<archive::ArchivedEntry>> walk_archived(wal::FileSystem& files, Index from = Index{1},
                                                                        const archive::Layout& where = layout);
/// All entries that a walk over the folder meets from `from` on.
[[nodiscard]] Result<std::vector<Entry>> walk_all(wal::FileSystem& files, Index from = Index{1},
                                                  const archive::Layout& where = layout);

/// What was promised before a machine stopped.
struct Promises {
  Index synced;               ///< the last entry
  Index truncated{1};         ///< everything below may be gone
  Index restart;              ///< behind which the log may have gone on instead
  std::vector<Index> images;  ///< that were added
};
/// Everything that was promised is there, once, and nothing else; the verifier agrees.
void check_kept(wal::FileSystem& disk, Logger& logger, History& history, const Promises& promises);

}  // namespace parley::archive_testing
