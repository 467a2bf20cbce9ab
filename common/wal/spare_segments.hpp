#pragma once
#include <deque>
#include <optional>

#include "common/wal/folder.hpp"

namespace parley::wal {

/// A file of zeros, synced, which waits to become the segment of this number.
struct Spare {
  std::uint64_t sequence = 0;
  std::unique_ptr<File> file;
};

/// Makes segments ahead of use. A sync of a file that neither grows nor gets new blocks costs about half of one that
/// does, and a full disk shows before anything is written.
class SpareSegments {
 public:
  /// `next`: the number of the segment that will be needed next.
  SpareSegments(FileSystem& files, std::filesystem::path folder, std::size_t segment_bytes, std::uint64_t next);

  /// Keeps those of the folder's unused files that are whole spares of the right size and number, and removes the
  /// others.
  [[nodiscard]] Status keep(const Folder& found);

  [[nodiscard]] bool has_one() const { return !ready_.empty(); }
  /// Of the next one.
  [[nodiscard]] std::uint64_t zeroed_bytes() const {
    return has_one() ? segment_bytes_ : unfinished_ ? unfinished_->zeroed : 0;
  }
  /// Does one short piece of work (at most limits::zero_step_bytes written and synced) towards a spare; true if there
  /// is more to do, false once one is ready. After an error nothing of the unfinished one is left.
  [[nodiscard]] Result<bool> step();
  /// Makes so many at once.
  [[nodiscard]] Status ensure(std::size_t count);
  /// The spare for the next segment. There must be one.
  [[nodiscard]] Spare take();
  /// Gives up all spares after the one numbered `failed`, which was taken, and that one: it could not become a segment.
  void discard(std::uint64_t failed);

 private:
  struct Unfinished {
    std::unique_ptr<File> file;
    std::uint64_t zeroed = 0;
    Bytes zeros;
  };

  [[nodiscard]] Status begin();
  [[nodiscard]] Status fill();
  [[nodiscard]] Status finish();
  void abandon();
  [[nodiscard]] Result<std::unique_ptr<File>> open_if_whole(const std::string& name) const;

  FileSystem* files_;
  std::filesystem::path folder_;
  std::size_t segment_bytes_;
  std::uint64_t next_;  ///< the number of the next spare to be made
  std::deque<Spare> ready_;
  std::optional<Unfinished> unfinished_;
};

}  // namespace parley::wal
