#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "client/load/preset.hpp"
#include "tests/client/cli_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace parley::client::cli;

namespace {

/// Servers that answer for their status, each as a cluster of its own if they are to.
struct BenchFixture : CliFixture {
  explicit BenchFixture(std::size_t servers = 1) : CliFixture("", servers) {
    for (std::size_t at = 0; at < servers; ++at) {
      cluster[at].handler = [this, at](const wire::Request& request) -> std::optional<wire::ReplyBody> {
        if (std::holds_alternative<wire::StatusRequest>(request.body)) {
          wire::StatusReply status;
          status.self = {ServerId{at + 1}, cluster[at].name, "leader", "", cluster[at].address.text(), "", ""};
          status.fsync = at > 0;
          return status;
        }
        if (std::holds_alternative<wire::MembersRequest>(request.body)) return wire::MembersReply{};
        return cluster.carry_out(request);
      };
    }
  }
  [[nodiscard]] std::string target(std::size_t at) { return cluster[at].address.text(); }
};

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// In a folder of its own.
struct CsvFile {
  CsvFile() {
    std::string name = (std::filesystem::temp_directory_path() / "parley-bench-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder = name;
  }
  ~CsvFile() { std::filesystem::remove_all(folder); }
  CsvFile(const CsvFile&) = delete;
  CsvFile& operator=(const CsvFile&) = delete;
  [[nodiscard]] std::string path() const { return (folder / "rows.csv").string(); }
  [[nodiscard]] std::string text() const {
    std::ifstream file(path());
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  std::filesystem::path folder;
};

}  // namespace

TEST_CASE("bench reports what it measured as JSON") {
  BenchFixture f;
  f.environment.options.json = true;
  CHECK(f.run_command("bench", {"-clients", "4", "-requests", "100", "-keys", "10", "-mix", "set=1,get=1"}) == 0);
  REQUIRE(f.lines().size() == 1);
  const std::string json = f.lines()[0];
  for (const char* part : {R"("clients":4,"seconds":)", R"("ops":100,"errors":0,"throughput":)",
                           R"("latency_us":{"p50":)", R"("p999":)", R"("durability":"no-fsync")", R"("misses":0)",
                           R"("mix":"set=1,get=1")", R"("distribution":"uniform")", R"("each_second":[{"second":)"}) {
    INFO(json);
    CHECK(json.find(part) != std::string::npos);
  }
  CHECK(json.find("\"targets\"") == std::string::npos);
  f.cluster[0].is_reachable = false;
  CHECK(f.run_command("bench", {"-requests", "1"}) == 3);
}

TEST_CASE("bench refuses what makes no sense together") {
  BenchFixture f;
  CHECK(f.run_command("bench", {"-clients", "1", "-sockets", "2"}) == 2);
  CHECK(f.run_command("bench", {"-clients", "2", "-outstanding", "1000000"}) == 2);
  CHECK(f.run_command("bench", {"-requests", "1", "-csv", "/nowhere/at/all"}) == 2);
  CHECK(f.err.str().find("/nowhere/at/all") != std::string::npos);
  f.environment.options.json = true;
  CHECK(f.run_command("bench", {"-requests", "1", "-csv", "-"}) == 2);
  CHECK(f.cluster[0].commands().empty());
}

TEST_CASE("bench writes the keys first if the mix reads, unless they are there") {
  BenchFixture f;
  CHECK(f.run_command("bench", {"-requests", "10", "-keys", "20", "-mix", "get=1"}) == 0);
  CHECK(f.cluster[0].commands().size() == 20);
  CHECK(f.run_command("bench", {"-requests", "10", "-keys", "20", "-mix", "get=1", "-fill=false"}) == 0);
  CHECK(f.cluster[0].commands().size() == 20);
  CHECK(f.run_command("bench", {"-requests", "10", "-keys", "20", "-mix", "set=1"}) == 0);
  CHECK(f.cluster[0].commands().size() == 30);
}

TEST_CASE("bench says each second how it goes, and writes it as CSV") {
  BenchFixture f;
  const CsvFile csv;
  CHECK(f.run_command("bench", {"-time", "3", "-warmup", "2", "-think", "10", "-clients", "2", "-keys", "5", "-mix",
                                "set=1", "-csv", csv.path()}) == 0);
  const std::string rows = csv.text();
  INFO(rows);
  CHECK(rows.starts_with("phase,second,target,ops,"));
  CHECK(count(rows, "\nwarmup,") == 2);
  CHECK(count(rows, "\nload,") == 3);
  CHECK(rows.find("\nload,3.000,127.0.0.1:1,200,0,200.0,") != std::string::npos);
  CHECK(count(f.err.str(), "warmup ") == 2);
  CHECK(count(f.err.str(), "load ") == 3);
  CHECK(f.out.str().find("operations a second") != std::string::npos);

  CHECK(f.run_command("bench", {"-time", "2", "-think", "10", "-mix", "set=1", "-csv", "-"}) == 0);
  CHECK(f.lines().size() == 3);
  CHECK(f.lines()[0].starts_with("phase,"));
}

TEST_CASE("a preset is the flags of an experiment, of which those that are given win") {
  BenchFixture f;
  f.environment.options.json = true;
  const auto ask = [&](std::vector<std::string> flags) {
    flags.insert(flags.end(), {"-requests", "20", "-fill=false"});
    CHECK(f.run_command("bench", flags) == 0);
    return f.out.str();
  };
  const std::string kvstore = ask({"-preset", "kvstore"});
  INFO(kvstore);
  for (const char* part :
       {R"("preset":"kvstore")", R"("keys":1000000,)", R"("value_size":1024,)", R"("mix":"set=50,get=50")"})
    CHECK(kvstore.find(part) != std::string::npos);
  const std::string changed = ask({"-keys", "7", "-preset", "kvstore", "-mix", "set=1", "-distribution", "sequential"});
  INFO(changed);
  for (const char* part : {R"("preset":"kvstore")", R"("keys":7,)", R"("value_size":1024,)", R"("mix":"set=1")"})
    CHECK(changed.find(part) != std::string::npos);
  CHECK(f.cluster.stored("k000000000000003").has_value());
  CHECK(ask({"-preset", "diskstorage", "-keys", "5", "-mix", "set=1", "-distribution", "sequential"})
            .find(R"("value_size":1000,)") != std::string::npos);
  CHECK(f.cluster.stored("3")->size() == 1000);
  for (const load::Preset& preset : load::presets()) {
    INFO(preset.name);
    CHECK(ask({"-preset", std::string(preset.name)}).find(R"("ops":20,)") != std::string::npos);
  }
  // A time is in place of the preset's number of requests.
  CHECK(f.run_command("bench",
                      {"-preset", "telegraft", "-users", "3", "-clients", "3", "-think", "10", "-time", "1"}) == 0);
  CHECK(f.out.str().find(R"("seconds":1.0)") != std::string::npos);
  CHECK(f.out.str().find(R"("users":3,"chats":20,"chats_per_user":5)") != std::string::npos);
}

TEST_CASE("bench loads several clusters at once, and writes the keys of each once") {
  BenchFixture f(3);
  f.cluster[2].cluster.bytes[0] = 2;
  f.cluster[2].leader = f.cluster[2].name;
  f.cluster[2].leader_address = f.target(2);
  f.environment.options.json = true;
  const std::string targets = f.target(0) + "+" + f.target(1) + "," + f.target(1) + "," + f.target(2);
  CHECK(f.run_command("bench", {"-targets", targets, "-requests", "30", "-keys", "20", "-clients", "2"}) == 0);
  const std::string json = f.out.str();
  INFO(json);
  CHECK(json.find(R"("clients":6,)") != std::string::npos);
  CHECK(json.find(R"("ops":90,"errors":0)") != std::string::npos);
  CHECK(json.find(R"("durability":"no-fsync")") != std::string::npos);
  CHECK(json.find(R"("target":"127.0.0.1:1+127.0.0.1:2","clients":2,)") != std::string::npos);
  CHECK(count(json, R"("clients":2,)") == 3);
  CHECK(count(json, R"("ops":30,)") == 2 * 3);  // of the target, and of its only second
  const auto writes = f.cluster[2].commands().size();
  CHECK(writes >= 20);
  CHECK(writes <= 50);
  CHECK(f.cluster[0].commands().size() + f.cluster[1].commands().size() <= 80);

  f.cluster[2].is_reachable = false;
  CHECK(f.run_command("bench", {"-targets", targets, "-requests", "30"}) == 3);
  CHECK(f.err.str().find(f.target(2)) != std::string::npos);
}
