#pragma once
#include "common/base/error_word.hpp"

namespace parley::client::cli {

/// The exit codes that INTERFACE promises.
enum ExitCode : int { done = 0, answer_is_no = 1, wrong_usage = 2, no_answer = 3, damaged = 4 };

[[nodiscard]] constexpr ExitCode exit_code(ErrorWord word) {
  switch (word) {
    case ErrorWord::ok: return done;
    case ErrorWord::not_found:
    case ErrorWord::mismatch:
    case ErrorWord::denied:
    case ErrorWord::exists:
    case ErrorWord::not_member:
    case ErrorWord::quota:
    case ErrorWord::disk_full: return answer_is_no;
    case ErrorWord::invalid:
    case ErrorWord::too_large: return wrong_usage;
    case ErrorWord::busy:
    case ErrorWord::no_leader:
    case ErrorWord::session_expired:
    case ErrorWord::timeout: break;
  }
  return no_answer;
}

}  // namespace parley::client::cli
