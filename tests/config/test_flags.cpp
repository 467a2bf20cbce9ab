#include "common/config/option_table.hpp"
#include "tests/config/config_testing.hpp"

using namespace parley;
using namespace parley::config;

namespace {

enum class Color { red, green };

/// One option of each kind.
struct Fixture {
  std::string id = "none";
  std::uint64_t count = 7;
  std::uint64_t bytes = 64 * 1024 * 1024;
  std::uint64_t wait_ms = 5000;
  bool loud = false;
  std::string level = "info";
  Color color = Color::red;
  std::vector<std::string> names;
  OptionTable table{{"program [flags]"}};

  Fixture() {
    table.text("id", &id, {.meaning = "a name"});
    table.number("count", &count, {.min = 1, .max = 10, .unit = "entries"}, {.meaning = "how many"});
    table.size("bytes", &bytes, {.min = 1}, {.meaning = "how large"});
    table.duration("wait", &wait_ms, {.max_ms = 60'000}, {.meaning = "how long"});
    table.flag("loud", &loud, {.meaning = "shout"});
    table.choice("level", &level, {"info", "error"}, {.meaning = "how much"});
    table.choice<Color>("color", &color, {{"red", Color::red}, {"green", Color::green}}, {.meaning = "which"});
    table.list("names", &names, {.meaning = "who"});
    table.config_file();
  }
  Result<Parsed> parse(const Args& args) const { return table.parse(args); }
};

}  // namespace

TEST_CASE("a flag is written with one dash or two, with a space or an equals sign") {
  const Args args = GENERATE(Args{"-id", "node0"}, Args{"-id=node0"}, Args{"--id", "node0"}, Args{"--id=node0"});
  Fixture f;
  REQUIRE(f.parse(args));
  CHECK(f.id == "node0");
}

TEST_CASE("without flags the variables keep their defaults") {
  Fixture f;
  const auto parsed = f.parse({});
  REQUIRE(parsed);
  CHECK(parsed->ask == Ask::run);
  CHECK(parsed->positional.empty());
  CHECK(f.id == "none");
  CHECK(f.count == 7);
  CHECK_FALSE(f.loud);
  CHECK_FALSE(parsed->given("id"));
  CHECK(parsed->origin("id") == "-id (its default)");
}

TEST_CASE("each kind of flag is stored in its variable") {
  Fixture f;
  const auto parsed = f.parse(
      {"-count", "10", "-bytes=1KiB", "-wait", "250ms", "-loud", "-level", "error", "-color=green", "-names", "a,b"});
  REQUIRE(parsed);
  CHECK(f.count == 10);
  CHECK(f.bytes == 1024);
  CHECK(f.wait_ms == 250);
  CHECK(f.loud);
  CHECK(f.level == "error");
  CHECK(f.color == Color::green);
  CHECK(f.names == Args{"a", "b"});
  CHECK(parsed->origin("count") == "-count");
}

TEST_CASE("a boolean flag takes a value only behind an equals sign") {
  Fixture f;
  f.loud = true;
  REQUIRE(f.parse({"-loud=false"}));
  CHECK_FALSE(f.loud);
  const auto parsed = f.parse({"-loud", "false"});
  REQUIRE(parsed);
  CHECK(f.loud);
  CHECK(parsed->positional == Args{"false"});
  CHECK(usage_error(f.parse({"-loud=yes"})) == "-loud: expected true or false, found \"yes\"");
  CHECK(usage_error(f.parse({"-loud="})) == "-loud: expected true or false, found \"\"");
}

TEST_CASE("names are exact and never abbreviated") {
  Fixture f;
  for (const std::string name : {"i", "ids", "coun", "counts", "Id", "5", "id ", "h"}) {
    INFO(name);
    CHECK(usage_error(f.parse({"-" + name, "1"})).starts_with("-" + name + ": unknown flag"));
    CHECK(usage_error(f.parse({"--" + name + "=1"})).starts_with("-" + name + ": unknown flag"));
  }
  CHECK(usage_error(f.parse({"-=x"})).starts_with("-: unknown flag"));
  CHECK(usage_error(f.parse({"--=x"})).starts_with("-: unknown flag"));
  CHECK(usage_error(f.parse({"---id"})).starts_with("--id: unknown flag"));
  CHECK(usage_error(f.parse({"-a\nb"})).starts_with("-a\\x0ab: unknown flag"));
}

TEST_CASE("two dashes end the flags and a lone dash is an argument or a value") {
  Fixture f;
  const auto parsed = f.parse({"set", "-", "-id", "-", "--", "-count", "--", "-"});
  REQUIRE(parsed);
  CHECK(parsed->positional == Args{"set", "-", "-count", "--", "-"});
  CHECK(f.id == "-");
  CHECK(f.count == 7);
}

TEST_CASE("flags may stand between and behind arguments") {
  Fixture f;
  const auto parsed = f.parse({"get", "-count", "3", "KEY", "-id=x"});
  REQUIRE(parsed);
  CHECK(parsed->positional == Args{"get", "KEY"});
  CHECK(f.count == 3);
  CHECK(f.id == "x");
}

TEST_CASE("an empty value is one where the option says so") {
  std::string text = "before";
  OptionTable table({"program"});
  table.text("text", &text, {.meaning = "a text", .may_be_empty = true});
  const std::vector<std::string> arguments = {"-text", ""};
  REQUIRE(table.parse(arguments));
  CHECK(text.empty());
}

TEST_CASE("a missing value is an error that names the flag") {
  Fixture f;
  CHECK(usage_error(f.parse({"-id"})) == "-id: its value is missing");
  CHECK(usage_error(f.parse({"-id="})) == "-id: its value is empty");
  CHECK(usage_error(f.parse({"-id", ""})) == "-id: its value is empty");
  CHECK(usage_error(f.parse({"-id", "-count", "3"})).starts_with("-id: its value is missing: -count follows"));
  CHECK(usage_error(f.parse({"-id", "--count=3"})).starts_with("-id: its value is missing: --count=3 follows"));
  CHECK(usage_error(f.parse({"-id", "--"})).starts_with("-id: its value is missing: -- follows"));
  CHECK(usage_error(f.parse({"-names", "a,,b"})).starts_with("-names: "));
}

TEST_CASE("a value may begin with a dash where it is no flag of the table, or behind an equals sign") {
  Fixture f;
  REQUIRE(f.parse({"-id", "-x"}));
  CHECK(f.id == "-x");
  REQUIRE(f.parse({"-id=-count"}));
  CHECK(f.id == "-count");
  REQUIRE(f.parse({"-id=a=b"}));
  CHECK(f.id == "a=b");
}

TEST_CASE("a flag given twice is an error, however it is written") {
  Fixture f;
  CHECK(usage_error(f.parse({"-id", "a", "--id=b"})) == "-id: given twice");
  CHECK(usage_error(f.parse({"-loud", "-loud"})) == "-loud: given twice");
}

TEST_CASE("a value out of range or of another kind is an error that names the flag") {
  Fixture f;
  CHECK(usage_error(f.parse({"-count", "0"})) == "-count: \"0\" is out of range: 1 to 10 entries");
  CHECK(usage_error(f.parse({"-count", "-3"})) == "-count: \"-3\" is out of range: 1 to 10 entries");
  CHECK(usage_error(f.parse({"-count", "x"})) == "-count: expected a whole number, found \"x\"");
  CHECK(usage_error(f.parse({"-wait", "61s"})) == "-wait: \"61s\" is out of range: 0ms to 1m");
  CHECK(usage_error(f.parse({"-level", "loud"})) == "-level: expected info|error, found \"loud\"");
  CHECK(usage_error(f.parse({"-color", "blue"})) == "-color: expected red|green, found \"blue\"");
}

TEST_CASE("help and version end the parsing where they stand") {
  Fixture f;
  CHECK(f.parse({"-help"})->ask == Ask::help);
  CHECK(f.parse({"--help"})->ask == Ask::help);
  CHECK(f.parse({"-version"})->ask == Ask::version);
  CHECK(f.parse({"get", "-help", "-unknown"})->ask == Ask::help);
  CHECK(usage_error(f.parse({"-unknown", "-help"})).starts_with("-unknown: "));
  CHECK(f.parse({"--", "-help"})->positional == Args{"-help"});
  CHECK(f.parse({"-help=false"})->ask == Ask::run);
}

TEST_CASE("a required option that is missing is named, but not where help is asked for") {
  std::string id;
  OptionTable table({"program"});
  table.text("id", &id, {.meaning = "a name", .required = true});
  CHECK(usage_error(table.parse(Args{})) == "-id: is required: a name");
  CHECK(table.parse(Args{"-help"})->ask == Ask::help);
  CHECK(table.parse(Args{"-id", "x"}));
}

TEST_CASE("the arguments of main come without the program's name") {
  Fixture f;
  const char* argv[] = {"program", "-id", "x", "rest"};
  REQUIRE(f.table.parse(4, argv));
  CHECK(f.table.parse(4, argv)->positional == Args{"rest"});
  CHECK(f.table.parse(1, argv)->positional.empty());
  CHECK(f.table.parse(0, nullptr)->positional.empty());
}

TEST_CASE("the command is the first argument that is neither a flag nor a flag's value") {
  Fixture f;
  const auto split = [&](const Args& args) { return f.table.split_command(args); };
  CHECK(split({"-id", "get", "-loud", "set", "k", "-unknown", "v"})->command == "set");
  CHECK(split({"-id", "get", "-loud", "set", "k", "-unknown", "v"})->arguments ==
        Args{"-id", "get", "-loud", "k", "-unknown", "v"});
  CHECK(split({"--", "set", "-k"})->command == "set");
  CHECK(split({"--", "set", "-k"})->arguments == Args{"--", "-k"});
  CHECK(split({"-loud"})->command.empty());
  CHECK(split({"-loud"})->arguments == Args{"-loud"});
  CHECK(split({"-help", "get"})->command.empty());
  CHECK(usage_error(split({"-unknown", "get"})).starts_with("-unknown: unknown flag"));
}
