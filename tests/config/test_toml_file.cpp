#include "common/base/limits.hpp"
#include "common/config/option_table.hpp"
#include "tests/config/config_testing.hpp"

using namespace parley;
using namespace parley::config;

namespace {

/// A table with a file in a folder of its own.
struct Fixture {
  TemporaryFolder folder;
  std::string id = "none";
  std::uint64_t count = 7;
  std::uint64_t bytes = 1;
  std::uint64_t wait_ms = 5000;
  bool loud = false;
  std::string level = "info";
  std::vector<std::string> names = {"nobody"};
  OptionTable table{{"program"}};

  Fixture() {
    table.text("id", &id, {.meaning = "a name"});
    table.number("count", &count, {.min = 1, .max = 10}, {.meaning = "how many"});
    table.size("bytes", &bytes, {}, {.meaning = "how large"});
    table.duration("wait", &wait_ms, {}, {.meaning = "how long"});
    table.flag("very-loud", &loud, {.meaning = "shout"});
    table.choice("level", &level, {"info", "error"}, {.meaning = "how much"});
    table.list("names", &names, {.meaning = "who"});
    table.duration("waitMs", &wait_ms, {.plain_ms = 1},
                   {.meaning = "as wait", .where = Where::key_only, .same_as = "wait"});
    table.text("once", &id, {.meaning = "no key", .where = Where::flag_only});
    table.config_file();
  }
  Result<Parsed> parse(const std::string& content, Args more = {}) {
    file = folder.write("some.toml", content);
    more.insert(more.end(), {"-config", file});
    return table.parse(more);
  }
  /// The error that this content gives, without the folder in front of it.
  std::string error_of(const std::string& content, const Args& more = {}) {
    std::string text = usage_error(parse(content, more));
    const std::string prefix = folder.path().string() + "/";
    for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix)) text.erase(at, prefix.size());
    return text;
  }
  std::string file;
};

}  // namespace

TEST_CASE("every flag is also a key of the file") {
  Fixture f;
  const auto parsed = f.parse(R"(
id = "node0"
count = 3
bytes = "2KiB"
wait = "250ms"
very-loud = true
level = "error"
names = ["a", "b,c"]
)");
  REQUIRE(parsed);
  CHECK(f.id == "node0");
  CHECK(f.count == 3);
  CHECK(f.bytes == 2048);
  CHECK(f.wait_ms == 250);
  CHECK(f.loud);
  CHECK(f.level == "error");
  CHECK(f.names == Args{"a", "b,c"});
  CHECK(parsed->origin("count") == f.file + ":3: count");
}

TEST_CASE("sizes and durations in the file may be whole numbers, and a list a text with commas") {
  Fixture f;
  REQUIRE(f.parse("bytes = 4096\nwait = 2\nnames = 'x,y'\n"));
  CHECK(f.bytes == 4096);
  CHECK(f.wait_ms == 2000);
  CHECK(f.names == Args{"x", "y"});
  CHECK(f.error_of("names = []") == "some.toml:1: names: its value is empty");
}

TEST_CASE("a flag wins over the file, which must be right even so") {
  Fixture f;
  const auto parsed = f.parse("count = 3\nnames = ['a']\n", {"-count", "4", "-names", "b"});
  REQUIRE(parsed);
  CHECK(f.count == 4);
  CHECK(f.names == Args{"b"});
  CHECK(parsed->origin("count") == "-count");
  CHECK(f.error_of("count = 0", {"-count", "4"}) == "some.toml:1: count: \"0\" is out of range: 1 to 10");
}

TEST_CASE("an unknown key is named with its line") {
  Fixture f;
  CHECK(f.error_of("id = 'x'\n\ncuont = 3\n") == "some.toml:3: cuont: unknown key");
  CHECK(f.error_of("[table]\nid = 'x'\n") == "some.toml:1: table: unknown key");
  CHECK(f.error_of("a.b = 1\n") == "some.toml:1: a: unknown key");
  CHECK(f.error_of("config = 'other.toml'\n") == "some.toml:1: config: unknown key");
  CHECK(f.error_of("help = true\n") == "some.toml:1: help: unknown key");
  CHECK(f.error_of("once = 'x'\n") == "some.toml:1: once: unknown key");
}

