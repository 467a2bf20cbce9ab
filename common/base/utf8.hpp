#pragma once
#include <cstddef>

#include "common/base/bytes.hpp"

namespace parley {

/// True if the bytes are UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF. (Unicode 15, table 3-7.)
[[nodiscard]] bool is_utf8(BytesView bytes);

/// Takes the first code point off `text`, which must be UTF-8 and not empty.
char32_t take_code_point(BytesView& text);

/// Code points of what must be UTF-8.
[[nodiscard]] std::size_t count_code_points(BytesView text);

/// What breaks a line or steers a terminal: the controls of C0 and C1, DEL, and the separators of lines and paragraphs.
[[nodiscard]] bool is_control(char32_t code_point);

/// A blank of any width that Unicode has, but for controls (general category Zs).
[[nodiscard]] bool is_blank(char32_t code_point);

/// UTF-8 for one line of a terminal: controls as `\n`, `\r`, `\t` or `\x1b` (`\u2028` above U+00FF), everything else
/// as it is. What is not UTF-8 must not be given.
[[nodiscard]] Bytes without_controls(BytesView text);

}  // namespace parley
