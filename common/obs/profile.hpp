#pragma once
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "common/base/result.hpp"

/// Profiles for pprof; a process takes at most one of each kind at a time. They come from gperftools, in a target of
/// its own (parley_profile), so that only a process that has the flags links it, and with it tcmalloc. A build with a
/// sanitizer has neither, since both replace the same functions; there start() is an error that says so.
namespace parley::obs {

/// Samples where the process spends its time, a hundred times a second of processor time, until finish() or the end of
/// the object. The signal behind it (SIGPROF) interrupts waits in the kernel: EINTR is no failure while it runs.
class CpuProfile {
 public:
  /// ErrorCode::io if the file cannot be written or a profile is under way; ErrorCode::usage if this build has no
  /// profiler.
  [[nodiscard]] static Result<CpuProfile> start(const std::filesystem::path& file);

  CpuProfile(CpuProfile&& other) noexcept : running_(std::exchange(other.running_, false)) {}
  CpuProfile& operator=(CpuProfile&&) = delete;
  ~CpuProfile() { finish(); }

  /// Writes the profile. A second call does nothing.
  void finish();

 private:
  CpuProfile() = default;
  bool running_ = true;
};

/// Notes who allocated what is still in use, until finish() or the end of the object. Allocations are several times
/// slower meanwhile, and gperftools writes intermediate profiles to `FILE.NNNN.heap` whenever the heap has grown much.
class HeapProfile {
 public:
  /// As CpuProfile::start.
  [[nodiscard]] static Result<HeapProfile> start(const std::filesystem::path& file);

  HeapProfile(HeapProfile&&) noexcept = default;
  HeapProfile& operator=(HeapProfile&&) = delete;
  ~HeapProfile() { (void)finish(); }

  /// Writes the profile; ErrorCode::io if it does not fit on the disk. A second call does nothing.
  Status finish();

 private:
  struct Close {
    void operator()(std::FILE* stream) const { (void)std::fclose(stream); }
  };
  explicit HeapProfile(std::unique_ptr<std::FILE, Close> stream) : stream_(std::move(stream)) {}
  std::unique_ptr<std::FILE, Close>
      stream_;  ///< null once finished; open from the start, so that a wrong path is seen then
};

}  // namespace parley::obs
