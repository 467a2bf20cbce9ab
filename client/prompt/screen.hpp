#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "client/prompt/rows.hpp"

namespace parley::client::prompt {

/// What stands at the bottom and changes: rows above, and the line that is being typed behind its label.
struct Block {
  std::vector<Row> above;
  std::string label;
  std::u32string_view text;
  std::size_t cursor = 0;  ///< before this code point of the text
};

/// Writes what happened above what is being typed, which is drawn again below it: gives the bytes for a terminal. It
/// uses no more than the terminal's last rows, so that what went by can be scrolled back to. For one thread.
class Screen {
 public:
  Screen(const Columns& columns, bool has_colours) : columns_(columns), has_colours_(has_colours) {}

  /// At the begin, and whenever the terminal has become another size.
  void resize(std::size_t columns, std::size_t rows);
  /// How wide a row may be.
  [[nodiscard]] std::size_t width() const { return width_; }

  /// `rows`: what happened since. Empty if there is nothing and the block is as it was.
  [[nodiscard]] std::string show(const std::vector<Row>& rows, const Block& block);
  /// The same from an empty screen.
  [[nodiscard]] std::string show_again(const Block& block);
  /// Takes the block away: the cursor stands where it began.
  [[nodiscard]] std::string leave();

 private:
  struct Drawn {
    std::vector<Row> rows;
    std::size_t cursor_row = 0;
    std::size_t cursor_column = 0;
    friend bool operator==(const Drawn&, const Drawn&) = default;
  };
  [[nodiscard]] Drawn draw(const Block& block) const;
  [[nodiscard]] std::string erase() const;
  [[nodiscard]] std::string bytes_of(const Row& row) const;
  [[nodiscard]] std::string bytes_of(const Drawn& drawn) const;

  const Columns& columns_;
  bool has_colours_;
  std::size_t width_ = 79;
  std::size_t columns_of_terminal_ = 80;
  std::size_t input_rows_ = 1;
  Drawn drawn_;  ///< what stands there now; no rows if nothing does
};

}  // namespace parley::client::prompt
