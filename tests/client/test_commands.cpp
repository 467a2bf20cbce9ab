#include "client/cli/chat_commands.hpp"
#include "tests/client/cli_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace parley::client::cli;

TEST_CASE("single commands print what is promised and end with its exit code") {
  CliFixture f;
  CHECK(f.run_command("get", {"k"}) == 1);
  CHECK(f.out.str().empty());
  CHECK(f.err.str().find("not_found") != std::string::npos);
  CHECK(f.run_command("set", {"k", "a\nb"}) == 0);
  CHECK(f.out.str() == "OK\n");
  CHECK(f.run_command("get", {"k", "-read", "stale"}) == 0);
  CHECK(f.out.str() == "a\nb\n");
  CHECK(f.run_command("cas", {"k", "x", "y"}) == 1);
  CHECK(f.out.str().empty());
  CHECK(f.err.str().find("mismatch: the present value is a\nb") != std::string::npos);
  CHECK(f.run_command("cas", {"k", "a\nb", "c"}) == 0);
  CHECK(f.run_command("delete", {"k"}) == 0);
  CHECK(f.out.str() == "OK\n");
  CHECK(f.run_command("delete", {"k"}) == 1);
  CHECK(f.run_command("set", {std::string(401, 'k'), "v"}) == 2);
  CHECK(f.err.str().find("400") != std::string::npos);
  f.cluster[0].is_deaf = true;
  CHECK(f.run_command("get", {"k"}) == 3);
}

TEST_CASE("a value may come from standard input, as it stands there") {
  CliFixture f(std::string("with\0zero\n", 10));
  CHECK(f.run_command("set", {"k", "-"}) == 0);
  CHECK(f.cluster.stored("k") == std::string("with\0zero\n", 10));
}

TEST_CASE("a scan turns pages until all rows are there") {
  CliFixture f;
  const std::size_t rows = limits::scan_rows + 20;
  for (std::size_t i = 0; i < rows; ++i) CHECK(set(f, "p" + std::to_string(100'000 + i), "v").ok());
  CHECK(set(f, "q", "other").ok());
  CHECK(f.run_command("scan", {"p"}) == 0);
  REQUIRE(f.lines().size() == rows);
  CHECK(f.lines().front() == "p100000\tv");
  CHECK(f.lines().back() == "p101019\tv");
  CHECK(f.run_command("scan", {"p", "-limit", "1005"}) == 0);
  CHECK(f.lines().size() == 1005);
  CHECK(f.run_command("scan", {}) == 0);
  CHECK(f.lines().size() == rows + 1);
  CHECK(f.run_command("scan", {"nothing"}) == 0);
  CHECK(f.lines().empty());
}

TEST_CASE("a batch answers every line as its answer comes") {
  CliFixture f(R"({"id":1,"op":"set","key":"k","value":"v"}
{"id":2,"op":"get","key":"k"}

{"id":3,"op":"get","key":"none"}
not json
{"id":4,"op":"cas","key":"k","expected":"x","value":"y"}
{"id":5,"op":"delete","key":"k"})");
  CHECK(f.run_command("batch", {"-window", "1"}) == 0);
  const std::vector<std::string> expected = {
      R"({"id":1,"ok":true,"index":2})",
      R"({"id":2,"ok":true,"value":"v","index":2})",
      R"({"id":null,"ok":false,"error":"invalid","detail":"not JSON"})",
      R"({"id":3,"ok":false,"index":2,"error":"not_found","detail":"no such key"})",
      R"({"id":null,"ok":false,"error":"invalid","detail":"not JSON"})",
      R"({"id":4,"ok":false,"value":"v","index":3,"error":"mismatch","detail":"the value is another one"})",
      R"({"id":5,"ok":true,"index":4})"};
  CHECK(f.lines() == expected);
}

TEST_CASE("a batch keeps its window full and no fuller") {
  std::string input;
  for (int i = 0; i < 40; ++i) input += R"({"id":)" + std::to_string(i) + R"(,"op":"get","key":"k"})" + "\n";
  CliFixture f(input);
  std::size_t most = 0;
  f.cluster[0].handler = [&](const wire::Request& request) {
    most = std::max(most, f.client.outstanding());
    return f.cluster.carry_out(request);
  };
  CHECK(f.run_command("batch", {"-window", "16"}) == 0);
  CHECK(f.lines().size() == 40);
  CHECK(most == 16);
}

TEST_CASE("a batch answers all lines that it has read while its input stays open, though all of a window end at once") {
  std::string input;
  for (int i = 0; i < 40; ++i) input += R"({"id":)" + std::to_string(i) + R"(,"op":"get","key":"k"})" + "\n";
  CliFixture f(input, 1, TextInput::End::when_closed);
  std::size_t answered = 0;
  f.cluster.after(1000, [&] {  // before any timer of the client: what ends its wait must not be one
    answered = f.lines().size();
    f.input_end.close();
  });
  CHECK(f.run_command("batch", {"-window", "16"}) == 0);
  CHECK(answered == 40);
}

TEST_CASE("a batch answers lines that time out, and they count as answered") {
  CliFixture f(R"({"id":1,"op":"get","key":"k"})");
  f.cluster[0].is_deaf = true;
  CHECK(f.run_command("batch", {}) == 0);
  REQUIRE(f.lines().size() == 1);
  CHECK(f.lines()[0].starts_with(R"({"id":1,"ok":false,"error":"timeout")"));
}

TEST_CASE("the prompt takes commands and the forms of older clients, and errors do not end it") {
  CliFixture f(
      "set-k-a b-c\nget-k\nfrob\nget none\nget\nset k\nset k 'v w'\nget k -read stale\n\nget 'x\nset k -\nbatch\n"
      "get k -frob\nset -- -k v\nget-\nget -- -k\ndelete-k\nget k\nhelp\nquit\nget -- -k\n");
  CHECK(run_prompt(f.environment) == 0);
  const auto lines = f.lines();
  REQUIRE(lines.size() > 7);
  const std::vector<std::string> begin(lines.begin(), lines.begin() + 7);
  CHECK(begin == std::vector<std::string>{"OK", "a b-c", "OK", "v w", "OK", "v", "OK"});
  CHECK(lines[7].find("get KEY") != std::string::npos);
  CHECK(f.err.str().find("\"frob\" is no command") != std::string::npos);
  CHECK(f.err.str().find("too few arguments") != std::string::npos);
  CHECK(f.client.counters().sessions_opened == 1);
}

TEST_CASE("commands that are not there are not in the list") {
  CHECK(find_command("chat fly") == nullptr);
  CHECK(find_command("") == nullptr);
  CHECK(find_command("send") == nullptr);
  const std::string said = unknown_command("fly");
  for (const CommandInfo& info : all_commands()) CHECK(said.find(info.name) != std::string::npos);
  for (const char* word : {"chat", "chat fly"}) {
    const std::string of_chat = unknown_command(word);
    for (const CommandInfo& info : chat_commands()) {
      CHECK(of_chat.find(info.name) != std::string::npos);
      CHECK(find_command(info.name) == &info);
      CHECK(list_of_commands().find(info.name) != std::string::npos);
    }
  }
}
