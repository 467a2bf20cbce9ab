#include "common/config/recovery_options.hpp"
#include "tests/config/config_testing.hpp"

using namespace parley;
using namespace parley::config;

namespace {

RecoveryOptions options_of(const Args& args) {
  auto command = parse_recovery_command(args);
  if (!command) FAIL(command.error().what);
  CHECK(command->kind == RecoveryCommand::Kind::recover);
  return command->options;
}

std::string error_of(const Args& args) { return usage_error(parse_recovery_command(args)); }

}  // namespace

TEST_CASE("a recovery needs no more than a source") {
  const RecoveryOptions options = options_of({"-recov", ":12100"});
  REQUIRE(options.sources.size() == 1);
  CHECK(options.sources[0].text() == "127.0.0.1:12100");
  CHECK(options.cluster.is_nil());
  CHECK_FALSE(options.from);
  CHECK_FALSE(options.to);
  CHECK(options.timeout_ms == 30'000);
  CHECK(options.after_ms == 0);
  CHECK(options.into.empty());
  CHECK(options.replay == RecoveryOptions::Replay::parallel);
  CHECK_FALSE(options.json);
  CHECK_FALSE(options.progress);
}

TEST_CASE("a recovery takes sources, an interval, a folder and times, by flags or by a file") {
  const std::string id = "00112233445566778899aabbccddeeff";
  const RecoveryOptions options =
      options_of({"-recov", ":1,host.example:2", "-cluster", id, "-from", "5", "-to=9", "-timeout", "250ms", "-after",
                  "1.5", "-json", "-progress", "-replay", "sequential"});
  REQUIRE(options.sources.size() == 2);
  CHECK(options.sources[1].text() == "host.example:2");
  CHECK(options.cluster.text() == id);
  CHECK(options.from == Index{5});
  CHECK(options.to == Index{9});
  CHECK(options.timeout_ms == 250);
  CHECK(options.after_ms == 1500);
  CHECK(options.json);
  CHECK(options.progress);
  CHECK(options.replay == RecoveryOptions::Replay::sequential);

  const TemporaryFolder folder;
  const std::string file = folder.write("r.toml", "recov = [\":1\", \":2\"]\nto = 7\ninto = \"made\"\n");
  const RecoveryOptions from_file = options_of({"-config", file, "-to", "8"});
  CHECK(from_file.sources.size() == 2);
  CHECK(from_file.to == Index{8});
  CHECK(from_file.into == "made");
}

TEST_CASE("what a recovery cannot begin with is named") {
  CHECK(error_of({}).starts_with("-recov: is required"));
  CHECK(error_of({"-recov", "nowhere"}).starts_with("-recov: "));
  CHECK(error_of({"-recov", ":1,:2,:1"}) == "-recov: 127.0.0.1:1 is given twice");
  CHECK(error_of({"-recov", ":1", "-cluster", "x"}).starts_with("-cluster: \"x\" is no cluster"));
  CHECK(error_of({"-recov", ":1", "-cluster", std::string(32, '0')}).starts_with("-cluster: "));
  CHECK(error_of({"-recov", ":1", "-from", "0"}).starts_with("-from: "));
  CHECK(error_of({"-recov", ":1", "-to", "18446744073709551615"}).starts_with("-to: "));
  CHECK(error_of({"-recov", ":1", "-from", "5", "-to", "4"}) == "-to: 4 is below -from 5");
  CHECK(error_of({"-recov", ":1", "-from", "5", "-into", "x"}).starts_with("-from: goes not with -into"));
  CHECK(error_of({"-recov", ":1", "-timeout", "0"}).starts_with("-timeout: "));
  CHECK(error_of({"-recov", ":1", "-replay", "backwards"}).starts_with("-replay: "));
  CHECK(error_of({"-recov", ":1", "-frm", "1"}).starts_with("-frm: "));
  CHECK(error_of({"-recov", ":1", "surplus"}) == "\"surplus\": expected a flag");
  const TemporaryFolder folder;
  const std::string file = folder.write("r.toml", "recov = \":1\"\nfrom = 0\n");
  CHECK(error_of({"-config", file}).starts_with(file + ":2: from: "));
}

TEST_CASE("a recovery's help and version are printed") {
  const auto help = parse_recovery_command(Args{"-help"});
  REQUIRE(help);
  CHECK(help->kind == RecoveryCommand::Kind::print);
  for (const char* flag : {"-recov", "-cluster", "-from", "-to", "-timeout", "-after", "-into", "-json", "-replay",
                           "-progress", "-config"})
    CHECK(help->text.find(std::string("  ") + flag) != std::string::npos);
  CHECK(parse_recovery_command(Args{"-version"})->text.starts_with("parley-recovery "));
}
