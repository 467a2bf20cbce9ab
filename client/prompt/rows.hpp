#pragma once
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "client/prompt/columns.hpp"
#include "client/prompt/line.hpp"
#include "client/prompt/outbox.hpp"

/// How lines look on a terminal: rows no wider than it, of pieces that each have one style, free of controls.
namespace parley::client::prompt {

enum class Style : std::uint8_t { plain, dim, strong, alarm, elsewhere, name };

struct Piece {
  Style style = Style::plain;
  std::string text;
  std::uint8_t shade = 0;  ///< of a name: which of `shades` colours
  friend bool operator==(const Piece&, const Piece&) = default;
};
inline constexpr std::uint8_t shades = 6;
using Row = std::vector<Piece>;

struct Look {
  const Columns& columns;
  std::size_t width = 80;
  /// Seconds since 1970 as people there write them.
  std::tm (*clock)(std::time_t) = nullptr;
};
/// As the machine has it.
[[nodiscard]] std::tm local_time(std::time_t since_1970);

/// Parted at blanks where a row would be too wide, in the middle of a word where there are none. At least one row.
/// `taken`: columns of the first row that are not free; it may be left empty.
[[nodiscard]] std::vector<std::string> wrapped(const Columns& columns, std::string_view text, std::size_t width,
                                               std::size_t taken = 0);
/// What fits, with `…` in place of what does not.
[[nodiscard]] std::string shortened(const Columns& columns, std::string_view text, std::size_t width);
[[nodiscard]] std::size_t width_of(const Columns& columns, const Row& row);

/// None for what such a terminal shows otherwise.
[[nodiscard]] std::vector<Row> rows_of(const Line& line, const Look& look);
/// A row for each message that is not done with, of the last some.
[[nodiscard]] std::vector<Row> rows_of(const Outbox& outbox, const Look& look);

/// A typed line that waits for something before it.
[[nodiscard]] Row waiting_row(std::string_view line, const Look& look);

/// Says on which day a line was said, whenever that is another than that of the line before it.
class DayMarks {
 public:
  /// Empty, or `Saturday, 22 November 2025`.
  [[nodiscard]] std::string before(const Line& line, const Look& look);

 private:
  std::string day_;
};

}  // namespace parley::client::prompt
