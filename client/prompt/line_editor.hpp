#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "client/prompt/columns.hpp"
#include "client/prompt/key_decoder.hpp"

namespace parley::client::prompt {

/// The line that is being typed: keys in, text and cursor out; how it is drawn is the screen's matter. The cursor moves
/// by what a person sees, a character with the marks over it. For one thread.
class LineEditor {
 public:
  enum class Effect : std::uint8_t {
    nothing,
    changed,      ///< text or cursor are others now
    entered,      ///< the line is to be taken
    refused,      ///< it would be too long
    interrupted,  ///< Ctrl-C at an empty line; otherwise the line is given up, which is a change
    ended,        ///< Ctrl-D at an empty line
    suspended,
    draw_again,
    complete,  ///< Tab: what could follow the cursor may be put there by insert()
  };
  /// `longest`: bytes of a line. `remembered`: lines that `up` goes back to; the oldest are forgotten.
  LineEditor(const Columns& columns, std::size_t longest, std::size_t remembered)
      : columns_(columns), longest_(longest), remembered_(remembered) {}

  [[nodiscard]] Effect take(const Key& key);
  [[nodiscard]] const std::u32string& text() const { return text_; }
  /// The cursor stands before this code point.
  [[nodiscard]] std::size_t cursor() const { return cursor_; }
  /// UTF-8 up to the cursor.
  [[nodiscard]] std::string before_cursor() const;
  /// UTF-8, as if it was typed at the cursor.
  [[nodiscard]] Effect insert(std::string_view text);
  /// The whole line in UTF-8, after which it is empty. It is remembered.
  [[nodiscard]] std::string take_line();

 private:
  [[nodiscard]] Effect insert(char32_t point);
  [[nodiscard]] Effect move(std::size_t to);
  [[nodiscard]] Effect cut(std::size_t begin, std::size_t end, bool is_kept);
  [[nodiscard]] Effect recall(bool is_older);
  void set(std::u32string text);
  [[nodiscard]] std::size_t left_of(std::size_t at) const;
  [[nodiscard]] std::size_t right_of(std::size_t at) const;
  [[nodiscard]] std::size_t word_left_of(std::size_t at) const;
  [[nodiscard]] std::size_t word_right_of(std::size_t at) const;

  const Columns& columns_;
  std::size_t longest_;
  std::size_t remembered_;
  std::u32string text_;
  std::size_t bytes_ = 0;  ///< of the text in UTF-8
  std::size_t cursor_ = 0;
  std::u32string cut_;               ///< what was cut last, for Ctrl-Y
  std::deque<std::u32string> past_;  ///< the newest last
  std::size_t back_ = 0;             ///< how many lines one has gone back
  std::u32string present_;           ///< what was typed before one went back
};

/// UTF-8 of code points, which must be such.
[[nodiscard]] std::string to_utf8(std::u32string_view points);

}  // namespace parley::client::prompt
