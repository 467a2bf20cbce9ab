#pragma once
#include "common/wal/options.hpp"
#include "common/wal/scan.hpp"

namespace parley::wal {

/// A torn tail that was cut off (or would be): the end of the stream that never became durable, so nobody was told of
/// it.
struct TornTail {
  std::filesystem::path segment;  ///< the file in which it began
  std::uint64_t offset = 0;       ///< where
  std::uint64_t bytes = 0;        ///< up to the last byte that was not zero
  std::optional<std::filesystem::path>
      copy;  ///< where its first limits::torn_copy_bytes are kept, unless the disk is full
};

/// Makes a folder that was scanned fit to go on with: lets segments go that are void, keeps a copy of a torn tail and
/// overwrites it with zeros. With Options::sync, what was never declared synced is written once more and synced: after
/// a failed sync, or the death of a process between write and sync, it may stand in the system's cache alone. A crash
/// in the middle leaves a folder that can be scanned and repaired again.
[[nodiscard]] Result<std::optional<TornTail>> repair(FileSystem& files, const std::filesystem::path& folder,
                                                     const Folder& found, const Scan& scan, const Options& options);

/// The same description of a tail without touching anything.
[[nodiscard]] std::optional<TornTail> describe_tail(const std::filesystem::path& folder, const Scan& scan);

}  // namespace parley::wal
