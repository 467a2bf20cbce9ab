#include <catch2/catch.hpp>

#include "tests/histories/json_line.hpp"
#include "tests/histories/judge.hpp"

namespace parley::histories {
namespace {

Begin begin_of(Kind kind, Read read = Read::linearizable) {
  Begin begin;
  begin.ns = 5;
  begin.number = 18'446'744'073'709'551'615U;
  begin.client = "c1.2";
  begin.kind = kind;
  begin.key = "a key";
  if (kind == Kind::compare_and_set) begin.expected = "";
  if (kind == Kind::compare_and_set || kind == Kind::set) begin.value = "{v}:,";
  if (kind == Kind::get) begin.read = read;
  return begin;
}

}  // namespace

TEST_CASE("a line of JSON is read as it was written, and what has no place in it becomes a question mark") {
  const std::string line = JsonLine().add("a", 0).add("b", "").add("c", std::string("x\"y\\z\n\0\x80", 8)).finish();
  CHECK(line == "{\"a\":0,\"b\":\"\",\"c\":\"x?y?z???\"}\n");
  const auto fields = read_json_line(std::string_view(line).substr(0, line.size() - 1));
  REQUIRE(fields);
  REQUIRE(fields->size() == 3);
  CHECK(std::get<std::uint64_t>((*fields)[0].value) == 0);
  CHECK(std::get<std::string_view>((*fields)[2].value) == "x?y?z???");
  CHECK(JsonLine().finish() == "{}\n");
  CHECK(read_json_line("{}"));
}

TEST_CASE("a line that is no flat object is refused, wherever it is cut") {
  const std::string whole = R"({"ns":12,"client":"c1","index":7})";
  REQUIRE(read_json_line(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    CHECK_FALSE(read_json_line(whole.substr(0, size)));
  }
  for (const char* line : {"{}x", " {}", "{\"a\":01}", "{\"a\":-1}", "{\"a\":1.5}", "{\"a\":true}", "{\"a\" :1}",
                           "{a:1}", "{\"a\":1,}", "{,}", "{\"a\":\"\t\"}", "{\"a\":\"\\n\"}", "{\"a\":[1]}"}) {
    INFO(line);
    CHECK_FALSE(read_json_line(line));
  }
}

TEST_CASE("each kind of operation is read as it was written, with each way to end") {
  for (const Kind kind : {Kind::get, Kind::set, Kind::erase, Kind::compare_and_set}) {
    for (const Ending ending : {Ending::ok, Ending::not_found, Ending::mismatch, Ending::failed, Ending::unknown}) {
      if (ending == Ending::not_found && kind == Kind::set) continue;
      if (ending == Ending::mismatch && kind != Kind::compare_and_set) continue;
      const Begin begin = begin_of(kind, Read::stale);
      End end;
      end.ns = 6;
      end.ending = ending;
      if (ending >= Ending::failed) end.error = "busy";
      if (ending < Ending::failed) end.index = 9;
      if (kind == Kind::get && ending == Ending::ok) end.value = "";
      if (kind == Kind::get && ending < Ending::failed) end.age_ms = 3;
      const auto history = parse_history(header_line() + line_of(begin) + line_of(begin.number, end));
      INFO(line_of(begin) << line_of(begin.number, end));
      REQUIRE(history);
      REQUIRE(history->records.size() == 1);
      const Record& record = history->records.front();
      CHECK(line_of(record.begin) == line_of(begin));
      REQUIRE(record.end);
      CHECK(line_of(begin.number, *record.end) == line_of(begin.number, end));
      CHECK(record.line == 2);
    }
  }
}

TEST_CASE("a history that is cut anywhere is readable if whole lines are left, and judged by those") {
  std::string text = header_line();
  std::uint64_t ns = 1;
  for (std::uint64_t number = 1; number <= 3; ++number) {
    Begin begin = begin_of(Kind::set);
    begin.number = number;
    begin.ns = ns++;
    End end;
    end.ns = ns++;
    end.ending = Ending::ok;
    end.index = number;
    text += line_of(begin) + line_of(number, end);
  }
  for (std::size_t size = header_line().size(); size <= text.size(); ++size) {
    const auto history = parse_history(std::string_view(text).substr(0, size));
    REQUIRE(history);
    const Judgement judgement = judge(*history, {.step_limit = 1000});
    CHECK(judgement.findings.empty());
    CHECK(judgement.undecided.empty());
  }
  CHECK_FALSE(parse_history(std::string_view(text).substr(0, header_line().size() - 1)));
}

TEST_CASE("the longest time without an acknowledged write may be at either end") {
  const auto gap = [](std::uint64_t first_begin, std::uint64_t write_end, std::uint64_t last_end) {
    History history;
    Record first;
    first.begin.ns = first_begin;
    Record write;
    write.begin.ns = first_begin + 1;
    write.begin.kind = Kind::set;
    write.end = End{.ns = write_end, .ending = Ending::ok, .value = {}, .index = 1, .age_ms = {}, .error = {}};
    Record last;
    last.begin.ns = last_end - 1;
    last.end = End{.ns = last_end, .ending = Ending::failed, .value = {}, .index = {}, .age_ms = {}, .error = "busy"};
    history.records = {first, write, last};
    const Figures figures = count(history);
    return std::pair(figures.longest_gap_ns, figures.longest_gap_at_ns);
  };
  CHECK(gap(100, 500, 600) == std::pair<std::uint64_t, std::uint64_t>(400, 100));
  CHECK(gap(100, 200, 900) == std::pair<std::uint64_t, std::uint64_t>(700, 200));
}

}  // namespace parley::histories
