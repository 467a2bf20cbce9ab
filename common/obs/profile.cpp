#include "common/obs/profile.hpp"

#include <gperftools/heap-profiler.h>
#include <gperftools/profiler.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>

namespace parley::obs {
namespace {

std::unexpected<Error> cannot_write(const std::filesystem::path& file, int error) {
  return fail(ErrorCode::io,
              "profile " + file.string() + " cannot be written: " + std::generic_category().message(error));
}

}  // namespace

Result<CpuProfile> CpuProfile::start(const std::filesystem::path& file) {
  ProfilerState state{};
  ProfilerGetCurrentState(&state);
  if (state.enabled != 0) return fail(ErrorCode::io, "a profile of the processor is under way already");
  errno = 0;
  if (ProfilerStart(file.c_str()) == 0) return cannot_write(file, errno);
  return CpuProfile();
}

void CpuProfile::finish() {
  if (std::exchange(running_, false)) ProfilerStop();
}

Result<HeapProfile> HeapProfile::start(const std::filesystem::path& file) {
  if (IsHeapProfilerRunning() != 0) return fail(ErrorCode::io, "a profile of the heap is under way already");
  std::unique_ptr<std::FILE, Close> stream(std::fopen(file.c_str(), "we"));
  if (!stream) return cannot_write(file, errno);
  HeapProfilerStart(file.c_str());
  return HeapProfile(std::move(stream));
}

Status HeapProfile::finish() {
  if (!stream_) return {};
  const std::unique_ptr<char, decltype(&std::free)> profile(GetHeapProfile(), &std::free);
  HeapProfilerStop();
  const std::size_t size = std::strlen(profile.get());
  const bool written = std::fwrite(profile.get(), 1, size, stream_.get()) == size;
  const bool closed = std::fclose(stream_.release()) == 0;
  if (written && closed) return {};
  return fail(ErrorCode::io, "the profile of the heap could not be written: " + std::generic_category().message(errno));
}

}  // namespace parley::obs
