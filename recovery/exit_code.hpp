#pragma once
#include "common/base/result.hpp"

namespace parley::recovery {

/// The exit codes that INTERFACE promises: 1 the answer is no, 2 usage, 3 no answer in time, 4 damaged data: a source
/// that lies or is damaged while no other could help, or a disk that can no longer be trusted.
[[nodiscard]] constexpr int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::refused:
    case ErrorCode::disk_full: return 1;
    case ErrorCode::usage:
    case ErrorCode::locked: return 2;
    case ErrorCode::unreachable: return 3;
    case ErrorCode::io:
    case ErrorCode::sync_failed:
    case ErrorCode::protocol:
    case ErrorCode::corrupt: break;
  }
  return 4;
}

}  // namespace parley::recovery
