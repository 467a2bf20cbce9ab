#include "common/base/utf8.hpp"

#include "common/base/ensure.hpp"
#include "common/base/hex.hpp"

namespace parley {

bool is_utf8(BytesView bytes) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  for (std::size_t at = 0; at < bytes.size();) {
    const unsigned lead = byte(at);
    const std::size_t size = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
    if (size == 0 || at + size > bytes.size()) return false;
    for (std::size_t i = 1; i < size; ++i) {
      if ((byte(at + i) & 0xC0) != 0x80) return false;
    }
    // What the first continuation may not be: overlong forms, surrogates, beyond the last code point.
    const unsigned second = size > 1 ? byte(at + 1) : 0;
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F)) return false;
    if ((lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F)) return false;
    at += size;
  }
  return true;
}

char32_t take_code_point(BytesView& text) {
  ENSURE(!text.empty());
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  ENSURE_LE(size, text.size());
  char32_t point = size == 1 ? lead : lead & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i) point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  text.remove_prefix(size);
  return point;
}

std::size_t count_code_points(BytesView text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

bool is_control(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x2028 || point == 0x2029;
}

bool is_blank(char32_t point) {
  return point == 0x20 || point == 0xA0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200A) || point == 0x202F ||
         point == 0x205F || point == 0x3000;
}

Bytes without_controls(BytesView text) {
  Bytes shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const BytesView before = text;
    const char32_t point = take_code_point(text);
    if (!is_control(point)) {
      shown += before.substr(0, before.size() - text.size());
    } else if (point == '\n' || point == '\r' || point == '\t') {
      shown += point == '\n' ? "\\n" : point == '\r' ? "\\r" : "\\t";
    } else if (point <= 0xFF) {
      shown += "\\x" + to_hex(Bytes(1, static_cast<char>(point)));
    } else {
      shown += "\\u" + to_hex(Bytes{static_cast<char>(point >> 8), static_cast<char>(point)});
    }
  }
  return shown;
}

}  // namespace parley
