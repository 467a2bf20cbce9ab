#pragma once
#include <filesystem>
#include <memory>

#include "common/wal/file_system.hpp"
#include "common/wal/log_state.hpp"
#include "common/wal/segment.hpp"

namespace parley::wal {

/// Finds and reads entries of the log by their index. Keeps the file that it read last open. One thread at a time.
class EntryReader {
 public:
  EntryReader(FileSystem& files, std::filesystem::path folder) : files_(&files), folder_(std::move(folder)) {}

  /// The entries [from, to], all of which the log must have; fewer if they would exceed `max_bytes` (as entry_bytes
  /// counts), but at least one. Their payloads share the buffers that were read. `corrupt` if what stands there is not
  /// what was written, naming file, offset and index.
  [[nodiscard]] Result<std::vector<Entry>> read(const LogState& state, const std::vector<Segment>& segments, Index from,
                                                Index to, std::size_t max_bytes);
  /// To be called before a segment is removed.
  void forget() { file_.reset(); }

 private:
  [[nodiscard]] Result<const File*> file_of(const Segment& segment);
  [[nodiscard]] std::unexpected<Error> damaged(const Segment& segment, std::uint64_t offset, Index wanted) const;

  FileSystem* files_;
  std::filesystem::path folder_;
  std::unique_ptr<File> file_;
  std::uint64_t sequence_ = 0;
};

}  // namespace parley::wal
