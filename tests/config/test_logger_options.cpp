#include "common/config/logger_options.hpp"
#include "tests/config/config_testing.hpp"

using namespace parley;
using namespace parley::config;

namespace {

LoggerOptions options_of(const Args& args) {
  auto command = parse_logger_command(args);
  if (!command) FAIL(command.error().what);
  CHECK(command->kind == LoggerCommand::Kind::serve);
  return command->options;
}

std::string error_of(const Args& args) { return usage_error(parse_logger_command(args)); }

}  // namespace

TEST_CASE("a logger takes one name, port and way to join for each cluster") {
  const LoggerOptions options = options_of(
      {"-id", "log0,log1", "-raft", ":12003,:12004", "-join", ":13000,host.example:1+:2", "-logfolder", "logs"});
  REQUIRE(options.clusters.size() == 2);
  CHECK(options.clusters[0].id.text() == "log0");
  CHECK(options.clusters[0].raft.text() == "127.0.0.1:12003");
  CHECK(options.clusters[0].folder == "logs/log0");
  REQUIRE(options.clusters[0].join.size() == 1);
  CHECK(options.clusters[0].join[0].text() == "127.0.0.1:13000");
  CHECK(options.clusters[1].id.text() == "log1");
  CHECK(options.clusters[1].folder == "logs/log1");
  REQUIRE(options.clusters[1].join.size() == 2);
  CHECK(options.clusters[1].join[0].text() == "host.example:1");
  CHECK(options.clusters[1].join[1].text() == "127.0.0.1:2");
  CHECK_FALSE(options.recovery);
  CHECK(options.segment_bytes == 64ULL << 20);
  CHECK(options.log == "info");
  CHECK(options.compact == "off");
  CHECK(options.compact_period == 100'000);
  const LoggerOptions compacting =
      options_of({"-id", "a", "-raft", ":1", "-join", ":2", "-compact", "delayed", "-compact-period", "1000"});
  CHECK(compacting.compact == "delayed");
  CHECK(compacting.compact_period == 1000);
}

TEST_CASE("what a logger cannot begin with is named") {
  CHECK(error_of({}).starts_with("-id: is required"));
  CHECK(error_of({"-id", "a", "-raft", ":1"}).starts_with("-join: is required"));
  CHECK(error_of({"-id", "a,b", "-raft", ":1", "-join", ":2,:3"}) ==
        "-raft: 1 given for 2 of -id; each cluster takes one");
  CHECK(error_of({"-id", "a,b", "-raft", ":1,:2", "-join", ":2,:3,:4"}) ==
        "-join: 3 given for 2 of -id; each cluster takes one");
  CHECK(error_of({"-id", "a,a", "-raft", ":1,:2", "-join", ":2,:3"}) ==
        "-id: a is given twice; each archive needs a name of its own");
  CHECK(error_of({"-id", "a,b", "-raft", ":1,:1", "-join", ":2,:3"}) == "-raft: 127.0.0.1:1 is given twice");
  CHECK(error_of({"-id", "a", "-raft", ":1", "-join", ":2", "-hrecov", ":1"}) ==
        "-hrecov: 127.0.0.1:1 is the address of -raft too");
  CHECK(error_of({"-id", "a", "-raft", "10.0.0.1:1", "-join", ":2"}).find("-insecure") != std::string::npos);
  CHECK(error_of({"-id", "a", "-raft", ":1", "-join", ":2+"}).starts_with("-join: "));
  CHECK(error_of({"-id", "a", "-raft", ":1", "-join", ":2", "-compact", "on"}).starts_with("-compact: "));
  CHECK(error_of({"-id", "a", "-raft", ":1", "-join", ":2", "-compact-period", "0"}).starts_with("-compact-period: "));
  CHECK(error_of({"-id", "..", "-raft", ":1", "-join", ":2"}).starts_with("-id: "));
  CHECK(error_of({"-id", "a", "-raft", ":1", "-join", ":2", "surplus"}).starts_with("\"surplus\": "));
}

TEST_CASE("a logger's tools take the folder of an archive, and what each needs") {
  const auto tool_of = [](const Args& args, LoggerCommand::Kind kind) {
    auto command = parse_logger_command(args);
    if (!command) FAIL(command.error().what);
    CHECK(command->kind == kind);
    return command->tool;
  };
  using Kind = LoggerCommand::Kind;
  CHECK(tool_of({"verify", "logs/log0"}, Kind::verify).folder == "logs/log0");
  const ToolOptions all = tool_of({"dump", "f"}, Kind::dump);
  CHECK(all.from == Index{1});
  CHECK(all.to == Index{UINT64_MAX});
  const ToolOptions some = tool_of({"dump", "f", "-from", "3", "-to=5"}, Kind::dump);
  CHECK(some.from == Index{3});
  CHECK(some.to == Index{5});
  const ToolOptions both = tool_of({"diff", "a", "b"}, Kind::diff);
  CHECK(both.folder == "a");
  CHECK(both.other == "b");
  const ToolOptions blame = tool_of({"blame", "f", "-json", "k"}, Kind::blame);
  CHECK(blame.folder == "f");
  CHECK(blame.key == "k");
  CHECK(blame.json);
  CHECK(tool_of({"blame", "f", "-base64", "gP8="}, Kind::blame).key == "\x80\xff");
  CHECK(tool_of({"blame", "f", "--", "-k"}, Kind::blame).key == "-k");
}

TEST_CASE("what a logger's tool cannot do is said") {
  CHECK(error_of({"verify"}) == "verify: expected FOLDER");
  CHECK(error_of({"verify", "a", "b"}) == "verify: expected FOLDER");
  CHECK(error_of({"diff", "a"}) == "diff: expected FOLDER FOLDER");
  CHECK(error_of({"blame", "a", ""}) == "blame: expected FOLDER KEY");
  CHECK(error_of({"blame", "a", "x", "-base64"}) == "\"x\": is not base64");
  CHECK(error_of({"dump", "a", "-from", "0"}).starts_with("-from: "));
  CHECK(error_of({"dump", "a", "-from", "5", "-to", "4"}) == "-from: lies behind -to");
  CHECK(error_of({"verify", "a", "-from", "5"}).starts_with("-from: "));
  CHECK(error_of({"verfy", "a"}) == "\"verfy\": is no command of parley-logger: it has verify, dump, diff and blame");
}
