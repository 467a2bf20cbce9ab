#include "client/cli/load.hpp"
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
  CHECK(find_command("chat") == nullptr);
  CHECK(find_command("") == nullptr);
  const std::string said = unknown_command("chat");
  for (const CommandInfo& info : all_commands()) CHECK(said.find(info.name) != std::string::npos);
}

TEST_CASE("a load of a given number of requests makes exactly those, and counts misses apart") {
  CliFixture f;
  LoadOptions options;
  options.clients = 10;
  options.sockets = 3;
  options.requests = 500;
  options.keys = 50;
  std::uint64_t requests = 0;
  f.cluster[0].handler = [&](const wire::Request& request) {
    requests += std::holds_alternative<wire::ReadRequest>(request.body) ? 1 : 0;
    return f.cluster.carry_out(request);
  };
  options.mix = *Mix::parse("get=1");
  Load load(f.cluster, f.cluster.clock, Fixture::settings(f.cluster, 1), options, [](const char*, auto, auto, auto) {});
  const LoadResult result = load.run();
  CHECK(requests == 500);
  CHECK(result.ops == 500);
  CHECK(result.misses == 500);
  CHECK(result.error_count() == 0);
  CHECK(result.latency.count() == 500);
  CHECK(result.latency_by_op[static_cast<std::size_t>(Mix::Op::get)].count() == 500);
  CHECK(f.cluster.connections == 3);
}

TEST_CASE("the keys of a load are written first, each once, with sixteen bytes") {
  CliFixture f;
  LoadOptions options;
  options.keys = 2000;
  options.requests = 300;
  options.clients = 4;
  options.value_size = 10;
  options.mix = *Mix::parse("get=1");
  Load load(f.cluster, f.cluster.clock, Fixture::settings(f.cluster, 1), options, [](const char*, auto, auto, auto) {});
  CHECK(load.write_keys().ok());
  CHECK(f.cluster[0].commands().size() == 2000);
  const auto last = f.cluster.stored("k000000000001999");
  REQUIRE(last.has_value());
  CHECK(last->size() == 10);
  CHECK_FALSE(f.cluster.stored("k000000000002000").has_value());
  CHECK(load.run().misses == 0);
}

TEST_CASE("every request of a load is recorded, also those that are answered after its end, and errors by word") {
  CliFixture f;
  LoadOptions options;
  options.clients = 8;
  options.time_ms = 2000;
  options.think_ms = 100;
  options.mix = *Mix::parse("set=1");
  std::size_t begun = 0;
  f.cluster[0].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    ++begun;
    if (begun % 5 == 0) return wire::ErrorReply{ErrorWord::quota, "full", 0};
    return f.cluster.carry_out(request);
  };
  Load load(f.cluster, f.cluster.clock, Fixture::settings(f.cluster, 1), options, [](const char*, auto, auto, auto) {});
  const LoadResult result = load.run();
  CHECK(result.elapsed_us >= 2'000'000);
  CHECK(result.latency.count() == begun - 1);  // but for the opening of the session
  CHECK(result.errors[static_cast<std::size_t>(ErrorWord::quota)] == result.error_count());
  CHECK(result.error_count() >= 20);
  // What was under way at the end is recorded, but no operation of that time.
  CHECK(result.ops + result.error_count() <= result.latency.count());
  CHECK(result.ops + result.error_count() + options.clients >= result.latency.count());
  CHECK(result.latency.count() <= 8 * 21);  // each thinks for a tenth of a second
}

