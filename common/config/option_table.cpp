#include "common/config/option_table.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "common/base/ensure.hpp"

namespace parley::config {
namespace {

constexpr std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();

/// "1 to 1000 ms", "at least 8MiB", "at most 10s", or nothing if there is no bound.
std::string range_words(bool from_zero, bool to_anything, const std::string& min, const std::string& max,
                        const std::string& unit) {
  const std::string tail = unit.empty() ? "" : " " + unit;
  if (from_zero && to_anything) return unit;
  if (to_anything) return fmt::format("at least {}{}", min, tail);
  if (from_zero) return fmt::format("at most {}{}", max, tail);
  return fmt::format("{} to {}{}", min, max, tail);
}

/// The setter of an option whose text `read` turns into what `into` holds.
template <class T, class Read>
auto store(T* into, Read read) {
  return [into, read](std::span<const std::string> items) -> Checked<void> {
    const auto value = read(items.front());
    if (!value) return std::unexpected(value.error());
    *into = *value;
    return {};
  };
}

}  // namespace

std::string Parsed::origin(const std::string& name) const {
  const auto at = origins.find(name);
  return at == origins.end() ? fmt::format("-{} (its default)", name) : at->second;
}

OptionTable::OptionTable(std::vector<std::string> usage) : usage_(std::move(usage)) {
  bool unused = false;
  flag("help", &unused, {.meaning = "print this and stop", .shown_default = "-", .where = Where::flag_only});
  flag("version", &unused, {.meaning = "print the version and stop", .shown_default = "-", .where = Where::flag_only});
  // The parser stops at these two; nothing is ever stored for them.
  for (Option& option : options_) option.set = [](Items) -> Checked<void> { return {}; };
}

void OptionTable::add(Option option, std::string_view value_word, std::string default_text) {
  ENSURE(!option.name.empty() && !option.name.starts_with('-') && option.name.find('=') == std::string::npos);
  ENSURE(find(option.name) == nullptr);
  ENSURE(option.about.same_as.empty() || find(option.about.same_as) != nullptr);
  if (option.about.value.empty()) option.about.value = value_word;
  if (option.about.shown_default.empty())
    option.about.shown_default = default_text.empty() ? "none" : std::move(default_text);
  options_.push_back(std::move(option));
}

const OptionTable::Option* OptionTable::find(std::string_view name) const {
  const auto at = std::ranges::find(options_, name, &Option::name);
  return at == options_.end() ? nullptr : &*at;
}

OptionTable::Option OptionTable::text_option(std::string name, About about, Setter set) {
  return {std::move(name), std::move(about), Shape::single, {FileKind::text}, "", std::move(set)};
}

void OptionTable::text(std::string name, std::string* into, About about) {
  const auto as_it_is = [](const std::string& text) -> Checked<std::string> { return text; };
  add(text_option(std::move(name), std::move(about), store(into, as_it_is)), "TEXT", *into);
}

void OptionTable::number(std::string name, std::uint64_t* into, Range range, About about) {
  Option option{std::move(name), std::move(about), Shape::single, {FileKind::number}, "", {}};
  const auto digits = [](std::uint64_t number) { return std::to_string(number); };
  option.range = range_words(range.min == 0, range.max == unbounded, digits(range.min), digits(range.max), range.unit);
  option.set = store(into, [range](const std::string& text) { return read_number(text, range); });
  add(std::move(option), "N", std::to_string(*into));
}

void OptionTable::size(std::string name, std::uint64_t* into, Range range, About about) {
  Option option{std::move(name), std::move(about), Shape::single, {FileKind::text, FileKind::number}, "", {}};
  option.range = range_words(range.min == 0, range.max == unbounded, size_text(range.min), size_text(range.max), "");
  option.set = store(into, [range](const std::string& text) { return read_size(text, range); });
  add(std::move(option), "SIZE", size_text(*into));
}

void OptionTable::duration(std::string name, std::uint64_t* into_ms, DurationRange range, About about) {
  Option option{std::move(name), std::move(about), Shape::single, {FileKind::text, FileKind::number}, "", {}};
  const std::string bounds = range_words(range.min_ms == 0, range.max_ms == unbounded, duration_text(range.min_ms),
                                         duration_text(range.max_ms), "");
  option.range =
      fmt::format("{}{}a number alone counts {}", bounds, bounds.empty() ? "" : "; ", duration_text(range.plain_ms));
  option.set = store(into_ms, [range](const std::string& text) { return read_duration_ms(text, range); });
  add(std::move(option), "DURATION", duration_text(*into_ms));
}

void OptionTable::flag(std::string name, bool* into, About about) {
  Option option{std::move(name), std::move(about), Shape::boolean, {FileKind::boolean}, "", store(into, read_bool)};
  add(std::move(option), "", *into ? "true" : "off");
}

void OptionTable::choice(std::string name, std::string* into, std::vector<std::string> words, About about) {
  add_choice(
      std::move(name), words, [into, words](std::size_t place) { *into = words[place]; }, *into, std::move(about));
}

void OptionTable::add_choice(std::string name, std::vector<std::string> words, std::function<void(std::size_t)> choose,
                             std::string default_text, About about) {
  const std::string all = fmt::format("{}", fmt::join(words, "|"));
  Option option = text_option(std::move(name), std::move(about), [words, choose, all](Items items) -> Checked<void> {
    const auto at = std::ranges::find(words, items.front());
    if (at == words.end()) return std::unexpected(fmt::format("expected {}, found {}", all, in_quotes(items.front())));
    choose(static_cast<std::size_t>(at - words.begin()));
    return {};
  });
  add(std::move(option), all, std::move(default_text));
}

void OptionTable::list(std::string name, std::vector<std::string>* into, About about) {
  if (about.shown_default.empty()) about.shown_default = fmt::format("{}", fmt::join(*into, ","));
  const auto as_it_is = [](std::string_view text) -> Checked<std::string> { return std::string(text); };
  parsed_list<std::string>(std::move(name), into, as_it_is, std::move(about));
}

void OptionTable::config_file(std::vector<std::filesystem::path> otherwise, std::string unless_given) {
  const std::string shown = otherwise.empty() ? "none" : otherwise.front().filename().string();
  Option option = text_option("config",
                              {.meaning = "the TOML file with more options; a flag wins over it",
                               .value = "FILE",
                               .shown_default = shown,
                               .where = Where::flag_only},
                              [](Items) -> Checked<void> { return {}; });
  add(std::move(option), "FILE", "");
  config_file_ = ConfigFile{std::move(otherwise), std::move(unless_given)};
}

}  // namespace parley::config
