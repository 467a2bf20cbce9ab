#include "common/config/client_options.hpp"
#include "tests/config/config_testing.hpp"

using namespace parley;
using namespace parley::config;

namespace {

/// The table of a command `get KEY [-read MODE]` as the client makes it.
struct Fixture {
  TemporaryFolder folder;
  ClientOptions options;
  std::string read = "linearizable";
  OptionTable table{{"parley get KEY"}};

  Fixture() {
    declare_client_options(table, options, {folder.path() / "bin", folder.path()});
    table.choice("read", &read, {"linearizable", "lease", "stale"},
                 {.meaning = "how fresh", .where = Where::flag_only});
  }
  Result<Parsed> parse(const Args& args) const { return table.parse(args); }
  [[nodiscard]] Args servers() const {
    Args texts;
    for (const Address& server : options.servers) texts.push_back(server.text());
    return texts;
  }
};

}  // namespace

TEST_CASE("without flags and files a client talks to the node on this machine") {
  Fixture f;
  REQUIRE(f.parse({}));
  CHECK(f.servers() == Args{"127.0.0.1:11000"});
  CHECK(f.options.timeout_ms == 5000);
  CHECK(f.options.thinking_time_ms == 0);
  CHECK_FALSE(f.options.json);
  CHECK(f.options.user.empty());
}

TEST_CASE("global flags may stand before and behind the command") {
  Fixture f;
  OptionTable global({"parley"});
  ClientOptions unused;
  declare_client_options(global, unused, {});
  const Args args = {"-servers", ":1,host.example:2", "get", "KEY",   "-read",
                     "stale",    "-timeout",          "2s",  "-json", "-user=ann"};
  const auto line = global.split_command(args);
  REQUIRE(line);
  CHECK(line->command == "get");
  const auto parsed = f.table.parse(line->arguments);
  REQUIRE(parsed);
  CHECK(parsed->positional == Args{"KEY"});
  CHECK(f.servers() == Args{"127.0.0.1:1", "host.example:2"});
  CHECK(f.read == "stale");
  CHECK(f.options.timeout_ms == 2000);
  CHECK(f.options.json);
  CHECK(f.options.user == "ann");
}

TEST_CASE("a global flag given on both sides of the command is given twice") {
  Fixture f;
  CHECK(usage_error(f.parse({"-timeout", "1s", "KEY", "-timeout", "2s"})) == "-timeout: given twice");
}

TEST_CASE("the client file says where the servers are and how long to wait") {
  Fixture f;
  const std::string file = f.folder.write("client.toml",
                                          "servers = [\"127.0.0.1:1\", \"10.0.0.1:2\"]\ntimeout_ms = "
                                          "1500\nthinking_time_ms = 3\nuser = 'ann'\njson = true\n");
  REQUIRE(f.parse({"-config", file}));
  CHECK(f.servers() == Args{"127.0.0.1:1", "10.0.0.1:2"});
  CHECK(f.options.timeout_ms == 1500);
  CHECK(f.options.thinking_time_ms == 3);
  CHECK(f.options.user == "ann");
  CHECK(f.options.json);
}

TEST_CASE("a flag wins over the client file, whatever the key is called there") {
  Fixture f;
  const std::string file = f.folder.write("client.toml", "svrIps = ['10.0.0.1:2']\ntimeout_ms = 1500\n");
  REQUIRE(f.parse({"-config", file, "-servers", ":9", "-timeout", "7"}));
  CHECK(f.servers() == Args{"127.0.0.1:9"});
  CHECK(f.options.timeout_ms == 7000);
}

TEST_CASE("the older names of the client file are understood") {
  Fixture f;
  const std::string file =
      f.folder.write("client.toml", "svrIps=[\"10.0.0.1:11000\", \"10.0.0.2:11000\"]\nthinkingTimeMsec=10\n");
  REQUIRE(f.parse({"-config", file}));
  CHECK(f.servers() == Args{"10.0.0.1:11000", "10.0.0.2:11000"});
  CHECK(f.options.thinking_time_ms == 10);
  const std::string both = f.folder.write("both.toml", "servers = [':1']\nsvrIps = [':2']\n");
  CHECK(usage_error(f.parse({"-config", both})) ==
        both + ":2: svrIps: says the same as " + both + ":1: servers; keep one");
  const std::string twice = f.folder.write("twice.toml", "thinkingTimeMsec = 1\nthinking_time_ms = 2\n");
  CHECK(usage_error(f.parse({"-config", twice})).starts_with(twice + ":2: thinking_time_ms: says the same as"));
}

TEST_CASE("the client file beside the program comes before the one in the working folder") {
  Fixture f;
  std::filesystem::create_directory(f.folder.path() / "bin");
  (void)f.folder.write(client_file_name, "servers = [':2']");
  REQUIRE(f.parse({}));
  CHECK(f.servers() == Args{"127.0.0.1:2"});
  (void)f.folder.write(std::string("bin/") + client_file_name, "servers = [':3']");
  REQUIRE(f.parse({}));
  CHECK(f.servers() == Args{"127.0.0.1:3"});
}

TEST_CASE("the client file by default is not read when servers are given") {
  Fixture f;
  (void)f.folder.write(client_file_name, "this is not TOML");
  REQUIRE(f.parse({"-servers", ":4"}));
  CHECK(f.servers() == Args{"127.0.0.1:4"});
  CHECK(usage_error(f.parse({})).find("client-config.toml:1: not valid TOML") != std::string::npos);
}

TEST_CASE("flags of a command are no keys of the client file") {
  Fixture f;
  const std::string file = f.folder.write("client.toml", "read = 'stale'");
  CHECK(usage_error(f.parse({"-config", file})) == file + ":1: read: unknown key");
}

TEST_CASE("what a client is told must make sense") {
  Fixture f;
  CHECK(usage_error(f.parse({"-timeout", "0"})) == "-timeout: \"0\" is out of range: 1ms to 1h");
  CHECK(usage_error(f.parse({"-servers", "host"})).starts_with("-servers: address 'host': no port"));
  CHECK(usage_error(f.parse({"-servers", ":1,"})).starts_with("-servers: "));
  const std::string file = f.folder.write("client.toml", "timeout_ms = '5 seconds'");
  CHECK(usage_error(f.parse({"-config", file})).starts_with(file + ":1: timeout_ms: expected a duration"));
  const std::string empty = f.folder.write("empty.toml", "servers = []");
  CHECK(usage_error(f.parse({"-config", empty})) == empty + ":1: servers: its value is empty");
}

TEST_CASE("the folders of the client file are the program's own and the working folder") {
  const auto folders = client_file_folders();
  REQUIRE(folders.size() == 2);
  CHECK(folders[0] == std::filesystem::read_symlink("/proc/self/exe").parent_path());
  CHECK(folders[1] == ".");
}
