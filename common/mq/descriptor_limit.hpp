#pragma once
#include <cstdint>

#include "common/base/result.hpp"

namespace parley::mq {

/// Raises the number of descriptors that the process may open as far as it is allowed to, and fails with
/// ErrorCode::usage, saying what to do, if that is less than `needed`: running out of them later can abort the process
/// within libzmq. A socket takes one, each of its connections one more, a mailbox one. To be called first of all.
[[nodiscard]] Status check_descriptor_limit(std::uint64_t needed);

}  // namespace parley::mq
