#pragma once
#include <optional>

#include "common/app/chat/operation.hpp"
#include "common/app/chat/query.hpp"
#include "common/app/problem.hpp"
#include "common/base/bytes.hpp"

/// What names and texts of the chat may be. Nothing, or why not: `too_large` beyond a bound, which it names, else
/// `invalid`.
namespace parley::app::chat {

/// Letters, digits, `.`, `_`, `-`, all ASCII: 1 to limits::user_name_bytes.
[[nodiscard]] std::optional<Problem> problem_of_user_name(BytesView name);
/// UTF-8, 1 to limits::chat_name_code_points code points, no controls, no blank at either end.
[[nodiscard]] std::optional<Problem> problem_of_chat_name(BytesView name);
[[nodiscard]] std::optional<Problem> problem_of_message(BytesView text);

/// Names are the same if this is: without regard to case, which is known of ASCII alone. (What case is beyond it
/// depends on a language and changes with Unicode; the state of a cluster must not.)
[[nodiscard]] Bytes folded(BytesView name);

/// Judges an operation by itself; apply does it again.
[[nodiscard]] std::optional<Problem> problem_of(const Operation& operation);
[[nodiscard]] std::optional<Problem> problem_of(const Query& query);

}  // namespace parley::app::chat
