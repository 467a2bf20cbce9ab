#include "common/mq/descriptor_limit.hpp"

#include <sys/resource.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace parley::mq {

Status check_descriptor_limit(std::uint64_t needed) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fail(ErrorCode::io, std::string("cannot read the limit of open files: ") + std::strerror(errno));
  }
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  if (limit.rlim_cur >= needed) return {};
  return fail(ErrorCode::usage, "the limit of open files is " + std::to_string(limit.rlim_cur) + " and " +
                                    std::to_string(needed) +
                                    " are needed: raise it (ulimit -n, or LimitNOFILE of the service)");
}

}  // namespace parley::mq
