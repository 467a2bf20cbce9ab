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
  CHECK(error_of({"-id", "..", "-raft", ":1", "-join", ":2"}).starts_with("-id: "));
  CHECK(error_of({"-id", "a", "-raft", ":1", "-join", ":2", "surplus"}).starts_with("\"surplus\": "));
}
