#include "client/cli/batch_line.hpp"
#include "client/cli/transaction_json.hpp"
#include "common/app/transaction.hpp"
#include "tests/client/cli_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace parley::client::cli;

namespace {

constexpr std::uint64_t second_us = 1'000'000;

std::string problem_of(const char* text) {
  const auto parts = parse_transaction(text);
  REQUIRE_FALSE(parts);
  CHECK(parts.error().code == ErrorCode::usage);
  return parts.error().what;
}

}  // namespace

TEST_CASE("a key that is set with -ttl or -lease ends, and one of the two can be asked for") {
  CliFixture f;
  CHECK(f.run_command("set", {"k", "v", "-ttl", "10s"}) == 0);
  CHECK(f.out.str() == "OK\n");
  CHECK(f.run_command("lease", {"grant", "20s"}) == 0);
  const std::string id = f.lines().at(0);
  CHECK(id == "3");
  CHECK(f.run_command("set", {"l", "v", "-lease", id}) == 0);
  f.cluster.clock.now_us += 10 * second_us;
  CHECK(f.run_command("lease", {"keep-alive", id}) == 0);
  CHECK(f.out.str() == "OK\n");
  CHECK(f.run_command("get", {"k"}) == 1);
  CHECK(f.run_command("lease", {"info", id}) == 0);
  CHECK(f.out.str() == "20.000 s of 20.000 s left, 1 keys\n");
  f.environment.options.json = true;
  CHECK(f.run_command("lease", {"info", id}) == 0);
  CHECK(f.out.str() == "{\"ok\":true,\"lease\":3,\"ttl_ms\":20000,\"remaining_ms\":20000,\"keys\":1,\"index\":5}\n");
  f.environment.options.json = false;
  CHECK(f.run_command("lease", {"revoke", id}) == 0);
  CHECK(f.run_command("get", {"l"}) == 1);
  for (const char* what : {"revoke", "keep-alive", "info"}) {
    CHECK(f.run_command("lease", {what, id}) == 1);
    CHECK(f.err.str().find("not_found: no such lease") != std::string::npos);
  }
  CHECK(f.run_command("set", {"k", "v", "-lease", "77"}) == 1);
  CHECK(f.err.str().find("not_found: no such lease") != std::string::npos);
  CHECK(f.run_command("set", {"k", "v", "-lease", "77", "-ttl", "1s"}) == 2);
  for (const auto& [what, argument] : std::vector<std::pair<std::string, std::string>>{
           {"grant", "soon"}, {"grant", "0"}, {"revoke", "0"}, {"info", "x"}, {"fly", "1"}}) {
    CHECK(f.run_command("lease", {what, argument}) == 2);
    CHECK(f.err.str().find(what) != std::string::npos);
  }
}

TEST_CASE("incr prints the new number, and says what is none") {
  CliFixture f;
  CHECK(f.run_command("incr", {"n"}) == 0);
  CHECK(f.out.str() == "1\n");
  CHECK(f.run_command("incr", {"n", "41"}) == 0);
  CHECK(f.out.str() == "42\n");
  CHECK(f.run_command("incr", {"--", "n", "-50"}) == 0);
  CHECK(f.out.str() == "-8\n");
  CHECK(f.run_command("incr", {"n", "9223372036854775808"}) == 2);
  CHECK(f.run_command("incr", {"n", "1.5"}) == 2);
  CHECK(f.run_command("set", {"n", "many"}) == 0);
  CHECK(f.run_command("incr", {"n"}) == 1);
  CHECK(f.err.str().find("mismatch: the present value is many") != std::string::npos);
  CHECK(f.out.str().empty());
}

TEST_CASE("delete -if deletes what is as expected, and else says the present value") {
  CliFixture f;
  CHECK(f.run_command("delete", {"k", "-if", "v"}) == 1);
  CHECK(f.run_command("set", {"k", ""}) == 0);
  CHECK(f.run_command("delete", {"k", "-if", "v"}) == 1);
  CHECK(f.err.str().find("mismatch: the present value is ") != std::string::npos);
  CHECK(f.run_command("delete", {"k", "-if", ""}) == 0);
  CHECK_FALSE(f.cluster.stored("k"));
}

