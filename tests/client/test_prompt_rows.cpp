#include <catch2/catch.hpp>

#include "client/prompt/rows.hpp"
#include "client/prompt/slash.hpp"
#include "common/base/prompt_limits.hpp"

using namespace parley;
using namespace parley::client::prompt;
using app::chat::ChatId;
using app::chat::Event;
using app::chat::EventSeq;

namespace {

std::tm utc(std::time_t time) {
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return parts;
}

std::vector<std::string> texts_of(const std::vector<Row>& rows) {
  std::vector<std::string> texts;
  for (const Row& row : rows) {
    texts.emplace_back();
    for (const Piece& piece : row) texts.back() += piece.text;
  }
  return texts;
}

Line said(const std::string& text, std::uint8_t kind = 1) {
  Line line;
  line.kind = Line::Kind::event;
  line.chat = "tea";
  line.event = Event{ChatId{1}, EventSeq{12}, 3'600'000'000, kind, "amy", text, {}, {}, {}};
  return line;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("texts are parted at blanks where they can be") {
  const Columns columns;
  const std::vector<std::tuple<std::string, std::size_t, std::size_t, Texts>> table = {
      {"", 5, 0, {""}},
      {"one", 5, 0, {"one"}},
      {"one two three", 7, 0, {"one two", "three"}},
      {"one two three", 6, 0, {"one", "two", "three"}},
      {"abcdefgh ij", 3, 0, {"abc", "def", "gh", "ij"}},
      {"漢字漢字", 5, 0, {"漢字", "漢字"}},
      {"one two", 5, 2, {"one", "two"}},
      {"three", 5, 3, {"", "three"}},
      {"e\u0301e\u0301e\u0301", 2, 0, {"e\u0301e\u0301", "e\u0301"}},
      {"a  b", 2, 0, {"a ", "b"}},
  };
  for (const auto& [text, width, taken, rows] : table) {
    INFO(text << " in " << width);
    CHECK(wrapped(columns, text, width, taken) == rows);
  }
  CHECK(shortened(columns, "漢字漢字", 6) == "漢字…");
  CHECK(shortened(columns, "short", 5) == "short");
  CHECK(shortened(columns, "short", 0).empty());
}

TEST_CASE("an event stands behind its number, time and author, and its text below itself") {
  const Columns columns;
  const Look look{columns, 30, utc};
  CHECK(texts_of(rows_of(said("hello"), look)) == Texts{"12 01:00 amy: hello"});
  CHECK(texts_of(rows_of(said("hello there, said he\nand went"), look)) ==
        Texts{"12 01:00 amy: hello there,", "              said he", "              and went"});
  Line own = said("mine");
  own.is_sent_here = own.is_elsewhere = true;
  CHECK(texts_of(rows_of(own, look)) == Texts{"[tea] 12 01:00 amy: mine ✓"});
  Line changed = said("old");
  changed.event->edited_by = EventSeq{14};
  CHECK(texts_of(rows_of(changed, look)) == Texts{"12 01:00 amy: old (edited by", "              14)"});
  changed.event->deleted_by = EventSeq{15};
  CHECK(texts_of(rows_of(changed, look)) == Texts{"12 01:00 amy: (deleted)"});
  Line edit = said("new", 2);
  edit.event->of = EventSeq{3};
  CHECK(texts_of(rows_of(edit, look)) == Texts{"12 01:00 amy edits 3: new"});
  Line deletion = said("", 3);
  deletion.event->of = EventSeq{3};
  CHECK(texts_of(rows_of(deletion, look)) == Texts{"12 01:00 amy deletes 3"});
}

TEST_CASE("no row is wider than the terminal, whatever is said and however narrow it is") {
  const Columns columns;
  Line line =
      said("漢字 and a word that is verylongindeed " + std::string(80, 'x') + " e\u0301" + std::string(50, ' ') + "y");
  line.is_elsewhere = line.is_sent_here = true;
  line.chat = "a chat with a rather long name";
  for (std::size_t width = 8; width < 120; ++width) {
    for (const Row& row : rows_of(line, {columns, width, utc})) {
      INFO(width);
      CHECK(width_of(columns, row) <= width + 1);  // a wide character may not fit a rest of one column
    }
  }
}

TEST_CASE("no control of a stranger's reaches a row, and nobody fills the screen") {
  const Columns columns;
  const Look look{columns, 60, utc};
  Line line = said("a\x1b[2J\x07\tb\x7f\u0085\u2028");
  line.chat = line.event->user = "x\x1b[31m";
  line.is_elsewhere = true;
  for (const std::string& text : texts_of(rows_of(line, look))) {
    for (const char c : text) CHECK(static_cast<unsigned char>(c) >= 0x20);
    CHECK(text.find('\x7f') == std::string::npos);
  }
  CHECK(texts_of(rows_of(Line::failure("no\x1b[0m"), look)) == Texts{"no\\x1b[0m"});
  CHECK(texts_of(rows_of(said("\xff"), look)) == Texts{"12 01:00 amy: (not UTF-8)"});
  CHECK(rows_of(said(std::string(5000, '\n')), look).size() == limits::prompt_message_rows + 1);
  CHECK(rows_of(Line::sending("tea", "on its way"), look).empty());
}

TEST_CASE("a new day is told before the first thing that was said on it") {
  const Columns columns;
  const Look look{columns, 60, utc};
  DayMarks days;
  CHECK(days.before(Line::note("hello"), look).empty());
  CHECK(days.before(said("a"), look) == "Thursday, 1 January 1970");
  CHECK(days.before(said("b"), look).empty());
  Line later = said("c");
  later.event->time_us += 24ULL * 3600 * 1'000'000;
  CHECK(days.before(later, look) == "Friday, 2 January 1970");
}

TEST_CASE("typed lines are messages or commands") {
  const auto read = [](std::string_view line) { return read_typed(line).value(); };
  CHECK(read("hello") == Asked(Say{"hello"}));
  CHECK(read("  hello ") == Asked(Say{"  hello "}));
  CHECK(read("//hello") == Asked(Say{"/hello"}));
  CHECK(read("hello\r") == Asked(Say{"hello"}));
  CHECK(read("") == Asked(Nothing{}));
  CHECK(read(" \t ") == Asked(Nothing{}));
  CHECK(read("/open  night shift ") == Asked(SlashCommand{Slash::open, "night shift", 0}));
  CHECK(read("/edit 12  new text") == Asked(SlashCommand{Slash::edit, "new text", 12}));
  CHECK(read("/history") == Asked(SlashCommand{Slash::history, "", 0}));
  CHECK(read("/history 7") == Asked(SlashCommand{Slash::history, "", 7}));
  CHECK(read("/leave") == Asked(SlashCommand{Slash::leave, "", 0}));
  CHECK(read("/leave tea") == Asked(SlashCommand{Slash::leave, "tea", 0}));
  CHECK(read("/exit") == read("/quit"));
  for (const SlashInfo& info : all_slashes()) CHECK(info.meaning.size() > 0);
}

TEST_CASE("lines that cannot be understood are explained") {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"/", "/help lists them"},
      {"/fly", "/fly is no command"},
      {"/me waves", "perhaps /members"},
      {"/open", "usage: /open CHAT"},
      {"/edit", "usage: /edit SEQ TEXT"},
      {"/edit x y", "usage: /edit SEQ TEXT"},
      {"/edit 3", "usage: /edit SEQ TEXT"},
      {"/delete 0", "usage: /delete SEQ"},
      {"/delete -1", "usage: /delete"},
      {"/delete 99999999999999999999", "usage: /delete"},
      {"/delete 3 4", "nothing more"},
      {"/quit now", "usage: /quit, and nothing more"},
      {"/history many", "usage: /history"},
  };
  for (const auto& [line, text] : table) {
    INFO(line);
    const auto asked = read_typed(line);
    REQUIRE_FALSE(asked.has_value());
    CHECK(asked.error().find(text) != std::string::npos);
  }
}

TEST_CASE("Tab goes as far as there is but one way") {
  const std::vector<std::string> chats = {"tea", "Teapot", "night shift", "nähe", "näße"};
  CHECK(completion_of("/op", chats) == "en ");
  CHECK(completion_of("/hi", chats) == "story ");
  CHECK(completion_of("/h", chats).empty());
  CHECK(completion_of("/open te", chats) == "a");
  CHECK(completion_of("/open NIG", chats) == "ht shift");
  CHECK(completion_of("/open n", chats).empty());
  CHECK(completion_of("/open nä", chats).empty());
  CHECK(completion_of("/open x", chats).empty());
  CHECK(completion_of("/who t", chats).empty());
  CHECK(completion_of("hello te", chats).empty());
  CHECK(completion_of("//op", chats).empty());
}
