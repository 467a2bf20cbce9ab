#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/bytes.hpp"

namespace parley {

/// One JSON object that is written, its members in the order in which they are added. Names are plain words.
class JsonObject {
 public:
  JsonObject& number(std::string_view name, std::uint64_t value);
  JsonObject& truth(std::string_view name, bool value);
  JsonObject& null(std::string_view name);
  /// UTF-8.
  JsonObject& text(std::string_view name, std::string_view value);
  /// Anything: under NAME if it is UTF-8, else in base64 under NAME_base64, as `parley batch` does.
  JsonObject& bytes(std::string_view name, BytesView value);
  /// What is JSON already.
  JsonObject& json(std::string_view name, std::string_view value);
  /// The object, without an end of line.
  [[nodiscard]] std::string done() && { return std::move(text_ += '}'); }

 private:
  void name(std::string_view name, std::string_view behind = {});
  void quoted(std::string_view text);

  std::string text_ = "{";
};

/// One JSON array that is written.
class JsonArray {
 public:
  JsonArray& json(std::string_view value);
  [[nodiscard]] std::string done() && { return std::move(text_ += ']'); }

 private:
  std::string text_ = "[";
};

}  // namespace parley
