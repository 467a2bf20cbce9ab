#pragma once
#include <cstddef>
#include <filesystem>

#include "common/base/limits.hpp"

namespace parley::wal {

struct Options {
  /// Bytes of each new segment; a log may have segments of several sizes. It must hold its header and any one record:
  /// limits::min_segment_bytes does for the largest, tests take less.
  std::size_t segment_bytes = limits::segment_bytes;
  /// False: sync() does nothing and a batch is as durable as the machine is lucky (`-unsafe-no-fsync`).
  bool sync = true;
  /// A folder of the same file system. Segments that the log no longer needs, because they were trimmed or are void,
  /// are renamed into it rather than removed: who keeps an archive takes them from there. Empty: they are removed.
  std::filesystem::path retire_into = {};
};

}  // namespace parley::wal
