#include "common/base/json_object.hpp"

#include "common/base/base64.hpp"
#include "common/base/hex.hpp"
#include "common/base/utf8.hpp"

namespace parley {

JsonObject& JsonObject::number(std::string_view name, std::uint64_t value) { return json(name, std::to_string(value)); }

JsonObject& JsonObject::truth(std::string_view name, bool value) { return json(name, value ? "true" : "false"); }

JsonObject& JsonObject::null(std::string_view name) { return json(name, "null"); }

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  this->name(name);
  quoted(value);
  return *this;
}

JsonObject& JsonObject::bytes(std::string_view name, BytesView value) {
  if (is_utf8(value)) return text(name, value);
  this->name(name, "_base64");
  text_ += '"' + to_base64(value) + '"';
  return *this;
}

JsonObject& JsonObject::json(std::string_view name, std::string_view value) {
  this->name(name);
  text_ += value;
  return *this;
}

void JsonObject::name(std::string_view name, std::string_view behind) {
  if (text_.size() > 1) text_ += ',';
  text_ += '"';
  text_ += name;
  text_ += behind;
  text_ += "\":";
}

/// RFC 8259: quotes, backslashes and control characters are escaped, nothing else has to be.
void JsonObject::quoted(std::string_view text) {
  text_ += '"';
  for (const char c : text) {
    switch (c) {
      case '"': text_ += "\\\""; break;
      case '\\': text_ += "\\\\"; break;
      case '\n': text_ += "\\n"; break;
      case '\r': text_ += "\\r"; break;
      case '\t': text_ += "\\t"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          text_ += "\\u00" + to_hex({&c, 1});
        } else {
          text_ += c;
        }
    }
  }
  text_ += '"';
}

JsonArray& JsonArray::json(std::string_view value) {
  if (text_.size() > 1) text_ += ',';
  text_ += value;
  return *this;
}

}  // namespace parley