TEST_CASE("a transaction is written in JSON, and says which list it did and what came of each item") {
  CliFixture f;
  const std::string text = R"({"compare":[{"key":"k","is":"absent"}],
      "then":[{"op":"set","key":"k","value":"v"},{"op":"get","key":"k"},{"op":"get","key":"none"},
              {"op":"incr","key":"n","by":5},{"op":"set","key":"t","value":"1","ttl_ms":1000}],
      "else":[{"op":"delete","key":"k"},{"op":"delete","key":"none"}]})";
  CHECK(f.run_command("txn", {text}) == 0);
  CHECK(f.out.str() == "then\nOK\nv\nnot_found\n5\nOK\n");
  CHECK(f.run_command("txn", {text}) == 0);
  CHECK(f.out.str() == "else\nOK\nnot_found\n");
  f.environment.options.json = true;
  CHECK(f.run_command("txn", {text}) == 0);
  CHECK(f.out.str() ==
        "{\"ok\":true,\"held\":true,\"items\":[{\"ok\":true},{\"ok\":true,\"value\":\"v\"},"
        "{\"ok\":false,\"error\":\"not_found\"},{\"ok\":true,\"value\":\"10\"},{\"ok\":true}],\"index\":4}\n");
  // What cannot be done refuses the whole, and is named.
  const std::string bad = R"({"then":[{"op":"set","key":"k","value":"w"},{"op":"incr","key":"k"}]})";
  CHECK(f.run_command("txn", {bad}) == 1);
  CHECK(
      f.out.str().find(R"("ok":false,"held":true,"items":[{"ok":true},{"ok":false,"value":"w","error":"mismatch"}])") !=
      std::string::npos);
  CHECK(f.err.str().find("mismatch: item 2 of `then`") != std::string::npos);
  CHECK(f.cluster.stored("k") == "v");
  CHECK(f.run_command("txn", {"{}"}) == 0);
}

TEST_CASE("a transaction may come from standard input, and not at the prompt") {
  CliFixture f(R"({"then":[{"op":"set","key_base64":"/w==","value_base64":"gA=="},{"op":"get","key_base64":"/w=="}]})");
  f.environment.options.json = true;
  CHECK(f.run_command("txn", {}) == 0);
  CHECK(f.out.str().find(R"("value_base64":"gA==")") != std::string::npos);
  CHECK(f.cluster.stored("\xff") == "\x80");
  f.environment.is_prompt = true;
  CHECK(f.run_command("txn", {"-"}) == 2);
}

TEST_CASE("what is wrong in a transaction is named with its place") {
  CHECK(problem_of("{") == "not JSON");
  CHECK(problem_of("[]") == "not a JSON object");
  CHECK(problem_of(R"({"than":[]})") == "`than` is not known here");
  CHECK(problem_of(R"({"then":{}})") == "`then` is not a list");
  CHECK(problem_of(R"({"then":[7]})") == "1 of `then`: not an object");
  CHECK(problem_of(R"({"then":[{"op":"get","key":"k"},{"op":"fly","key":"k"}]})") ==
        "2 of `then`: `op` is none of get, set, delete, incr");
  CHECK(problem_of(R"({"else":[{"key":"k"}]})") == "1 of `else`: `op` is missing");
  CHECK(problem_of(R"({"then":[{"op":"get","key":"k","value":"v"}]})") == "1 of `then`: `value` is not known here");
  CHECK(problem_of(R"({"then":[{"op":"set","key":"k"}]})") == "1 of `then`: `value` is missing");
  CHECK(problem_of(R"({"then":[{"op":"set","key":"k","value":"v","ttl":"1s"}]})") ==
        "1 of `then`: `ttl` is not known here");
  CHECK(problem_of(R"({"then":[{"op":"incr","key":"k","by":1.5}]})") ==
        "1 of `then`: `by` is not a whole number of 64 bits");
  CHECK(problem_of(R"({"then":[{"op":"incr","key":"k","by":9223372036854775808}]})") ==
        "1 of `then`: `by` is not a whole number of 64 bits");
  CHECK(problem_of(R"({"compare":[{"key":"k","is":"like","value":"v"}]})") ==
        "1 of `compare`: `is` is none of equal, not_equal, less, greater, exists, absent");
  CHECK(problem_of(R"({"compare":[{"key":"k","is":"exists","value":"v"}]})") ==
        "1 of `compare`: `value` does not go with exists");
  CHECK(problem_of(R"({"compare":[{"key":"k","is":"less"}]})") == "1 of `compare`: `value` is missing");
  const auto parts = parse_transaction(R"({"compare":[{"key":"k","is":"less","value":"v"}],)"
                                       R"("then":[{"op":"set","key":"k","value":"v","lease":7}]})");
  REQUIRE(parts);
  const app::TransactionParts expected{
      {{app::Compare::How::less, "k", "v"}}, {app::SetExpiring{"k", "v", 0, app::LeaseId{7}}}, {}};
  CHECK(app::decode_transaction(*parts) == expected);
}

