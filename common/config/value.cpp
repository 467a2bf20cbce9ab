#include "common/config/value.hpp"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <optional>

namespace parley::config {
namespace {

/// Texts in messages are cut here, so that a message stays one line that a person reads.
constexpr std::size_t shown_characters = 120;

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::array binary_units = {Unit{"TiB", 1ULL << 40}, Unit{"GiB", 1ULL << 30}, Unit{"MiB", 1ULL << 20},
                                     Unit{"KiB", 1ULL << 10}, Unit{"B", 1}};
constexpr std::array decimal_units = {Unit{"KB", 1'000}, Unit{"MB", 1'000'000}, Unit{"GB", 1'000'000'000ULL},
                                      Unit{"TB", 1'000'000'000'000ULL}};
constexpr std::array duration_units = {Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1'000}, Unit{"ms", 1}};

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

bool all_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// `text` in front of what is no digit and no point, and the rest.
std::pair<std::string_view, std::string_view> split_unit(std::string_view text) {
  const std::size_t at = std::min(text.find_first_not_of("0123456789."), text.size());
  return {text.substr(0, at), text.substr(at)};
}

template <std::size_t N>
std::optional<std::uint64_t> factor_of(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return unit.factor;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> times(std::uint64_t number, std::uint64_t factor) {
  std::uint64_t product = 0;
  if (__builtin_mul_overflow(number, factor, &product)) return std::nullopt;
  return product;
}

std::unexpected<std::string> out_of_range(std::string_view text, std::string_view min, std::string_view max,
                                          std::string_view unit) {
  const std::string space = unit.empty() ? "" : " ";
  return std::unexpected(fmt::format("{} is out of range: {} to {}{}{}", in_quotes(text), min, max, space, unit));
}

/// Thousandths of the number `whole.fraction`, for at most three digits behind the point.
std::optional<std::uint64_t> thousandths(std::string_view number) {
  const std::size_t point = number.find('.');
  const std::string_view whole = number.substr(0, point);
  std::string fraction = point == std::string_view::npos ? "0" : std::string(number.substr(point + 1));
  if (!all_digits(whole) || !all_digits(fraction) || fraction.size() > 3) return std::nullopt;
  fraction.resize(3, '0');
  const auto high = digits(whole);
  const auto scaled = high ? times(*high, 1000) : std::nullopt;
  std::uint64_t sum = 0;
  if (!scaled || __builtin_add_overflow(*scaled, *digits(fraction), &sum)) return std::nullopt;
  return sum;
}

}  // namespace

Checked<std::uint64_t> read_number(std::string_view text, const Range& range) {
  const auto too_far = [&] {
    return out_of_range(text, std::to_string(range.min), std::to_string(range.max), range.unit);
  };
  // A sign is told apart from nonsense: what is wrong with -5 is that it is below 0.
  const bool negative = text.starts_with('-');
  if (!all_digits(text.substr(negative ? 1 : 0)))
    return std::unexpected("expected a whole number, found " + in_quotes(text));
  if (negative) return too_far();
  const auto number = digits(text);
  if (!number || *number < range.min || *number > range.max) return too_far();
  return *number;
}

Checked<std::uint64_t> read_size(std::string_view text, const Range& range) {
  const auto [number, unit] = split_unit(text);
  const auto factor =
      factor_of(binary_units, unit.empty() ? "B" : unit).or_else([&] { return factor_of(decimal_units, unit); });
  if (!all_digits(number) || !factor) {
    return std::unexpected(
        fmt::format("expected a size such as 4096, 64MiB or 8GiB (B, KiB, MiB, GiB, TiB, KB, MB, GB, TB), found {}",
                    in_quotes(text)));
  }
  const auto count = digits(number);
  const auto bytes = count ? times(*count, *factor) : std::nullopt;
  if (!bytes || *bytes < range.min || *bytes > range.max) {
    return out_of_range(text, size_text(range.min), size_text(range.max), "");
  }
  return *bytes;
}

Checked<std::uint64_t> read_duration_ms(std::string_view text, const DurationRange& range) {
  const auto [number, unit] = split_unit(text);
  const auto factor = unit.empty() ? range.plain_ms : factor_of(duration_units, unit);
  const auto wrong = [&] {
    return std::unexpected(
        fmt::format("expected a duration such as 250ms or 5s (ms, s, m, h), found {}", in_quotes(text)));
  };
  const std::string_view whole = number.substr(0, number.find('.'));
  if (!all_digits(whole) || !factor) return wrong();
  const auto too_far = [&] { return out_of_range(text, duration_text(range.min_ms), duration_text(range.max_ms), ""); };
  if (!digits(whole)) return too_far();
  const auto scaled = thousandths(number);
  // Only a number whose digits are well formed can be too large.
  if (!scaled) return number.find('.') == std::string_view::npos ? too_far() : wrong();
  const auto product = times(*scaled, *factor);
  if (product && *product % 1000 != 0) return wrong();
  if (!product || *product / 1000 < range.min_ms || *product / 1000 > range.max_ms) return too_far();
  return *product / 1000;
}

Checked<bool> read_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::unexpected("expected true or false, found " + in_quotes(text));
}

Checked<std::vector<std::string>> read_list(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    const std::size_t comma = text.find(',');
    if (text.substr(0, comma).empty()) return std::unexpected("between two commas, or beside one, there is nothing");
    items.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

std::string size_text(std::uint64_t bytes) {
  if (bytes == std::numeric_limits<std::uint64_t>::max()) return "any";
  for (const Unit& unit : binary_units) {
    if (bytes % unit.factor == 0 && bytes != 0) return fmt::format("{}{}", bytes / unit.factor, unit.name);
  }
  return "0B";
}

std::string duration_text(std::uint64_t milliseconds) {
  if (milliseconds == std::numeric_limits<std::uint64_t>::max()) return "any";
  for (const Unit& unit : duration_units) {
    if (milliseconds % unit.factor == 0 && milliseconds != 0)
      return fmt::format("{}{}", milliseconds / unit.factor, unit.name);
  }
  return "0ms";
}

std::string printable(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, shown_characters)) {
    const auto byte = static_cast<unsigned char>(c);
    // A value must not be able to write on someone's terminal.
    if (byte < 0x20 || byte == 0x7f) {
      shown += fmt::format("\\x{:02x}", byte);
    } else {
      shown += c;
    }
  }
  return text.size() > shown_characters ? shown + "..." : shown;
}

std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", printable(text)); }

}  // namespace parley::config
