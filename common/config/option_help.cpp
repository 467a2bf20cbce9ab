#include <fmt/core.h>

#include "common/config/option_table.hpp"

namespace parley::config {
namespace {

constexpr std::size_t help_columns = 96;
constexpr std::string_view indent = "        ";

/// The text broken at spaces, each line indented and ended.
std::string wrapped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t end = std::min(text.size(), help_columns - indent.size());
    if (end < text.size()) {
      const std::size_t space = text.rfind(' ', end);
      end = space == std::string_view::npos || space == 0 ? std::min(text.find(' '), text.size()) : space;
    }
    out += fmt::format("{}{}\n", indent, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

std::string OptionTable::help() const {
  std::string out;
  for (const std::string& line : usage_) out += fmt::format("{}{}\n", out.empty() ? "usage: " : "       ", line);
  out += "\nflags, written -NAME VALUE or -NAME=VALUE:\n";
  std::string keys;
  for (const Option& option : options_) {
    const bool flag = option.about.where != Where::key_only;
    const std::string mark = config_file_ && option.about.where == Where::flag_only ? " *" : "";
    const std::string value = option.about.value.empty() ? "" : " " + option.about.value;
    const std::string line = fmt::format("  {}{}{}{}\n", flag ? "-" : "", option.name, value, mark);
    std::string words = option.about.meaning;
    if (!option.range.empty()) words += fmt::format("; {}", option.range);
    if (option.about.required) {
      words += " (required)";
    } else if (option.about.shown_default != "-") {
      words += fmt::format(" (default {})", option.about.shown_default);
    }
    (flag ? out : keys) += line + wrapped(words);
  }
  if (config_file_) out += "\nA flag without * is also a key of the file given with -config.\n";
  if (!keys.empty()) out += "\nkeys of the file alone:\n" + keys;
  return out;
}

}  // namespace parley::config
