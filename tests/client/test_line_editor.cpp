#include <catch2/catch.hpp>

#include "client/prompt/line_editor.hpp"
#include "client/prompt/screen.hpp"

using namespace parley::client::prompt;
using Effect = LineEditor::Effect;

namespace {

/// An editor at the end of a line of keys.
struct Typing {
  explicit Typing(std::size_t longest = 1000, std::size_t remembered = 3) : editor(columns, longest, remembered) {}

  /// Gives what the last key did.
  Effect type(std::string_view bytes) {
    Effect effect = Effect::nothing;
    for (const Key& key : decoder.take(bytes)) {
      effect = editor.take(key);
      if (effect == Effect::entered) entered.push_back(editor.take_line());
    }
    return effect;
  }
  /// The line, with the cursor as a bar.
  [[nodiscard]] std::string line() const {
    const std::string before = editor.before_cursor();
    return before + "|" + to_utf8(editor.text()).substr(before.size());
  }

  Columns columns;
  KeyDecoder decoder;
  LineEditor editor;
  std::vector<std::string> entered;
};

const std::string left = "\x1b[D";
const std::string right = "\x1b[C";
const std::string up = "\x1b[A";
const std::string down = "\x1b[B";

}  // namespace

TEST_CASE("what is typed is edited as people are used to") {
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"text is put where the cursor is", "ab" + left + "c", "ac|b"},
      {"the cursor stays within the line", left + "a" + right + right + "b", "ab|"},
      {"home and end, in all their forms",
       "ab\x01"
       "c\x1b[Fd\x1b[He\x1bOFf\x1b[1~g\x1b[4~h\x05i",
       "gecabdfhi|"},
      {"backspace, of both kinds",
       "abc\x7f\x08"
       "d",
       "ad|"},
      {"delete and Ctrl-D take what is under the cursor", "abcd" + left + left + left + "\x1b[3~\x04", "a|d"},
      {"Ctrl-U and Ctrl-K cut, Ctrl-Y puts back", "abcd" + left + left + "\x15\x0b\x19\x19", "cdcd|"},
      {"Ctrl-W takes a word and the blanks behind it", "one two  \x17three", "one three|"},
      {"words are gone by",
       "one two three\x1b[1;5D\x1b"
       "b\x1b[1;5CX\x1b"
       "fY",
       "one twoX threeY|"},
      {"wide characters are one step", "漢字" + left + "x", "漢x|字"},
      {"marks belong to what they stand over", "e\u0301x" + left + left + "y", "y|e\u0301x"},
      {"and go with it", "ae\u0301\x7f", "a|"},
      {"Alt-Enter parts lines of one message", "a\x1b\rb", "a\nb|"},
      {"Ctrl-C gives the line up", "abc\x03x", "x|"},
      {"other controls and keys are nothing",
       "a\x1c\x1d\x1b[5~\x1b[24;2~\x1bq\x1b[M\x1f"
       "b",
       "ab|"},
      {"what is no UTF-8 is left out",
       "a\xff\xc3(\xe2\x82"
       "b\x80",
       "a(b|"},
      {"pasted ends of lines are no Enter", "\x1b[200~a\r\nb\nc\td\x1b[201~e", "a\nb\nc\tde|"},
      {"pasted controls do nothing", "x\x1b[200~\x03\x15y\x04\x1b[201~", "xy|"},
  };
  for (const auto& [name, keys, line] : table) {
    DYNAMIC_SECTION(name) {
      Typing at_once;
      at_once.type(keys);
      CHECK(at_once.line() == line);
      CHECK(at_once.entered.empty());
    }
  }
}

TEST_CASE("sequences and characters may come in pieces") {
  Typing f;
  for (const std::string piece : {"a", "\xc3", "\xa9", "\x1b", "[", "D", "\x1b[", "1;5", "D", "x"}) f.type(piece);
  CHECK(f.line() == "x|aé");
  // The key Escape alone takes nothing of what is typed next.
  f.type("\x1b");
  f.type("b");
  CHECK(f.line() == "xb|aé");
}