TEST_CASE("the requests of an open loop begin at their times, whatever is unanswered, and are timed from then") {
  CliFixture f;
  LoadOptions options;
  options.clients = 5000;
  options.sockets = 20;
  options.rate = 1000;
  options.time_ms = 3000;
  options.mix = *Mix::parse("get=1");
  // For a second nobody is answered.
  f.cluster[0].holds_answers = true;
  f.cluster.after(1'000'000, [&] {
    f.cluster[0].holds_answers = false;
    f.cluster[0].release();
  });
  ClientSettings settings = Fixture::settings(f.cluster, 1);
  settings.silence_us = 10'000'000;
  Load load(f.cluster, f.cluster.clock, settings, options, [](const char*, auto, auto, auto) {});
  const LoadResult result = load.run();
  CHECK(result.latency.count() >= 2990);
  CHECK(result.latency.count() <= 3010);
  CHECK(result.ops + 5 >= result.latency.count());
  CHECK(result.missed == 0);
  CHECK(result.latency.max() >= 990'000);
  CHECK(result.latency.percentile(80) >= 300'000);
  CHECK(result.latency.percentile(50) < 50'000);
}

TEST_CASE("requests of an open loop that find no free client never begin, and are counted") {
  CliFixture f;
  LoadOptions options;
  options.clients = 10;
  options.rate = 500;
  options.time_ms = 2000;
  options.mix = *Mix::parse("get=1");
  f.cluster[0].is_deaf = true;
  Load load(f.cluster, f.cluster.clock, Fixture::settings(f.cluster, 1), options, [](const char*, auto, auto, auto) {});
  const LoadResult result = load.run();
  CHECK(result.ops == 0);
  CHECK(result.latency.count() == 10);
  CHECK(result.missed >= 985);
  CHECK(result.missed <= 991);
}

TEST_CASE("answers that say busy are counted though the client asks again") {
  CliFixture f;
  LoadOptions options;
  options.clients = 4;
  options.requests = 40;
  options.mix = *Mix::parse("get=1");
  std::size_t asked = 0;
  f.cluster[0].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    if (++asked % 2 == 1) return wire::ErrorReply{ErrorWord::busy, "", 1};
    return f.cluster.carry_out(request);
  };
  Load load(f.cluster, f.cluster.clock, Fixture::settings(f.cluster, 1), options, [](const char*, auto, auto, auto) {});
  const LoadResult result = load.run();
  CHECK(result.ops == 40);
  CHECK(result.error_count() == 0);
  CHECK(result.answers == asked);
  CHECK(result.busy_answers == asked - 40);
}

TEST_CASE("what a warm-up does is not counted") {
  CliFixture f;
  LoadOptions options;
  options.clients = 2;
  options.requests = 10;
  options.warmup_ms = 1000;
  options.think_ms = 50;
  options.mix = *Mix::parse("get=1");
  Load load(f.cluster, f.cluster.clock, Fixture::settings(f.cluster, 1), options, [](const char*, auto, auto, auto) {});
  const LoadResult result = load.run();
  CHECK(result.latency.count() == 10);
  CHECK(f.cluster[0].requests().size() >= 10 + 2 * 18);
}

TEST_CASE("bench reports what it measured as JSON") {
  CliFixture f;
  f.cluster[0].handler = [&](const wire::Request& request) -> std::optional<wire::ReplyBody> {
    if (std::holds_alternative<wire::StatusRequest>(request.body)) {
      wire::StatusReply status;
      status.self = {ServerId{1}, "n0", "leader", "", f.cluster[0].address.text(), "", ""};
      status.fsync = false;
      return status;
    }
    if (std::holds_alternative<wire::MembersRequest>(request.body)) return wire::MembersReply{};
    return f.cluster.carry_out(request);
  };
  f.environment.options.json = true;
  CHECK(f.run_command("bench", {"-clients", "4", "-requests", "100", "-keys", "10", "-mix", "set=1,get=1"}) == 0);
  REQUIRE(f.lines().size() == 1);
  const std::string json = f.lines()[0];
  for (const char* part :
       {R"("clients":4,"seconds":)", R"("ops":100,"errors":0,"throughput":)", R"("latency_us":{"p50":)", R"("p999":)",
        R"("durability":"no-fsync")", R"("misses":0)", R"("mix":"set=1,get=1")"}) {
    INFO(json);
    CHECK(json.find(part) != std::string::npos);
  }
  CHECK(f.run_command("bench", {"-clients", "1", "-sockets", "2"}) == 2);
  f.cluster[0].is_reachable = false;
  CHECK(f.run_command("bench", {"-requests", "1"}) == 3);
}
