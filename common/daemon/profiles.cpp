#include "common/daemon/profiles.hpp"

#include <optional>

#include "common/obs/profile.hpp"

namespace parley::daemon {

Result<int> run_profiled(const std::string& cpu_profile, const std::string& heap_profile,
                         const std::function<int()>& run) {
  std::optional<obs::CpuProfile> cpu;
  std::optional<obs::HeapProfile> heap;
  if (!cpu_profile.empty()) {
    auto started = obs::CpuProfile::start(cpu_profile);
    if (!started) return std::unexpected(started.error());
    cpu.emplace(std::move(*started));
  }
  if (!heap_profile.empty()) {
    auto started = obs::HeapProfile::start(heap_profile);
    if (!started) return std::unexpected(started.error());
    heap.emplace(std::move(*started));
  }
  return run();
}

}  // namespace parley::daemon
