#include "common/obs/profile.hpp"

/// In place of profile.cpp in a build with a sanitizer.
namespace parley::obs {
namespace {

std::unexpected<Error> no_profiler() {
  return fail(ErrorCode::usage, "this build has no profiler, since it has a sanitizer (PARLEY_SANITIZE)");
}

}  // namespace

Result<CpuProfile> CpuProfile::start(const std::filesystem::path&) { return no_profiler(); }
void CpuProfile::finish() {}
Result<HeapProfile> HeapProfile::start(const std::filesystem::path&) { return no_profiler(); }
Status HeapProfile::finish() { return {}; }

}  // namespace parley::obs
