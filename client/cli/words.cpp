#include "client/cli/words.hpp"

namespace parley::client::cli {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view without_end_of_line(std::string_view line) {
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

Result<std::vector<std::string>> dashed(std::string command, std::string_view rest) {
  if (rest.empty()) return fail(ErrorCode::usage, command + "-KEY: the key is missing");
  if (command != "set") return std::vector<std::string>{std::move(command), "--", std::string(rest)};
  const std::size_t dash = rest.find('-');
  if (dash == std::string_view::npos || dash == 0)
    return fail(ErrorCode::usage, "set-KEY-VALUE: key or value is missing");
  return std::vector<std::string>{std::move(command), "--", std::string(rest.substr(0, dash)),
                                  std::string(rest.substr(dash + 1))};
}

/// Takes one word from the front of `line`; false if a quote is not closed.
bool take_word(std::string_view& line, std::string& word) {
  char quote = 0;
  while (!line.empty() && (quote != 0 || !is_blank(line.front()))) {
    const char c = line.front();
    line.remove_prefix(1);
    if (c == '\\' && quote != '\'' && !line.empty()) {
      word += line.front();
      line.remove_prefix(1);
    } else if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      word += c;
    }
  }
  return quote == 0;
}

}  // namespace

Result<std::vector<std::string>> split_line(std::string_view line) {
  line = without_end_of_line(line);
  while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
  for (const std::string_view command : {"get", "set", "delete"}) {
    if (line.starts_with(command) && line.substr(command.size()).starts_with('-')) {
      return dashed(std::string(command), line.substr(command.size() + 1));
    }
  }
  std::vector<std::string> words;
  while (!line.empty()) {
    if (is_blank(line.front())) {
      line.remove_prefix(1);
      continue;
    }
    std::string word;
    if (!take_word(line, word)) return fail(ErrorCode::usage, "a quote is not closed");
    words.push_back(std::move(word));
  }
  return words;
}

}  // namespace parley::client::cli
