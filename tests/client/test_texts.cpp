#include <catch2/catch.hpp>

#include "client/cli/batch_line.hpp"
#include "client/cli/exit_code.hpp"
#include "client/cli/words.hpp"
#include "tests/client/cli_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace parley::client::cli;

TEST_CASE("a line of the prompt is split into words") {
  using Words = std::vector<std::string>;
  const std::pair<std::string, Words> lines[] = {
      {"", {}},
      {"   \t ", {}},
      {"get k", {"get", "k"}},
      {"  set  k   v \r", {"set", "k", "v"}},
      {R"(set "a b" 'c "d"')", {"set", "a b", "c \"d\""}},
      {R"(set a\ b "c\"d")", {"set", "a b", "c\"d"}},
      {R"(set k "")", {"set", "k", ""}},
      {R"(set k 'a\b')", {"set", "k", "a\\b"}},
      {"scan p -limit 3", {"scan", "p", "-limit", "3"}},
      {"get-k", {"get", "--", "k"}},
      {"get-k-with-dashes", {"get", "--", "k-with-dashes"}},
      {"set-k-v", {"set", "--", "k", "v"}},
      {"set-k-a value-with dashes", {"set", "--", "k", "a value-with dashes"}},
      {"set-k-", {"set", "--", "k", ""}},
      {"set-k--v", {"set", "--", "k", "-v"}},
      {"delete-k\r", {"delete", "--", "k"}},
      {"transfer-leader n1", {"transfer-leader", "n1"}},
  };
  for (const auto& [line, words] : lines) {
    DYNAMIC_SECTION("line: " << line) {
      const auto split = split_line(line);
      REQUIRE(split.has_value());
      CHECK(*split == words);
    }
  }
}

TEST_CASE("lines of the prompt that make no sense are told so") {
  for (const char* line : {"get-", "delete-", "set-", "set-k", "set--v", "get \"k", "get 'k"}) {
    INFO(line);
    const auto split = split_line(line);
    REQUIRE_FALSE(split.has_value());
    CHECK(split.error().code == ErrorCode::usage);
  }
}

TEST_CASE("every error word has the exit code that is promised") {
  const std::pair<ErrorWord, int> codes[] = {
      {ErrorWord::ok, 0},      {ErrorWord::not_found, 1},      {ErrorWord::mismatch, 1}, {ErrorWord::denied, 1},
      {ErrorWord::exists, 1},  {ErrorWord::not_member, 1},     {ErrorWord::quota, 1},    {ErrorWord::disk_full, 1},
      {ErrorWord::invalid, 2}, {ErrorWord::too_large, 2},      {ErrorWord::busy, 3},     {ErrorWord::no_leader, 3},
      {ErrorWord::timeout, 3}, {ErrorWord::session_expired, 3}};
  for (const auto& [word, code] : codes) {
    INFO(text(word));
    CHECK(exit_code(word) == code);
  }
}

TEST_CASE("lines of a batch are understood") {
  const auto parse = [](const std::string& line) {
    auto parsed = parse_batch_line(line);
    REQUIRE(std::holds_alternative<BatchRequest>(parsed));
    return std::get<BatchRequest>(parsed);
  };
  CHECK(parse(R"({"op":"get","key":"k"})").id == "null");
  CHECK(parse(R"({"id":{"a":[1,"b"]},"op":"get","key":"k"})").id == R"({"a":[1,"b"]})");
  const auto get = parse(R"({"id":1,"op":"get","key":"k","read":"stale","other":true})");
  CHECK(get.op == BatchRequest::Op::get);
  CHECK(get.mode == wire::ReadMode::stale);
  const auto set = parse(R"({"id":"x","op":"set","key_base64":"AP8=","value":"v\u00fc"})");
  CHECK(set.op == BatchRequest::Op::set);
  CHECK(set.key == std::string("\0\xff", 2));
  CHECK(set.value == "v\xc3\xbc");
  const auto cas = parse(R"({"op":"cas","key":"k","expected":"","value_base64":""})");
  CHECK(cas.op == BatchRequest::Op::cas);
  CHECK(cas.expected == "");
  CHECK(parse(R"({"op":"delete","key":"k"})").op == BatchRequest::Op::erase);
  const auto scan = parse(R"({"op":"scan","prefix":"p","limit":7,"read":"lease"})");
  CHECK(scan.key == "p");
  CHECK(scan.limit == 7);
  CHECK(scan.mode == wire::ReadMode::lease);
  CHECK(parse(R"({"op":"scan"})").key.empty());
}

