#include "common/config/option_table.hpp"
#include "common/config/version.hpp"
#include "tests/config/config_testing.hpp"

using namespace parley::config;

TEST_CASE("help lists every option with meaning, range, unit and default") {
  std::string id;
  std::uint64_t count = 7;
  std::uint64_t bytes = 64 * 1024 * 1024;
  std::uint64_t wait_ms = 5000;
  bool loud = false;
  std::vector<std::string> names;
  OptionTable table({"program -id NAME [flags]", "program inspect FOLDER"});
  table.text("id", &id, {.meaning = "a name", .value = "NAME", .required = true});
  table.number("count", &count, {.min = 1, .max = 10, .unit = "entries"}, {.meaning = "how many"});
  table.size("bytes", &bytes, {.min = 1024}, {.meaning = "how large"});
  table.duration("wait", &wait_ms, {.max_ms = 60'000}, {.meaning = "how long"});
  table.flag("loud", &loud, {.meaning = "shout"});
  table.list(
      "names", &names,
      {.meaning =
           "who is meant by all of this, in words that go on for so long that the line must be broken somewhere"});
  table.duration("wait_ms", &wait_ms, {.plain_ms = 1},
                 {.meaning = "the same as wait", .where = Where::key_only, .same_as = "wait"});
  table.config_file();
  const std::string help = table.help();
  INFO(help);
  for (const auto* part :
       {"usage: program -id NAME [flags]\n       program inspect FOLDER\n", "  -id NAME\n        a name (required)\n",
        "  -count N\n        how many; 1 to 10 entries (default 7)\n",
        "  -bytes SIZE\n        how large; at least 1KiB (default 64MiB)\n",
        "  -wait DURATION\n        how long; at most 1m; a number alone counts 1s (default 5s)\n",
        "  -loud\n        shout (default off)\n", "  -names TEXT,...\n", "(default none)", "  -config FILE *\n",
        "  -help *\n", "  -version *\n",
        "keys of the file alone:\n  wait_ms DURATION\n        the same as wait; a number alone counts 1ms (default "
        "5s)\n",
        "\nA flag without * is also a key of the file given with -config.\n"}) {
    INFO(part);
    CHECK(help.find(part) != std::string::npos);
  }
  CHECK(help.ends_with('\n'));
  std::size_t start = 0;
  for (std::size_t end = help.find('\n'); end != std::string::npos; end = help.find('\n', start)) {
    CHECK(end - start <= 100);
    start = end + 1;
  }
}

TEST_CASE("the version is a name and three numbers") {
  const std::string line = version_line("parley-node");
  INFO(line);
  CHECK(line.starts_with("parley-node "));
  CHECK(std::count(line.begin(), line.end(), '.') == 2);
}
