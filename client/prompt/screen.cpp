#include "client/prompt/screen.hpp"

#include <algorithm>
#include <utility>

#include "client/prompt/line_editor.hpp"
#include "common/base/prompt_limits.hpp"
#include "common/base/utf8.hpp"

namespace parley::client::prompt {
namespace {

constexpr std::size_t least_width = 8;
constexpr const char* erase_below = "\x1b[J";

std::string move_up(std::size_t rows) { return rows == 0 ? "" : "\x1b[" + std::to_string(rows) + "A"; }
std::string move_right(std::size_t columns) { return columns == 0 ? "" : "\x1b[" + std::to_string(columns) + "C"; }

std::string colours_of(const Piece& piece) {
  static constexpr int colours[shades] = {31, 32, 33, 34, 35, 36};
  switch (piece.style) {
    case Style::plain: break;
    case Style::dim: return "\x1b[2m";
    case Style::strong: return "\x1b[1m";
    case Style::alarm: return "\x1b[31m";
    case Style::elsewhere: return "\x1b[33m";
    case Style::name: return "\x1b[1;" + std::to_string(colours[piece.shade % shades]) + "m";
  }
  return {};
}

/// As it is shown while it is typed: on one line, whatever is in it.
char32_t shown(char32_t point) { return point == U'\n' ? U'↵' : is_control(point) ? U' ' : point; }

}  // namespace

void Screen::resize(std::size_t columns, std::size_t rows) {
  columns_of_terminal_ = std::max<std::size_t>(columns, 1);
  // The last column is left free: terminals differ in what happens behind it.
  width_ = std::max(columns, least_width + 1) - 1;
  input_rows_ = std::clamp<std::size_t>(rows / 2, 1, limits::prompt_input_rows);
}

std::string Screen::show(const std::vector<Row>& rows, const Block& block) {
  Drawn drawn = draw(block);
  if (rows.empty() && drawn == drawn_) return {};
  std::string bytes = erase();
  for (const Row& row : rows) bytes += bytes_of(row) + "\r\n";
  drawn_ = std::move(drawn);
  return bytes + bytes_of(drawn_);
}

std::string Screen::show_again(const Block& block) {
  drawn_ = draw(block);
  return "\x1b[H" + std::string(erase_below) + bytes_of(drawn_);
}

std::string Screen::leave() {
  std::string bytes = erase();
  drawn_ = {};
  return bytes;
}

Screen::Drawn Screen::draw(const Block& block) const {
  // Rows of what is typed, each filled as far as it goes: where the cursor is follows from what was typed alone.
  const std::string label = shortened(columns_, block.label, width_ / 2 - 2) + "> ";
  const std::size_t label_width = columns_.of(label);
  std::vector<std::u32string> typed(1);
  std::size_t used = label_width;
  Drawn drawn;
  for (std::size_t at = 0; at <= block.text.size(); ++at) {
    const char32_t point = at < block.text.size() ? shown(block.text[at]) : U' ';
    const std::size_t wide = columns_.of(point);
    if (used + wide > width_) {
      typed.emplace_back();
      used = 0;
    }
    if (at == block.cursor) {
      drawn.cursor_row = typed.size() - 1;
      drawn.cursor_column = used;
    }
    if (at == block.text.size()) break;
    typed.back() += point;
    used += wide;
  }
  // Of many rows those around the cursor.
  const std::size_t first = drawn.cursor_row < input_rows_ ? 0 : drawn.cursor_row - input_rows_ + 1;
  const std::size_t last = std::min(typed.size(), first + input_rows_);
  drawn.rows = block.above;
  drawn.cursor_row += block.above.size() - first;
  for (std::size_t at = first; at < last; ++at) {
    Row row;
    if (at == 0) row.push_back({Style::strong, label});
    row.push_back({Style::plain, to_utf8(typed[at])});
    drawn.rows.push_back(std::move(row));
  }
  return drawn;
}

/// From wherever the cursor was put. A terminal that has become narrower has broken rows that were wider.
std::string Screen::erase() const {
  if (drawn_.rows.empty()) return {};
  std::size_t above = drawn_.cursor_column / columns_of_terminal_;
  for (std::size_t at = 0; at < drawn_.cursor_row; ++at) {
    const std::size_t width = width_of(columns_, drawn_.rows[at]);
    above += std::max<std::size_t>(1, (width + columns_of_terminal_ - 1) / columns_of_terminal_);
  }
  return "\r" + move_up(above) + erase_below;
}

std::string Screen::bytes_of(const Row& row) const {
  std::string bytes;
  for (const Piece& piece : row) {
    const std::string colours = has_colours_ ? colours_of(piece) : "";
    bytes += colours + piece.text + (colours.empty() ? "" : "\x1b[0m");
  }
  return bytes;
}

std::string Screen::bytes_of(const Drawn& drawn) const {
  std::string bytes;
  for (std::size_t at = 0; at < drawn.rows.size(); ++at) bytes += (at == 0 ? "" : "\r\n") + bytes_of(drawn.rows[at]);
  return bytes + "\r" + move_up(drawn.rows.size() - 1 - drawn.cursor_row) + move_right(drawn.cursor_column);
}

}  // namespace parley::client::prompt