TEST_CASE("lines of a batch that make no sense are told why, under their id") {
  struct Row {
    const char* line;
    const char* id;
    const char* detail;
  };
  const Row rows[] = {
      {"", "null", "not JSON"},
      {"nope", "null", "not JSON"},
      {R"({"id":1)", "null", "not JSON"},
      {R"({"id":1} x)", "null", "not JSON"},
      {"{\"id\":\"\xff\"}", "null", "not JSON"},
      {"[1]", "null", "not a JSON object"},
      {"7", "null", "not a JSON object"},
      {R"({"id":1})", "1", "`op` is none of"},
      {R"({"id":1,"op":3})", "1", "`op` is none of"},
      {R"({"id":"a","op":"frob","key":"k"})", "\"a\"", "`op` is none of"},
      {R"({"id":1,"op":"get"})", "1", "`key` is missing"},
      {R"({"id":1,"op":"get","key":5})", "1", "`key` is not a text"},
      {R"({"id":1,"op":"get","key_base64":"x"})", "1", "`key_base64` is not base64"},
      {R"({"id":1,"op":"get","key":"k","read":"fast"})", "1", "`read` is none of"},
      {R"({"id":1,"op":"set","key":"k"})", "1", "`value` is missing"},
      {R"({"id":1,"op":"cas","key":"k","value":"v"})", "1", "`expected` is missing"},
      {R"({"id":1,"op":"scan","limit":-1})", "1", "`limit` is not a number"},
      {R"({"id":1,"op":"scan","limit":"7"})", "1", "`limit` is not a number"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION("line: " << row.line) {
      const auto parsed = parse_batch_line(row.line);
      REQUIRE(std::holds_alternative<BatchProblem>(parsed));
      const auto& problem = std::get<BatchProblem>(parsed);
      CHECK(problem.id == row.id);
      CHECK(problem.detail.starts_with(row.detail));
      CHECK(batch_answer(problem).starts_with(std::string("{\"id\":") + row.id +
                                              R"(,"ok":false,"error":"invalid","detail":)"));
    }
  }
}

TEST_CASE("a line of a batch cannot nest without limit") {
  CHECK(std::holds_alternative<BatchProblem>(parse_batch_line(std::string(1'000'000, '['))));
  CHECK(std::holds_alternative<BatchRequest>(
      parse_batch_line(R"({"op":"get","key":"\"[[[","id":")" + std::string(200, '{') + R"("})")));
  const std::string deep = R"({"op":"get","key":"k","id":)" + std::string(1000, '[') + std::string(1000, ']') + "}";
  CHECK(std::get<BatchProblem>(parse_batch_line(deep)).detail.starts_with("nested deeper"));
}

TEST_CASE("answers of a batch say what there is to say") {
  Outcome outcome;
  outcome.index = Index{7};
  CHECK(batch_answer("1", outcome) == R"({"id":1,"ok":true,"index":7})");
  outcome.body = app::ReplyValue{"a\"b\n"};
  CHECK(batch_answer("1", outcome) == R"({"id":1,"ok":true,"value":"a\"b\n","index":7})");
  outcome.body = app::ReplyValue{"\xff"};
  CHECK(batch_answer("1", outcome) == R"({"id":1,"ok":true,"value_base64":"/w==","index":7})");
  outcome.body = app::ReplyRows{{{"k", "v"}, {"\x80", ""}}, true};
  CHECK(
      batch_answer("1", outcome) ==
      R"({"id":1,"ok":true,"rows":[{"key":"k","value":"v"},{"key_base64":"gA==","value":""}],"more":true,"index":7})");
  Outcome timeout;
  timeout.word = ErrorWord::timeout;
  timeout.detail = "nobody \xff there";
  CHECK(batch_answer("null", timeout) ==
        "{\"id\":null,\"ok\":false,\"error\":\"timeout\",\"detail\":\"nobody \xef\xbf\xbd there\"}");
}

TEST_CASE("lines are read whole, however they arrive, and those that are too long are skipped") {
  const TextInput text("one\n\ntwo-is-too-long\nthree\r\nlast");
  LineReader reader(text.fd(), 8);
  std::string line;
  CHECK(reader.next(line) == LineReader::Next::nothing);
  const auto expect = [&](const std::string& expected) {
    CHECK(reader.wait_for_line(line) == LineReader::Next::line);
    CHECK(line == expected);
  };
  expect("one");
  expect("");
  CHECK(reader.wait_for_line(line) == LineReader::Next::too_long);
  expect("three\r");
  expect("last");
  CHECK(reader.wait_for_line(line) == LineReader::Next::end);
  CHECK(reader.wait_for_line(line) == LineReader::Next::end);
}

TEST_CASE("a line that is too long is skipped without keeping it") {
  const TextInput text(std::string(60'000, 'x') + "\nshort\n");
  LineReader reader(text.fd(), 100);
  std::string line;
  CHECK(reader.wait_for_line(line) == LineReader::Next::too_long);
  CHECK(reader.wait_for_line(line) == LineReader::Next::line);
  CHECK(line == "short");
}

TEST_CASE("the rest of the input is read up to a bound") {
  const TextInput text("line\nrest of\nit\n");
  LineReader reader(text.fd(), 100);
  std::string line;
  REQUIRE(reader.wait_for_line(line) == LineReader::Next::line);
  CHECK(reader.rest(1000) == "rest of\nit\n");
  const TextInput longer(std::string(1000, 'x'));
  LineReader bounded(longer.fd(), 100);
  CHECK(bounded.rest(10)->size() == 11);
}
