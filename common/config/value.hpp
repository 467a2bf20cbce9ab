#pragma once
#include <cstdint>
#include <expected>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

/// From the text of a flag or key to a value. Pure functions; texts may be anything.
namespace parley::config {

/// A value, or what is wrong with the text: a clause that reads on after the name of the flag or key, as in
/// `-tick-ms: "0" is out of range: 1 to 1000 ms`.
template <class T>
using Checked = std::expected<T, std::string>;

/// What a number may be, both ends included. Counted in `unit` (a word for people, may be empty), sizes in bytes.
struct Range {
  std::uint64_t min = 0;
  std::uint64_t max = std::numeric_limits<std::uint64_t>::max();
  std::string unit = {};
};

/// What a duration may be, in milliseconds, both ends included.
struct DurationRange {
  std::uint64_t min_ms = 0;
  std::uint64_t max_ms = std::numeric_limits<std::uint64_t>::max();
  /// Milliseconds that a number without unit counts: 1000 for seconds, 1 for milliseconds.
  std::uint64_t plain_ms = 1000;
};

/// Decimal digits alone: no sign, no space.
[[nodiscard]] Checked<std::uint64_t> read_number(std::string_view text, const Range& range);

/// Bytes: digits, then nothing or `B`, `KiB`, `MiB`, `GiB`, `TiB` (powers of 1024), `KB`, `MB`, `GB`, `TB` (powers of
/// 1000).
[[nodiscard]] Checked<std::uint64_t> read_size(std::string_view text, const Range& range);

/// Milliseconds: digits, perhaps with a decimal point, then `ms`, `s`, `m`, `h`, or nothing for the plain unit. One
/// number and one unit; a fraction of a millisecond is refused.
[[nodiscard]] Checked<std::uint64_t> read_duration_ms(std::string_view text, const DurationRange& range);

/// `true` or `false`.
[[nodiscard]] Checked<bool> read_bool(std::string_view text);

/// What stands between the commas; none may be empty.
[[nodiscard]] Checked<std::vector<std::string>> read_list(std::string_view text);

/// As read_size takes it, in the largest binary unit that leaves no remainder.
[[nodiscard]] std::string size_text(std::uint64_t bytes);
/// As read_duration_ms takes it, in the largest unit that leaves no remainder.
[[nodiscard]] std::string duration_text(std::uint64_t milliseconds);

/// The text for a message of one line: control characters are written `\xHH`, and what is too long is cut.
[[nodiscard]] std::string printable(std::string_view text);
/// The same in double quotes.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace parley::config
