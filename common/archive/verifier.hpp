#pragma once
#include <deque>
#include <map>
#include <optional>

#include "common/archive/image_reader.hpp"
#include "common/archive/walk.hpp"

namespace parley::archive {

/// What an archive turned out to have.
struct Summary {
  ClusterId cluster;
  Index first;      ///< of the first entry; behind `last` if there is none
  wal::Start last;  ///< the last entry, or what the last gap lacks: index, term, digest, times
  std::uint64_t entries = 0;
  std::uint64_t reduced = 0;        ///< of these, entries whose payload was reduced
  std::uint64_t payload_bytes = 0;  ///< of the entries
  std::uint64_t file_bytes = 0;     ///< of segments and images
  std::uint64_t segments = 0;
  std::vector<Gap> gaps;
  std::vector<ArchivedImage> images;
  std::uint64_t live_from = 0;         ///< the first segment that is not sealed yet; they are read from there on
  std::uint64_t missing_indexes = 0;   ///< sealed segments without a seek index: it is made again when it is needed
  std::uint64_t unfinished_bytes = 0;  ///< behind the last record: a batch on its way, or what a crash left of one
};

/// Reads everything that an archive has, in bounded memory: the manifest, every record of every segment, the chain from
/// begin to end, seek indexes, gaps and images. Changes nothing and takes no lock; the archive may be in use.
///
/// What it cannot see: damage to the last batch of the live log, of which nothing yet says that it was synced, looks
/// like a batch on its way. Summary::unfinished_bytes tells that there is something.
class Verifier {
 public:
  /// `files` must outlive the verifier.
  Verifier(wal::FileSystem& files, std::filesystem::path folder) : files_(&files), layout_{std::move(folder)} {}

  /// Some milliseconds of it. True if there is more. An error is the first fault: `corrupt` with file, offset and entry
  /// (`usage`: there is no archive), and then the verifier is at its end.
  [[nodiscard]] Result<bool> step();
  /// So far; complete once step() has returned false.
  [[nodiscard]] const Summary& summary() const { return summary_; }

 private:
  [[nodiscard]] Result<bool> do_step();
  [[nodiscard]] Status begin();
  [[nodiscard]] Status walk_on();
  [[nodiscard]] Status check_index();
  [[nodiscard]] Status look_at_images();
  [[nodiscard]] Status check_place(const wal::Start& place) const;
  [[nodiscard]] Status check_gaps();
  [[nodiscard]] Status read_on();
  [[nodiscard]] Status look_at_compaction() const;
  void go_on_with(const Manifest& now);

  wal::FileSystem* files_;
  Layout layout_;
  Summary summary_;
  std::optional<Walk> walk_;
  bool is_walking_ = false;
  bool walk_is_over_ = false;
  std::map<Index, wal::Start> image_places_;
  std::deque<Index> images_;  ///< to be read
  std::optional<ImageFileReader> image_;
  int attempts_ = 1;
};

}  // namespace parley::archive