TEST_CASE("a value of the wrong type is named with its line, what was expected and what was found") {
  const auto [content, error] = GENERATE(table<std::string, std::string>({
      {"id = 5", "id: expected text in quotes, found a whole number"},
      {"\n\ncount = '5'", "count: expected a whole number, found text"},
      {"count = 5.0", "count: expected a whole number, found a number with a point"},
      {"very-loud = 'true'", "very-loud: expected true or false, found text"},
      {"level = true", "level: expected text in quotes, found true or false"},
      {"names = 5", "names: expected a list of texts, found a whole number"},
      {"names = ['a', 5]", "names: expected a list of texts, found a list with a whole number in it"},
      {"id = ['a']", "id: expected text in quotes, found a list"},
      {"id = 2024-01-01", "id: expected text in quotes, found a date or time"},
      {"[id]\nx = 1", "id: expected text in quotes, found a table"},
      {"wait = 2.5", "wait: expected text in quotes, found a number with a point"},
  }));
  Fixture f;
  INFO(content);
  const std::string line = content.starts_with("\n\n") ? "3" : "1";
  CHECK(f.error_of(content) == "some.toml:" + line + ": " + error);
}

TEST_CASE("a value out of range is named with its line") {
  Fixture f;
  CHECK(f.error_of("id = 'x'\ncount = 11") == "some.toml:2: count: \"11\" is out of range: 1 to 10");
  CHECK(f.error_of("count = -1") == "some.toml:1: count: \"-1\" is out of range: 1 to 10");
  CHECK(f.error_of("bytes = -1").starts_with("some.toml:1: bytes: expected a size"));
  CHECK(f.error_of("level = 'loud'") == "some.toml:1: level: expected info|error, found \"loud\"");
  CHECK(f.error_of("id = ''") == "some.toml:1: id: its value is empty");
  CHECK(f.error_of("names = ['a', '']") == "some.toml:1: names: its value is empty");
  CHECK(f.error_of("names = 'a,'").starts_with("some.toml:1: names: "));
}

TEST_CASE("the first wrong line of a file is the one that is reported") {
  Fixture f;
  CHECK(f.error_of("zzz = 1\naaa = 2\n") == "some.toml:1: zzz: unknown key");
}

TEST_CASE("one setting under two names is an error") {
  Fixture f;
  CHECK(f.error_of("wait = 1\nwaitMs = 5\n") == "some.toml:2: waitMs: says the same as some.toml:1: wait; keep one");
  REQUIRE(f.parse("waitMs = 5\n"));
  CHECK(f.wait_ms == 5);
  REQUIRE(f.parse("waitMs = 5\n", {"-wait", "2s"}));
  CHECK(f.wait_ms == 2000);
  CHECK(usage_error(f.parse("", {"-waitMs", "5"})).starts_with("-waitMs: unknown flag"));
}

TEST_CASE("what is not TOML is reported with its line") {
  Fixture f;
  CHECK(f.error_of("id = 'x'\ncount = = 3\n").starts_with("some.toml:2: not valid TOML: "));
  CHECK(f.error_of("count = 1\ncount = 2\n").starts_with("some.toml:2: not valid TOML: "));
  CHECK(f.error_of(std::string("id = \"\0\"", 8)).starts_with("some.toml:1: not valid TOML: "));
  CHECK(f.error_of("id = " + std::string(100'000, '[')).starts_with("some.toml:1: not valid TOML: "));
  CHECK(f.error_of("count = 99999999999999999999").starts_with("some.toml:1: not valid TOML: "));
}

TEST_CASE("a file that cannot be read is an error that names it") {
  Fixture f;
  const std::string missing = (f.folder.path() / "missing.toml").string();
  CHECK(usage_error(f.table.parse(Args{"-config", missing})) ==
        missing + ": cannot be read: No such file or directory");
  const std::string folder = f.folder.path().string();
  CHECK(usage_error(f.table.parse(Args{"-config", folder})) == folder + ": cannot be read: Is a directory");
  CHECK(f.error_of(std::string(limits::config_file_bytes + 1, '#'))
            .starts_with("some.toml: cannot be read: it has more than"));
  CHECK(f.parse(std::string(limits::config_file_bytes, '#')));
}

TEST_CASE("a file by default is read where it exists, unless the flag is given that makes it needless") {
  TemporaryFolder folder;
  const auto first = folder.path() / "first.toml";
  const auto second = folder.path() / "second.toml";
  std::string id = "none";
  std::string servers = "none";
  OptionTable table({"program"});
  table.text("id", &id, {.meaning = "a name"});
  table.text("servers", &servers, {.meaning = "where"});
  table.config_file({first, second}, "servers");

  REQUIRE(table.parse(Args{}));
  CHECK(id == "none");
  (void)folder.write("second.toml", "id = 'second'");
  REQUIRE(table.parse(Args{}));
  CHECK(id == "second");
  (void)folder.write("first.toml", "id = 'first'");
  REQUIRE(table.parse(Args{}));
  CHECK(id == "first");
  const auto other = folder.write("other.toml", "id = 'other'");
  REQUIRE(table.parse(Args{"-config", other, "-servers", "s"}));
  CHECK(id == "other");
  id = "none";
  REQUIRE(table.parse(Args{"-servers", "s"}));
  CHECK(id == "none");
}
