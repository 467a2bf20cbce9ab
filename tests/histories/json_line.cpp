#include "tests/histories/json_line.hpp"

#include <algorithm>
#include <charconv>

namespace parley::histories {
namespace {

bool is_plain(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

/// What is left of a line, from which parts are taken.
class Rest {
 public:
  explicit Rest(std::string_view text) : text_(text) {}
  [[nodiscard]] bool is_empty() const { return text_.empty(); }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool take_text(std::string_view& text) {
    if (!take('"')) return false;
    const auto end = std::ranges::find_if_not(text_, is_plain);
    text = text_.substr(0, static_cast<std::size_t>(end - text_.begin()));
    text_.remove_prefix(text.size());
    return take('"');
  }
  bool take_number(std::uint64_t& number) {
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), number);
    if (error != std::errc{}) return false;
    const bool is_padded = text_.front() == '0' && end != text_.data() + 1;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return !is_padded;
  }

 private:
  std::string_view text_;
};

bool take_field(Rest& rest, JsonField& field) {
  if (!rest.take_text(field.name) || !rest.take(':')) return false;
  std::string_view text;
  std::uint64_t number = 0;
  if (rest.take_number(number)) {
    field.value = number;
    return true;
  }
  if (!rest.take_text(text)) return false;
  field.value = text;
  return true;
}

}  // namespace

Result<std::vector<JsonField>> read_json_line(std::string_view line) {
  Rest rest(line);
  std::vector<JsonField> fields;
  bool is_good = rest.take('{');
  while (is_good && !rest.take('}')) {
    JsonField field;
    is_good = (fields.empty() || rest.take(',')) && take_field(rest, field);
    const bool is_new = std::ranges::find(fields, field.name, &JsonField::name) == fields.end();
    if (is_good && !is_new) return fail(ErrorCode::corrupt, std::string(field.name) + " is there twice");
    fields.push_back(field);
  }
  if (!is_good || !rest.is_empty()) return fail(ErrorCode::corrupt, "this is no flat JSON object");
  return fields;
}

void JsonLine::begin_field(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  text_ += '"';
  text_ += name;
  text_ += "\":";
}

JsonLine& JsonLine::add(std::string_view name, std::uint64_t value) {
  begin_field(name);
  text_ += std::to_string(value);
  return *this;
}

JsonLine& JsonLine::add(std::string_view name, std::string_view value) {
  begin_field(name);
  text_ += '"';
  std::ranges::transform(value, std::back_inserter(text_), [](char c) { return is_plain(c) ? c : '?'; });
  text_ += '"';
  return *this;
}

}  // namespace parley::histories
