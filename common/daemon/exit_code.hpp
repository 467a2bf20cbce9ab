#pragma once
#include "common/base/result.hpp"

namespace parley::daemon {

/// The exit codes that INTERFACE promises: 1 the answer is no, 2 usage or configuration, 3 no answer in time, 4 damaged
/// data or a disk that can no longer be trusted with it.
[[nodiscard]] constexpr int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::refused: return 1;
    case ErrorCode::usage:
    case ErrorCode::locked: return 2;
    case ErrorCode::unreachable:
    case ErrorCode::protocol: return 3;
    case ErrorCode::io:
    case ErrorCode::sync_failed:
    case ErrorCode::disk_full:
    case ErrorCode::corrupt: break;
  }
  return 4;
}

}  // namespace parley::daemon