TEST_CASE("lines are entered, and had back") {
  Typing f;
  CHECK(f.type("one\r") == Effect::entered);
  f.type("two\ntwo\rthree\rfour\r");
  CHECK(f.entered == std::vector<std::string>{"one", "two", "two", "three", "four"});
  CHECK(f.type(down) == Effect::nothing);
  f.type("begun" + up);
  CHECK(f.line() == "four|");
  f.type(up + "!" + up);
  CHECK(f.line() == "two|");
  CHECK(f.type(up) == Effect::nothing);  // three are remembered, and the same line twice is one
  f.type(down + down);
  CHECK(f.line() == "four|");
  f.type(down);
  CHECK(f.line() == "begun|");
  f.type(up + "\r");
  CHECK(f.entered.back() == "four");
}

TEST_CASE("keys that are not for the line are told") {
  Typing f;
  CHECK(f.type("\x03") == Effect::interrupted);
  CHECK(f.type("\x04") == Effect::ended);
  CHECK(f.type("\x1a") == Effect::suspended);
  CHECK(f.type("\x0c") == Effect::draw_again);
  CHECK(f.type("\t") == Effect::complete);
  f.type("a");
  CHECK(f.type("\x03") == Effect::changed);
  CHECK(f.type("a\x04") == Effect::nothing);
}

TEST_CASE("a line is never longer than it may be") {
  Typing f(5);
  CHECK(f.type("abcd") == Effect::changed);
  CHECK(f.type("é") == Effect::refused);
  CHECK(f.type("e") == Effect::changed);
  CHECK(f.type("f") == Effect::refused);
  CHECK(f.line() == "abcde|");
  f.type("\x15\x19\x19");
  CHECK(f.line() == "abcde|");
}

TEST_CASE("what happens is written above the line that is being typed") {
  const Columns columns;
  Screen screen(columns, false);
  screen.resize(21, 10);
  const std::u32string text = U"hello";
  CHECK(screen.show({}, {{}, "tea", text, 5}) == "tea> hello\r\x1b[10C");
  CHECK(screen.show({}, {{}, "tea", text, 5}).empty());
  CHECK(screen.show({{{Style::plain, "said"}}}, {{}, "tea", text, 3}) == "\r\x1b[Jsaid\r\ntea> hello\r\x1b[8C");
  // Rows above it, and a line that needs several: each ends before the last column.
  const std::u32string longer = U"0123456789abcdefghij字klm";
  const Row waits{{Style::dim, "waits"}};
  CHECK(screen.show({}, {{waits}, "tea", longer, 0}) ==
        "\r\x1b[Jwaits\r\ntea> 0123456789abcde\r\nfghij字klm\r\x1b[1A\x1b[5C");
  CHECK(screen.show({}, {{waits}, "tea", longer, longer.size()}) ==
        "\r\x1b[1A\x1b[Jwaits\r\ntea> 0123456789abcde\r\nfghij字klm\r\x1b[10C");
  // In a terminal of half the width each of those rows has become two.
  screen.resize(11, 10);
  CHECK(screen.leave() == "\r\x1b[3A\x1b[J");
  CHECK(screen.leave().empty());
}

TEST_CASE("of a line with many rows those around the cursor are shown, and the cursor may stand behind a full row") {
  const Columns columns;
  Screen screen(columns, false);
  screen.resize(11, 4);  // two rows for what is typed
  const std::u32string text(35, U'x');
  CHECK(screen.show({}, {{}, "", text, 35}) == std::string(10, 'x') + "\r\n" + std::string(7, 'x') + "\r\x1b[7C");
  CHECK(screen.show({}, {{}, "", text, 0}).starts_with("\r\x1b[1A\x1b[J> " + std::string(8, 'x') + "\r\n"));
  screen.resize(11, 10);
  CHECK(screen.show({}, {{}, "", std::u32string_view(text).substr(0, 8), 8}).ends_with("> xxxxxxxx\r\n\r"));
}

TEST_CASE("colours are left out where they are not wanted") {
  const Columns columns;
  Screen screen(columns, true);
  CHECK(screen.show({{{Style::alarm, "no"}, {Style::name, "amy", 2}}}, {{}, "tea", U"", 0}) ==
        "\x1b[31mno\x1b[0m\x1b[1;33mamy\x1b[0m\r\n\x1b[1mtea> \x1b[0m\r\x1b[5C");
}