TEST_CASE("a batch takes every operation on keys") {
  CliFixture f(R"({"id":1,"op":"set","key":"k","value":"v","ttl_ms":1000}
{"id":2,"op":"incr","key":"n"}
{"id":3,"op":"incr","key":"n","by":-3}
{"id":4,"op":"delete","key":"k","expected":"w"}
{"id":5,"op":"lease_grant","ttl_ms":5000}
{"id":6,"op":"set","key":"l","value":"v","lease":6}
{"id":7,"op":"lease_keep_alive","lease":6}
{"id":8,"op":"lease_info","lease":6}
{"id":9,"op":"txn","compare":[{"key":"n","is":"equal","value":"-2"}],"then":[{"op":"get","key":"n"}]}
{"id":10,"op":"scan","after":"k","limit":1}
{"id":11,"op":"lease_revoke","lease":6}
{"id":12,"op":"set","key":"k","value":"v","ttl_ms":0}
{"id":13,"op":"txn","then":[{"op":"fly"}]}
{"id":14,"op":"set","key":"k","value":"v","lease":"6"}
{"id":15,"op":"delete","key":"k","expected":"v"}
{"id":16,"op":"fly"})");
  CHECK(f.run_command("batch", {"-window", "1"}) == 0);
  const auto lines = f.lines();
  REQUIRE(lines.size() == 16);
  const std::vector<std::string> expected = {
      R"({"id":1,"ok":true,"index":2})",
      R"({"id":2,"ok":true,"value":"1","index":3})",
      R"({"id":3,"ok":true,"value":"-2","index":4})",
      R"({"id":4,"ok":false,"value":"v","index":5,"error":"mismatch","detail":"the value is another one"})",
      R"({"id":5,"ok":true,"lease":6,"ttl_ms":5000,"remaining_ms":5000,"keys":0,"index":6})",
      R"({"id":6,"ok":true,"index":7})",
      R"({"id":7,"ok":true,"lease":6,"ttl_ms":5000,"remaining_ms":5000,"keys":1,"index":8})",
      R"({"id":8,"ok":true,"lease":6,"ttl_ms":5000,"remaining_ms":5000,"keys":1,"index":8})",
      R"({"id":9,"ok":true,"held":true,"items":[{"ok":true,"value":"-2"}],"index":9})",
      R"({"id":10,"ok":true,"rows":[{"key":"l","value":"v"}],"more":true,"index":9})",
      R"({"id":11,"ok":true,"index":10})",
      R"({"id":12,"ok":false,"error":"invalid","detail":"a life of no time is none"})",
      R"({"id":13,"ok":false,"error":"invalid","detail":"1 of `then`: `op` is none of get, set, delete, incr"})",
      R"({"id":14,"ok":false,"error":"invalid","detail":"`lease` is not a number from 0 to 18446744073709551615"})",
      R"({"id":15,"ok":true,"index":11})",
  };
  for (const std::string& line : expected) {
    INFO(line);
    CHECK(std::ranges::find(lines, line) != lines.end());
  }
  CHECK(std::ranges::any_of(lines, [](const std::string& line) {
    return line.find("`op` is none of get, set, delete, cas, scan, incr, txn, lease_grant") != std::string::npos;
  }));
}

TEST_CASE("what was exported can be imported, whatever bytes it is") {
  CliFixture f;
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"a", "1"}, {"b", "two\nlines"}, {"b\xff", std::string("\0\x80", 2)}, {"\"q\"", ""}};
  for (const auto& [key, value] : rows) CHECK(set(f, key, value).ok());
  CHECK(f.run_command("export", {}) == 0);
  const std::string exported = f.out.str();
  CHECK(f.lines().size() == rows.size());
  CHECK(f.run_command("export", {"b"}) == 0);
  CHECK(f.lines() == std::vector<std::string>{R"({"key":"b","value":"two\nlines"})",
                                              R"({"key_base64":"Yv8=","value_base64":"AIA="})"});
  CliFixture other(exported);
  CHECK(other.run_command("import", {}) == 0);
  CHECK(other.out.str() == "4 imported\n");
  CHECK(other.err.str().empty());
  for (const auto& [key, value] : rows) CHECK(other.cluster.stored(key) == value);
}

