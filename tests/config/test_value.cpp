#include "common/config/value.hpp"

#include <catch2/catch.hpp>

using namespace parley::config;

TEST_CASE("a whole number is digits alone and lies in its range") {
  const Range range{.min = 1, .max = 1000, .unit = "ms"};
  CHECK(read_number("1", range) == 1);
  CHECK(read_number("1000", range) == 1000);
  for (const auto* bad : {"", "x", "1x", " 1", "1 ", "1.0", "0x10", "+1", "--1", "-"}) {
    INFO(bad);
    REQUIRE_FALSE(read_number(bad, range));
    CHECK(read_number(bad, range).error().starts_with("expected a whole number, found"));
  }
  for (const auto* bad : {"0", "1001", "-5", "18446744073709551616", "99999999999999999999999999"}) {
    INFO(bad);
    REQUIRE_FALSE(read_number(bad, range));
    CHECK(read_number(bad, range).error() == '"' + std::string(bad) + "\" is out of range: 1 to 1000 ms");
  }
  CHECK(read_number("18446744073709551615", {}) == 18446744073709551615ULL);
}

TEST_CASE("a size is bytes, or takes a binary or a decimal unit") {
  const auto [text, bytes] = GENERATE(table<std::string, std::uint64_t>({
      {"4096", 4096},
      {"7B", 7},
      {"2KiB", 2048},
      {"64MiB", 64ULL << 20},
      {"8GiB", 8ULL << 30},
      {"1TiB", 1ULL << 40},
      {"2KB", 2000},
      {"3MB", 3'000'000},
      {"4GB", 4'000'000'000ULL},
      {"5TB", 5'000'000'000'000ULL},
      {"0", 0},
  }));
  INFO(text);
  CHECK(read_size(text, {}) == bytes);
}

TEST_CASE("what is no size, or does not fit, is refused in words") {
  for (const auto* bad : {"", "MiB", "1.5GiB", "64 MiB", "64mib", "64M", "-1", "1KiBx", "0x1"}) {
    INFO(bad);
    REQUIRE_FALSE(read_size(bad, {}));
    CHECK(read_size(bad, {}).error().starts_with("expected a size such as"));
  }
  const Range range{.min = 8ULL << 20, .max = 1ULL << 30};
  for (const auto* bad : {"8388607", "1025MiB", "99999999999TiB", "18446744073709551616"}) {
    INFO(bad);
    REQUIRE_FALSE(read_size(bad, range));
    CHECK(read_size(bad, range).error() == '"' + std::string(bad) + "\" is out of range: 8MiB to 1GiB");
  }
}

TEST_CASE("a duration takes one number and one unit, or counts the plain unit") {
  const DurationRange seconds{.plain_ms = 1000};
  const auto [text, milliseconds] = GENERATE(table<std::string, std::uint64_t>({
      {"5", 5000},
      {"5s", 5000},
      {"250ms", 250},
      {"1.5s", 1500},
      {"0.25", 250},
      {"2m", 120'000},
      {"1h", 3'600'000},
      {"0s", 0},
      {"0.001s", 1},
      {"1.5m", 90'000},
      {"3.000ms", 3},
  }));
  INFO(text);
  CHECK(read_duration_ms(text, seconds) == milliseconds);
  CHECK(read_duration_ms("7", {.plain_ms = 1}) == 7);
}

TEST_CASE("what is no duration, or does not fit, is refused in words") {
  for (const auto* bad : {"", "s", "5 s", "1m30s", "5sec", "1.5ms", "0.0001s", ".5s", "5.", "1.2.3s", "-5s", "1e3"}) {
    INFO(bad);
    REQUIRE_FALSE(read_duration_ms(bad, {}));
    CHECK(read_duration_ms(bad, {}).error().starts_with("expected a duration such as"));
  }
  const DurationRange range{.min_ms = 10, .max_ms = 3'600'000, .plain_ms = 1000};
  for (const auto* bad :
       {"9ms", "61m", "3601", "99999999999999999999", "9999999999999999999h", "18446744073709551615h"}) {
    INFO(bad);
    REQUIRE_FALSE(read_duration_ms(bad, range));
    CHECK(read_duration_ms(bad, range).error() == '"' + std::string(bad) + "\" is out of range: 10ms to 1h");
  }
}

TEST_CASE("a list has something between its commas") {
  CHECK(read_list("a,b,c") == std::vector<std::string>{"a", "b", "c"});
  CHECK(read_list("a") == std::vector<std::string>{"a"});
  for (const auto* bad : {"", ",", "a,", ",a", "a,,b"}) {
    INFO(bad);
    CHECK_FALSE(read_list(bad));
  }
}

TEST_CASE("a boolean is true or false and nothing else") {
  CHECK(read_bool("true") == true);
  CHECK(read_bool("false") == false);
  for (const auto* bad : {"", "1", "True", "yes", "on"}) CHECK_FALSE(read_bool(bad));
}

TEST_CASE("sizes and durations are written as they are read") {
  CHECK(size_text(0) == "0B");
  CHECK(size_text(8ULL << 30) == "8GiB");
  CHECK(size_text(1000) == "1000B");
  CHECK(size_text(1536) == "1536B");
  CHECK(size_text(3 * 1024) == "3KiB");
  CHECK(duration_text(0) == "0ms");
  CHECK(duration_text(5000) == "5s");
  CHECK(duration_text(250) == "250ms");
  CHECK(duration_text(3'600'000) == "1h");
}

TEST_CASE("a value in a message cannot write on a terminal or fill it") {
  CHECK(in_quotes("a\x1b[2J\n\x7f") == "\"a\\x1b[2J\\x0a\\x7f\"");
  CHECK(in_quotes(std::string(10'000, 'x')).size() < 200);
}
