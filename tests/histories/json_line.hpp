#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/base/result.hpp"

/// The little JSON of FORMAT.md: objects of numbers and of texts in which nothing is escaped.
namespace parley::histories {

struct JsonField {
  std::string_view name;
  std::variant<std::uint64_t, std::string_view> value;
};

/// The views live as long as `line`. Fails with ErrorCode::corrupt.
[[nodiscard]] Result<std::vector<JsonField>> read_json_line(std::string_view line);

/// Writes an object, field by field.
class JsonLine {
 public:
  JsonLine& add(std::string_view name, std::uint64_t value);
  /// What cannot stand in a text is written `?`.
  JsonLine& add(std::string_view name, std::string_view value);
  /// The whole line with its newline.
  [[nodiscard]] std::string finish() const { return text_ + "}\n"; }

 private:
  void begin_field(std::string_view name);
  std::string text_ = "{";
};

}  // namespace parley::histories
