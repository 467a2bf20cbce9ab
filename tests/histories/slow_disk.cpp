// A disk that is slow when it is told to be: a library to be loaded before others (LD_PRELOAD). The file that
// PARLEY_SLOW_DISK names begins with two numbers of 8 bytes, in this machine's order: the milliseconds that a sync and
// that a write take at least. Who changes them, while processes run, is heard at once, also by those who wait.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

namespace {

struct Delays {
  std::atomic<std::uint64_t> sync_ms;
  std::atomic<std::uint64_t> write_ms;
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && sizeof(Delays) == 16);

/// Between two looks at the file, by those who wait.
constexpr int look_ms = 5;

const Delays* map_delays() {
  const char* path = std::getenv("PARLEY_SLOW_DISK");
  const int descriptor = path != nullptr ? ::open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (descriptor < 0) return nullptr;
  void* mapped = ::mmap(nullptr, sizeof(Delays), PROT_READ, MAP_SHARED, descriptor, 0);
  (void)::close(descriptor);
  return mapped == MAP_FAILED ? nullptr : static_cast<const Delays*>(mapped);
}

std::uint64_t now_ms() {
  timespec now{};
  (void)::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
}

void take_time(std::atomic<std::uint64_t> Delays::*which) {
  static const Delays* const delays = map_delays();
  if (delays == nullptr || (delays->*which).load() == 0) return;
  const std::uint64_t begin_ms = now_ms();
  while (now_ms() - begin_ms < (delays->*which).load()) (void)::poll(nullptr, 0, look_ms);
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {  // the names that they stand for

int fsync(int descriptor) {
  static auto* const real = next<int(int)>("fsync");
  take_time(&Delays::sync_ms);
  return real(descriptor);
}

int fdatasync(int descriptor) {
  static auto* const real = next<int(int)>("fdatasync");
  take_time(&Delays::sync_ms);
  return real(descriptor);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  static auto* const real = next<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  take_time(&Delays::write_ms);
  return real(descriptor, bytes, size, offset);
}

ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset) {
  static auto* const real = next<ssize_t(int, const iovec*, int, off_t)>("pwritev");
  take_time(&Delays::write_ms);
  return real(descriptor, parts, count, offset);
}

}  // extern "C"
