#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.hpp"

namespace parley::client::cli {

/// A line of the prompt as a command with its arguments; empty for an empty line.
///
/// Words are separated by blanks; quotes, single or double, keep blanks, and a backslash takes the next character as it
/// is (not within single quotes). Besides, the forms of the first client are understood: `get-KEY`, `set-KEY-VALUE` and
/// `delete-KEY`, where the rest of the line is taken as it stands: KEY of `set` ends at the next dash, everything else
/// may have dashes and blanks. ErrorCode::usage for a quote that is not closed, or `set-KEY` without a value.
[[nodiscard]] Result<std::vector<std::string>> split_line(std::string_view line);

}  // namespace parley::client::cli
