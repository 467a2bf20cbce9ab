#include <catch2/catch.hpp>

#include <vector>

#include "common/base/base64.hpp"
#include "common/base/utf8.hpp"

using namespace parley;

TEST_CASE("base64 is that of RFC 4648") {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"},
                                                         {std::string("\0\xff\xfe", 3), "AP/+"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(to_base64(bytes) == text);
    CHECK(from_base64(text) == bytes);
  }
}

TEST_CASE("what is not base64 is refused") {
  for (const char* text : {"Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Zm9-", "Zm 9", "Zh==", "Zm9=", "=Zm9", "Z=m9"}) {
    INFO(text);
    CHECK_FALSE(from_base64(text).has_value());
  }
}

namespace {

std::string utf8(char32_t point) {
  const auto byte = [](char32_t bits) { return static_cast<char>(bits); };
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0 | point >> 6), byte(0x80 | (point & 0x3F))};
  if (point < 0x10000) return {byte(0xE0 | point >> 12), byte(0x80 | (point >> 6 & 0x3F)), byte(0x80 | (point & 0x3F))};
  return {byte(0xF0 | point >> 18), byte(0x80 | (point >> 12 & 0x3F)), byte(0x80 | (point >> 6 & 0x3F)),
          byte(0x80 | (point & 0x3F))};
}

}  // namespace

TEST_CASE("every code point but the surrogates has one form in UTF-8, and that is taken") {
  for (char32_t point = 0; point < 0x110000; ++point) {
    const std::string text = utf8(point);
    const bool is_surrogate = point >= 0xD800 && point < 0xE000;
    if (is_utf8(text) == is_surrogate) FAIL("U+" << std::hex << static_cast<std::uint32_t>(point));
    if (is_surrogate) continue;
    BytesView rest = text;
    if (take_code_point(rest) != point || !rest.empty()) FAIL("U+" << std::hex << static_cast<std::uint32_t>(point));
  }
}

TEST_CASE("what is ill-formed in Unicode's table 3-7 is not UTF-8") {
  const std::vector<std::pair<const char*, std::string>> table = {
      {"a continuation alone", "\x80"},
      {"the last continuation alone", "\xbf"},
      {"a lead alone, two bytes", "\xc3"},
      {"a lead alone, three bytes", "\xe2"},
      {"a lead alone, four bytes", "\xf0"},
      {"cut behind the second of three", "\xe2\x82"},
      {"cut behind the second of four", "\xf0\x9f"},
      {"cut behind the third of four", "\xf0\x9f\x98"},
      {"a lead before an ASCII byte", "\xc3\x28"},
      {"a lead before a lead", "\xc3\xc3"},
      {"the third byte is none", "\xe2\x82\x28"},
      {"the fourth byte is none", "\xf0\x9f\x98\x28"},
      {"overlong NUL in two bytes", "\xc0\x80"},
      {"overlong slash in two bytes", "\xc0\xaf"},
      {"the last overlong form in two bytes", "\xc1\xbf"},
      {"overlong NUL in three bytes", std::string("\xe0\x80\x80")},
      {"the last overlong form in three bytes", "\xe0\x9f\xbf"},
      {"overlong NUL in four bytes", "\xf0\x80\x80\x80"},
      {"the last overlong form in four bytes", "\xf0\x8f\xbf\xbf"},
      {"the first high surrogate", "\xed\xa0\x80"},
      {"the last high surrogate", "\xed\xaf\xbf"},
      {"the first low surrogate", "\xed\xb0\x80"},
      {"the last low surrogate", "\xed\xbf\xbf"},
      {"a pair of surrogates, as CESU-8 has it", "\xed\xa0\xbd\xed\xb8\x80"},
      {"U+110000", "\xf4\x90\x80\x80"},
      {"a lead for beyond U+10FFFF", "\xf5\x80\x80\x80"},
      {"a form of five bytes", "\xf8\x88\x80\x80\x80"},
      {"a form of six bytes", "\xfc\x84\x80\x80\x80\x80"},
      {"bytes that are never there", "\xfe\xff"},
      {"good behind bad", "\xff good"},
      {"bad behind good", "good \xe2\x82\xac\xff"},
  };
  for (const auto& [what, bytes] : table) {
    INFO(what);
    CHECK_FALSE(is_utf8(bytes));
  }
}

TEST_CASE("the edges of each length are UTF-8, noncharacters and NUL too") {
  for (const char32_t point : {0x0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFDD0, 0xFEFF, 0xFFFD, 0xFFFE, 0xFFFF,
                               0x10000, 0x1F600, 0x1FFFE, 0x10FFFF}) {
    INFO(static_cast<std::uint32_t>(point));
    CHECK(is_utf8(utf8(point)));
    CHECK(is_utf8("a" + utf8(point) + utf8(point)));
  }
  CHECK(is_utf8(""));
  CHECK(count_code_points("") == 0);
  CHECK(count_code_points("ab") == 2);
  CHECK(count_code_points("\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80!") == 4);
}

TEST_CASE("controls are told from what is printed, and blanks from both") {
  for (const char32_t point : {0x0, 0x9, 0xA, 0xD, 0x1B, 0x1F, 0x7F, 0x80, 0x85, 0x9F, 0x2028, 0x2029}) {
    INFO(static_cast<std::uint32_t>(point));
    CHECK(is_control(point));
    CHECK_FALSE(is_blank(point));
  }
  for (const char32_t point : {0x20, 0xA0, 0x1680, 0x2000, 0x200A, 0x202F, 0x205F, 0x3000}) {
    INFO(static_cast<std::uint32_t>(point));
    CHECK(is_blank(point));
    CHECK_FALSE(is_control(point));
  }
  for (const char32_t point : {0x21, 0x7E, 0xA1, 0x1FFF, 0x200B, 0x2027, 0x202A, 0x3001, 0xFEFF, 0x10FFFF}) {
    INFO(static_cast<std::uint32_t>(point));
    CHECK_FALSE(is_control(point));
    CHECK_FALSE(is_blank(point));
  }
}

TEST_CASE("what is shown on a line of a terminal has no controls") {
  CHECK(without_controls("a b \\ \xe2\x82\xac") == "a b \\ \xe2\x82\xac");
  CHECK(without_controls("a\nb\tc\r") == "a\\nb\\tc\\r");
  CHECK(without_controls(std::string("\0\x1b[2J\x7f", 6)) == "\\x00\\x1b[2J\\x7f");
  CHECK(without_controls("\xc2\x85\xe2\x80\xa8") == "\\x85\\u2028");
}