TEST_CASE("an import names the lines that are wrong or refused, and takes the others") {
  CliFixture f(R"({"key":"a","value":"1"}

not JSON
{"key":"b"}
{"key":"","value":"1"}
{"key":"t","value":"1","ttl_ms":500}
{"key":"l","value":"1","lease":99}
{"key":"c","value":"1","colour":"blue"}
{"key":"d","value":"1"})");
  CHECK(f.run_command("import", {"-window", "1"}) == 2);
  CHECK(f.out.str() == "3 imported\n");
  const std::string said = f.err.str();
  for (const char* line : {"line 3: not JSON\n", "line 4: `value` is missing\n", "line 5: invalid: a key is empty\n",
                           "line 7: not_found: no such lease\n", "line 8: `colour` is not known here\n"}) {
    CHECK(said.find(line) != std::string::npos);
  }
  CHECK(f.cluster.stored("d") == "1");
}

TEST_CASE("an import of which some lines are refused ends with 1, and one that nobody answers stops with 3") {
  CliFixture refused("{\"key\":\"l\",\"value\":\"1\",\"lease\":99}\n{\"key\":\"a\",\"value\":\"1\"}\n");
  refused.environment.options.json = true;
  CHECK(refused.run_command("import", {}) == 1);
  CHECK(refused.out.str() == "{\"imported\":1,\"wrong\":1}\n");
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "{\"key\":\"k" + std::to_string(i) + "\",\"value\":\"1\"}\n";
  CliFixture silent(lines);
  silent.cluster[0].is_deaf = true;
  CHECK(silent.run_command("import", {"-window", "8"}) == 3);
  CHECK(silent.out.str() == "0 imported\n");
  CHECK(silent.err.str().find("stopped behind line 8: the cluster does not answer") != std::string::npos);
}

TEST_CASE("a scan goes on behind a key, and prints lines of JSON if asked to") {
  CliFixture f;
  for (const char* key : {"a", "b", "c", "d"}) CHECK(set(f, key, "v").ok());
  CHECK(f.run_command("scan", {"-after", "b"}) == 0);
  CHECK(f.out.str() == "c\tv\nd\tv\n");
  CHECK(f.run_command("scan", {"-after", "a", "-limit", "2"}) == 0);
  CHECK(f.out.str() == "b\tv\nc\tv\n");
  f.environment.options.json = true;
  CHECK(f.run_command("scan", {"-limit", "1"}) == 0);
  CHECK(f.out.str() == "{\"key\":\"a\",\"value\":\"v\"}\n");
}

TEST_CASE("of a transaction that is answered twice what it did stays, and what it has read may be left out") {
  Fixture f;
  CHECK(set(f, "large", std::string(5000, 'v')).ok());
  const Bytes parts = app::encode_transaction({{}, {app::Get{"large"}, app::Increment{"n", 1}}, {}});
  f.cluster[0].answers_to_lose = 1;
  const Outcome outcome = f.run(app::Transaction{parts});
  CHECK(outcome.ok());
  CHECK(outcome.values_left_out);
  const auto& answer = std::get<app::ReplyTransaction>(outcome.body);
  CHECK(answer.held);
  CHECK(answer.items.size() == 2);
  CHECK(f.cluster.stored("n") == "1");
}

TEST_CASE("a present value that was too long to keep is read again for every condition") {
  Fixture f;
  const std::string large(5000, 'v');
  CHECK(set(f, "k", large).ok());
  for (const Write& write : {Write(app::DeleteIf{"k", "x"}), Write(app::Increment{"k", 1})}) {
    f.cluster[0].answers_to_lose = 1;
    const Outcome outcome = f.run(write);
    CHECK(outcome.word == ErrorWord::mismatch);
    REQUIRE(outcome.value() != nullptr);
    CHECK(*outcome.value() == large);
  }
}
