#include "common/config/node_options.hpp"
#include "tests/config/config_testing.hpp"

using namespace parley;
using namespace parley::config;

namespace {

/// The options of a node named n with these flags; fails the test on an error.
NodeOptions options_of(Args args) {
  args.insert(args.begin(), {"-id", "n"});
  auto command = parse_node_command(args);
  if (!command) FAIL(command.error().what);
  CHECK(command->kind == NodeCommand::Kind::serve);
  return command->options;
}

std::string error_of(Args args) {
  args.insert(args.begin(), {"-id", "n"});
  return usage_error(parse_node_command(args));
}

}  // namespace

TEST_CASE("a node needs only its id, and has a sound default for everything else") {
  const NodeOptions options = options_of({});
  CHECK(options.id.text() == "n");
  CHECK(options.client.text() == "127.0.0.1:11000");
  CHECK(options.raft.text() == "127.0.0.1:12000");
  CHECK_FALSE(options.join_listener);
  CHECK(options.join.empty());
  CHECK(options.advertise.empty());
  CHECK(options.data == "./data/n");
  CHECK(options.engine == Engine::lmdb);
  CHECK(options.slot_bytes == 1024);
  CHECK(options.log_folder.empty());
  CHECK(options.quota_bytes == 8ULL << 30);
  CHECK(options.segment_bytes == 64ULL << 20);
  CHECK_FALSE(options.unsafe_no_fsync);
  CHECK_FALSE(options.insecure);
  CHECK(options.heartbeat_ticks() == 5);
  CHECK(options.election_ticks() == 25);
  CHECK(options.log == "info");
  CHECK(usage_error(parse_node_command(Args{})) == "-id: is required: this node's name in the cluster");
}

TEST_CASE("each flag of a node reaches its field") {
  const NodeOptions options = options_of({"-port",
                                          ":1",
                                          "-raft=127.0.0.2:2",
                                          "-hjoin",
                                          "localhost:3",
                                          "-join",
                                          "host.example:4,:5",
                                          "-advertise",
                                          "node0.example",
                                          "-data",
                                          "d",
                                          "-engine",
                                          "disk",
                                          "-slot",
                                          "4KiB",
                                          "-logfolder",
                                          "l",
                                          "-quota",
                                          "1GiB",
                                          "-segment",
                                          "8MiB",
                                          "-unsafe-no-fsync",
                                          "-insecure",
                                          "-tick-ms",
                                          "7",
                                          "-heartbeat-ms",
                                          "30",
                                          "-election-ms",
                                          "100",
                                          "-log",
                                          "trace",
                                          "-cpuprofile",
                                          "c",
                                          "-memprofile",
                                          "m"});
  CHECK(options.client.text() == "127.0.0.1:1");
  CHECK(options.raft.text() == "127.0.0.2:2");
  REQUIRE(options.join_listener);
  CHECK(options.join_listener->text() == "127.0.0.1:3");
  REQUIRE(options.join.size() == 2);
  CHECK(options.join[0].text() == "host.example:4");
  CHECK(options.join[1].text() == "127.0.0.1:5");
  CHECK(options.advertise == "node0.example");
  CHECK(options.data == "d");
  CHECK(options.engine == Engine::disk);
  CHECK(options.slot_bytes == 4096);
  CHECK(options.log_folder == "l");
  CHECK(options.quota_bytes == 1ULL << 30);
  CHECK(options.segment_bytes == 8ULL << 20);
  CHECK(options.unsafe_no_fsync);
  CHECK(options.insecure);
  CHECK(options.heartbeat_ticks() == 5);
  CHECK(options.election_ticks() == 15);
  CHECK(options.log == "trace");
  CHECK(options.cpu_profile == "c");
  CHECK(options.heap_profile == "m");
}

