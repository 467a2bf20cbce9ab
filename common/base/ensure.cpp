#include "common/base/ensure.hpp"

#include <cstdio>
#include <cstdlib>

namespace parley {

void ensure_failed(const char* file, int line, const char* condition, const std::string& values) {
  std::fprintf(stderr, "parley: broken invariant at %s:%d: %s%s%s\n", file, line, condition, values.empty() ? "" : ": ",
               values.c_str());
  std::fflush(stderr);
  std::abort();
}

}  // namespace parley
