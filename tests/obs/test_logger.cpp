#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <regex>
#include <sstream>
#include <thread>
#include <vector>

#include "common/base/limits.hpp"
#include "common/obs/logger.hpp"

using namespace parley::obs;

namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// The message of a line, behind the name of who speaks.
std::string message_of(const std::string& line) { return line.substr(line.find(": ") + 2); }

struct CountsFormatting {
  int* times;
};

}  // namespace

template <>
struct fmt::formatter<CountsFormatting> : fmt::formatter<int> {
  template <class Context>
  auto format(const CountsFormatting& value, Context& context) const {
    return fmt::formatter<int>::format(++*value.times, context);
  }
};

TEST_CASE("a line has time, level, process, id, actor and text") {
  std::ostringstream out;
  const Logger logger("parley-node", "node0", LogLevel::trace, out);
  logger.info("serving at {}", 11000);
  logger.for_actor("consensus").warn("term {}", 7);
  const auto lines = lines_of(out.str());
  REQUIRE(lines.size() == 2);
  const std::string time = R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)";
  INFO(out.str());
  CHECK(std::regex_match(lines[0], std::regex(time + " info parley-node node0: serving at 11000")));
  CHECK(std::regex_match(lines[1], std::regex(time + " warn parley-node node0 consensus: term 7")));
}

TEST_CASE("an actor of an actor's logger stands under its own name") {
  std::ostringstream out;
  const Logger logger("p", "i", LogLevel::info, out);
  logger.for_actor("disk").for_actor("service").info("x");
  CHECK(out.str().ends_with(" info p i service: x\n"));
}

TEST_CASE("each level writes its word, and those below the least one write nothing") {
  const auto [least, expected] = GENERATE(table<LogLevel, std::size_t>(
      {{LogLevel::trace, 5}, {LogLevel::debug, 4}, {LogLevel::info, 3}, {LogLevel::warn, 2}, {LogLevel::error, 1}}));
  std::ostringstream out;
  const Logger logger("p", "i", least, out);
  logger.trace("m");
  logger.debug("m");
  logger.info("m");
  logger.warn("m");
  logger.error("m");
  const auto lines = lines_of(out.str());
  REQUIRE(lines.size() == expected);
  const std::vector<std::string> words = {" trace ", " debug ", " info ", " warn ", " error "};
  for (std::size_t i = 0; i < expected; ++i) CHECK(lines[i].find(words[5 - expected + i]) != std::string::npos);
}

TEST_CASE("a message that is not written is not formatted either") {
  std::ostringstream out;
  int formatted = 0;
  const Logger logger("p", "i", LogLevel::info, out);
  logger.debug("{}", CountsFormatting{&formatted});
  CHECK(formatted == 0);
  CHECK_FALSE(logger.enabled(LogLevel::debug));
  Logger::silent().error("{}", CountsFormatting{&formatted});
  CHECK(formatted == 0);
  logger.info("{}", CountsFormatting{&formatted});
  CHECK(formatted == 1);
}

TEST_CASE("a silent logger stays silent under an actor's name") {
  const Logger logger = Logger::silent().for_actor("disk");
  CHECK_FALSE(logger.enabled(LogLevel::error));
  logger.error("nobody hears this");
}

TEST_CASE("what comes from outside can neither forge a line nor write on a terminal") {
  std::ostringstream out;
  const Logger logger("p", "i", LogLevel::info, out);
  logger.info("name {}", "a\n2026-01-01T00:00:00.000Z error p i: forged\x1b[2J\x7f {} %v");
  const auto lines = lines_of(out.str());
  REQUIRE(lines.size() == 1);
  CHECK(message_of(lines[0]) == "name a\\x0a2026-01-01T00:00:00.000Z error p i: forged\\x1b[2J\\x7f {} %v");
}

TEST_CASE("a message is cut at its bound and says so") {
  std::ostringstream out;
  const Logger logger("p", "i", LogLevel::info, out);
  logger.info("{}", std::string(parley::limits::log_message_bytes, 'x'));
  logger.info("{}", std::string(1'000'000, 'x'));
  const auto lines = lines_of(out.str());
  REQUIRE(lines.size() == 2);
  CHECK(message_of(lines[0]) == std::string(parley::limits::log_message_bytes, 'x'));
  CHECK(message_of(lines[1]) == std::string(parley::limits::log_message_bytes, 'x') + " [cut]");
}

TEST_CASE("lines of many threads are whole and none is lost") {
  constexpr int threads = 4;
  constexpr int messages = 500;
  std::ostringstream out;
  {
    const Logger logger("p", "i", LogLevel::info, out);
    std::vector<std::jthread> writers;
    for (int t = 0; t < threads; ++t) {
      writers.emplace_back([mine = logger.for_actor("t" + std::to_string(t)), t] {
        for (int m = 0; m < messages; ++m) mine.info("from {} number {}", t, m);
      });
    }
  }
  std::vector<int> next(threads, 0);
  const auto lines = lines_of(out.str());
  REQUIRE(lines.size() == threads * messages);
  for (const std::string& line : lines) {
    int thread = -1;
    int number = -1;
    REQUIRE(std::sscanf(message_of(line).c_str(), "from %d number %d", &thread, &number) == 2);
    REQUIRE((thread >= 0 && thread < threads));
    CHECK(number == next[static_cast<std::size_t>(thread)]++);
  }
}

TEST_CASE("without an own stream a logger writes to standard error") {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
  REQUIRE(file);
  std::fflush(stderr);
  const int saved = dup(STDERR_FILENO);
  REQUIRE(saved >= 0);
  REQUIRE(dup2(fileno(file.get()), STDERR_FILENO) >= 0);
  Logger("p", "i", LogLevel::info).info("hello");
  REQUIRE(dup2(saved, STDERR_FILENO) >= 0);
  close(saved);
  std::rewind(file.get());
  std::string content(1000, '\0');
  content.resize(std::fread(content.data(), 1, content.size(), file.get()));
  CHECK(content.ends_with(" info p i: hello\n"));
  CHECK(lines_of(content).size() == 1);
}

TEST_CASE("levels and their words go both ways") {
  for (const auto* word : {"trace", "debug", "info", "warn", "error"}) {
    INFO(word);
    REQUIRE(log_level(word));
    CHECK(text(*log_level(word)) == word);
  }
  CHECK_FALSE(log_level("warning"));
  CHECK_FALSE(log_level(""));
}