TEST_CASE("a node's options come from a file as well, and errors name its line") {
  TemporaryFolder folder;
  const std::string good =
      folder.write("node.toml", "id = 'n1'\nport = ':7000'\njoin = [':7001', ':7002']\nunsafe-no-fsync = true\n");
  const auto command = parse_node_command(Args{"-config", good, "-port", ":8000"});
  REQUIRE(command);
  CHECK(command->options.id.text() == "n1");
  CHECK(command->options.client.port() == 8000);
  CHECK(command->options.join.size() == 2);
  CHECK(command->options.unsafe_no_fsync);
  const std::string bad = folder.write("bad.toml", "\nid = 'n1'\nheartbeat-ms = 200\n");
  CHECK(usage_error(parse_node_command(Args{"-config", bad}))
            .starts_with(bad + ":3: heartbeat-ms: heartbeat-ms 200 is not less than half of"));
}

TEST_CASE("a name that is none is refused") {
  CHECK(usage_error(parse_node_command(Args{"-id", "a/b"})).starts_with("-id: \"a/b\" is no name"));
  CHECK(usage_error(parse_node_command(Args{"-id", ".."})).starts_with("-id: \"..\" is no name"));
}

TEST_CASE("a listener beyond this machine needs -insecure, and the message names flag and host") {
  for (const std::string flag : {"-port", "-raft", "-hjoin"}) {
    INFO(flag);
    const std::string error = error_of({flag, "192.168.1.5:1234"});
    CHECK(error.starts_with(flag + ": host 192.168.1.5 is not the loopback address"));
    CHECK(error.find("-insecure") != std::string::npos);
    CHECK(options_of({flag, "192.168.1.5:1234", "-insecure"}).insecure);
    CHECK_FALSE(options_of({flag, "[::1]:1234"}).insecure);
  }
}

TEST_CASE("a listener on all addresses must say which one others shall use") {
  for (const std::string address : {"0.0.0.0:1", "[::]:1", "[0:0::0]:1"}) {
    INFO(address);
    CHECK(error_of({"-raft", address, "-insecure"}).find("-advertise HOST") != std::string::npos);
    CHECK(options_of({"-raft", address, "-insecure", "-advertise", "10.0.0.1"}).advertise == "10.0.0.1");
  }
}

TEST_CASE("a listener takes an address by number, since a name may move") {
  CHECK(error_of({"-raft", "node0.example:1", "-insecure"}) ==
        "-raft: \"node0.example\" is a name; to listen takes an address by number");
}

TEST_CASE("an address that is none names its flag") {
  for (const std::string flag : {"-port", "-raft", "-hjoin", "-join"}) {
    for (const std::string address : {"11000", "host", "host:", ":x", ":65536", "::1", "a b:1"}) {
      INFO(flag << " " << address);
      CHECK(error_of({flag, address}).starts_with(flag + ": address "));
    }
  }
  CHECK(error_of({"-join", ":1,,:2"}).starts_with("-join: "));
  CHECK(error_of({"-join", ":0"}) == "-join: \":0\" has port 0, to which nobody can connect");
  CHECK(error_of({"-join", "0.0.0.0:1"}) == "-join: \"0.0.0.0:1\" is no address to connect to");
}

TEST_CASE("two listeners cannot have one address, unless the system chooses the ports") {
  CHECK(error_of({"-raft", ":11000"}) == "-raft: 127.0.0.1:11000 is the address of -port too");
  CHECK(error_of({"-hjoin", "localhost:12000"}) == "-hjoin: 127.0.0.1:12000 is the address of -raft too");
  CHECK(options_of({"-port", ":0", "-raft", ":0"}).raft.port() == 0);
}

TEST_CASE("the host to advertise is a host alone that others can reach") {
  CHECK(options_of({"-advertise", "10.0.0.1"}).advertise == "10.0.0.1");
  CHECK(options_of({"-advertise", "[fe80::1]"}).advertise == "fe80::1");
  CHECK(options_of({"-advertise", "fe80::1"}).advertise == "fe80::1");
  CHECK(error_of({"-advertise", "host:11000"}).starts_with("-advertise: expected a host alone, without a port"));
  CHECK(error_of({"-advertise", "[::1]:11000"}).starts_with("-advertise: expected a host alone, without a port"));
  for (const std::string host : {"0.0.0.0", "::", "a b", "a{b"}) {
    INFO(host);
    CHECK(error_of({"-advertise", host}) == "-advertise: \"" + host + "\" is no host that others can reach");
  }
}

