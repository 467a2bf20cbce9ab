#include "common/app/validate.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

TEST_CASE("a command is judged before it is proposed") {
  const Bytes longest_key(limits::key_bytes, 'k');
  const Bytes long_key = longest_key + 'k';
  const Bytes longest_value(limits::value_bytes, 'v');
  const Bytes long_value = longest_value + 'v';
  const auto numbered = [](std::uint64_t session, std::uint64_t seq, std::uint64_t lowest) {
    return Command{SessionId{session}, RequestSeq{seq}, RequestSeq{lowest}, Set{"k", "v"}};
  };
  const auto command = [](Operation operation) {
    return Command{SessionId{1}, RequestSeq{9}, RequestSeq{2}, operation};
  };
  struct Row {
    const char* what;
    Command command;
    ErrorWord word;
  };
  const std::vector<Row> table = {
      {"a session is opened", Command{.operation = OpenSession{1}}, ErrorWord::ok},
      {"a session is opened within one", command(OpenSession{1}), ErrorWord::invalid},
      {"a set", command(Set{longest_key, longest_value}), ErrorWord::ok},
      {"a set of nothing", command(Set{"k", ""}), ErrorWord::ok},
      {"a set without a session", numbered(0, 1, 1), ErrorWord::invalid},
      {"number 0", numbered(1, 0, 0), ErrorWord::invalid},
      {"lowest unanswered 0", numbered(1, 1, 0), ErrorWord::invalid},
      {"answered before it is sent", numbered(1, 1, 2), ErrorWord::invalid},
      {"the last of a window", numbered(1, 256, 1), ErrorWord::ok},
      {"beyond the window", numbered(1, 257, 1), ErrorWord::invalid},
      {"a set of an empty key", command(Set{"", "v"}), ErrorWord::invalid},
      {"a set of a long key", command(Set{long_key, "v"}), ErrorWord::too_large},
      {"a set of a long value", command(Set{"k", long_value}), ErrorWord::too_large},
      {"a delete", command(Delete{longest_key}), ErrorWord::ok},
      {"a delete of an empty key", command(Delete{""}), ErrorWord::invalid},
      {"a delete of a long key", command(Delete{long_key}), ErrorWord::too_large},
      {"a cas", command(CompareAndSet{"k", "old", longest_value}), ErrorWord::ok},
      {"a cas of an empty key", command(CompareAndSet{"", "old", "new"}), ErrorWord::invalid},
      {"a cas to a long value", command(CompareAndSet{"k", "old", long_value}), ErrorWord::too_large},
      {"a cas from a long value", command(CompareAndSet{"k", long_value, "new"}), ErrorWord::too_large},
      {"a cas too long in all", command(CompareAndSet{"k", longest_value, longest_value}), ErrorWord::too_large},
      {"a session is closed", command(CloseSession{}), ErrorWord::ok},
  };
  for (const Row& row : table) {
    DYNAMIC_SECTION(row.what) {
      const auto problem = validate(row.command);
      CHECK((problem ? problem->word : ErrorWord::ok) == row.word);
      if (problem) CHECK_FALSE(problem->text.empty());
    }
  }
}

TEST_CASE("settings may lower what a command may carry") {
  Settings settings;
  settings.key_bytes = 3;
  settings.value_bytes = 4;
  settings.session_window = 2;
  const auto word = [&settings](const Command& command) {
    const auto problem = validate(command, settings);
    return problem ? problem->word : ErrorWord::ok;
  };
  const auto command = [](Operation operation) {
    return Command{SessionId{1}, RequestSeq{2}, RequestSeq{1}, operation};
  };
  CHECK(word(command(Set{"abc", "1234"})) == ErrorWord::ok);
  CHECK(word(command(Set{"abcd", "1234"})) == ErrorWord::too_large);
  CHECK(word(command(Set{"abc", "12345"})) == ErrorWord::too_large);
  CHECK(word(command(Delete{"abcd"})) == ErrorWord::ok);
  CHECK(word({SessionId{1}, RequestSeq{3}, RequestSeq{1}, Delete{"a"}}) == ErrorWord::invalid);
  const auto problem = validate(command(Set{"abcd", ""}), settings);
  REQUIRE(problem.has_value());
  CHECK(problem->text == "a key of 4 bytes; at most 3 are allowed");
}

TEST_CASE("with the engine disk keys are numbers of slots, and values fit them") {
  const Settings settings{.engine = "disk", .slot = 100, .quota_bytes = 12'345};
  const auto judge = [&](Operation operation) {
    const auto problem = validate_operation({SessionId{1}, RequestSeq{1}, RequestSeq{1}, operation}, settings);
    return problem ? problem->word : ErrorWord::ok;
  };
  struct Row {
    const char* key;
    ErrorWord word;
  };
  const std::vector<Row> table = {
      {"0", ErrorWord::ok},
      {"7", ErrorWord::ok},
      {"122", ErrorWord::ok},
      {"123", ErrorWord::too_large},
      {"00", ErrorWord::invalid},
      {"07", ErrorWord::invalid},
      {"-1", ErrorWord::invalid},
      {"+1", ErrorWord::invalid},
      {"1 ", ErrorWord::invalid},
      {"1x", ErrorWord::invalid},
      {"key", ErrorWord::invalid},
      {"", ErrorWord::invalid},
      {"1.5", ErrorWord::invalid},
      {"18446744073709551615", ErrorWord::too_large},
      {"0x1f", ErrorWord::invalid},
      {"18446744073709551616", ErrorWord::too_large},
      {"1\n", ErrorWord::invalid},
      {"99999999999999999999999999", ErrorWord::too_large},
      {"\xd9\xa1", ErrorWord::invalid},
  };
  for (const Row& row : table) {
    CAPTURE(row.key);
    CHECK(judge(Set{row.key, "v"}) == row.word);
    CHECK(judge(Delete{row.key}) == row.word);
    CHECK(judge(CompareAndSet{row.key, "v", "w"}) == row.word);
    const auto problem = validate(Query(Get{row.key}), settings);
    CHECK((problem ? problem->word : ErrorWord::ok) == row.word);
  }
  CHECK(judge(Set{"1", Bytes(88, 'v')}) == ErrorWord::ok);
  CHECK(judge(Set{"1", Bytes(89, 'v')}) == ErrorWord::too_large);
  CHECK(judge(CompareAndSet{"1", "v", Bytes(89, 'v')}) == ErrorWord::too_large);
  CHECK_FALSE(validate(Query(Scan{"no number", {}, 0}), settings));
  // What is refused names its bound.
  CHECK(validate_place("123", settings)->text.find("below 123") != std::string::npos);
  CHECK(validate_place("x", settings)->text.find("below 123") != std::string::npos);
  const auto long_value = validate_operation({.operation = Set{"1", Bytes(89, 'v')}}, settings);
  CHECK(long_value->text == "a value of 89 bytes; at most 88 are allowed with -engine disk -slot 100");
  for (const char* engine : {"lmdb", "memory"}) {
    CHECK_FALSE(validate_place("key", Settings{.engine = engine, .slot = 100, .quota_bytes = 12'345}));
  }
}