TEST_CASE("the timers must leave room for a lost heartbeat") {
  CHECK(error_of({"-heartbeat-ms", "125"})
            .starts_with("-heartbeat-ms: heartbeat-ms 125 is not less than half of election-ms 250"));
  CHECK(options_of({"-heartbeat-ms", "124"}).heartbeat_ms == 124);
  CHECK(error_of({"-election-ms", "100"})
            .starts_with("-election-ms: heartbeat-ms 50 is not less than half of election-ms 100"));
  CHECK(error_of({"-tick-ms", "51"}).starts_with("-tick-ms: heartbeat-ms 50 is less than a tick, 51 ms"));
  CHECK(error_of({"-tick-ms", "0"}) == "-tick-ms: \"0\" is out of range: 1 to 1000 ms");
}

TEST_CASE("sizes of a node stay within their limits") {
  CHECK(error_of({"-segment", "1MiB"}) == "-segment: \"1MiB\" is out of range: 8MiB to 1GiB");
  CHECK(error_of({"-segment", "2GiB"}) == "-segment: \"2GiB\" is out of range: 8MiB to 1GiB");
  CHECK(error_of({"-quota", "1MiB"}) == "-quota: \"1MiB\" is out of range: 64MiB to 1TiB");
}

TEST_CASE("a node has one of three engines, and slots with one of them") {
  for (const Engine engine : {Engine::lmdb, Engine::memory, Engine::disk})
    CHECK(options_of({"-engine", std::string(word_of(engine))}).engine == engine);
  CHECK(error_of({"-engine", "tape"}) == "-engine: expected lmdb|memory|disk, found \"tape\"");
  CHECK(error_of({"-engine", "disk", "-slot", "15"}) == "-slot: \"15\" is out of range: 16B to 1MiB");
  CHECK(error_of({"-engine", "disk", "-slot", "2MiB"}) == "-slot: \"2MiB\" is out of range: 16B to 1MiB");
  CHECK(error_of({"-engine", "memory", "-slot", "1KiB"}) == "-slot: only with -engine disk; the engine is memory");
  CHECK(error_of({"-slot", "1KiB"}) == "-slot: only with -engine disk; the engine is lmdb");
}

TEST_CASE("a folder is inspected or verified without an id") {
  const auto inspect = parse_node_command(Args{"inspect", "some/folder"});
  REQUIRE(inspect);
  CHECK(inspect->kind == NodeCommand::Kind::inspect);
  CHECK(inspect->folder == "some/folder");
  const auto verify = parse_node_command(Args{"verify", "--", "-folder"});
  REQUIRE(verify);
  CHECK(verify->kind == NodeCommand::Kind::verify);
  CHECK(verify->folder == "-folder");
  CHECK(usage_error(parse_node_command(Args{"inspect"})) == "inspect: expected one FOLDER");
  CHECK(usage_error(parse_node_command(Args{"inspect", "a", "b"})) == "inspect: expected one FOLDER");
  CHECK(usage_error(parse_node_command(Args{"verify", "a", "-id", "n"})).starts_with("-id: unknown flag"));
  CHECK(error_of({"start"}).starts_with("\"start\": is no command of parley-node"));
}

TEST_CASE("a node prints its help and its version") {
  const auto help = parse_node_command(Args{"-help"});
  REQUIRE(help);
  CHECK(help->kind == NodeCommand::Kind::print);
  for (const auto* flag : {"-id",
                           "-port",
                           "-raft",
                           "-advertise",
                           "-hjoin",
                           "-join",
                           "-data",
                           "-engine",
                           "-slot",
                           "-logfolder",
                           "-unsafe-no-fsync",
                           "-retain",
                           "-retain-archives",
                           "-segment",
                           "-quota",
                           "-insecure",
                           "-log",
                           "-cpuprofile",
                           "-memprofile",
                           "-config",
                           "-tick-ms",
                           "-heartbeat-ms",
                           "-election-ms"}) {
    INFO(flag);
    CHECK(help->text.find("\n  " + std::string(flag)) != std::string::npos);
  }
  const auto version = parse_node_command(Args{"-version"});
  REQUIRE(version);
  CHECK(version->text.starts_with("parley-node "));
  CHECK(parse_node_command(Args{"inspect", "-help"})->kind == NodeCommand::Kind::print);
}
