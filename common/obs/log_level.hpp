#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::obs {

/// How much a message matters. The words are those of the option `-log`.
enum class LogLevel : std::uint8_t {
  trace,  ///< every step; for one who reads the code beside it
  debug,  ///< decisions that are made many times a second
  info,   ///< what a person running the process wants to know: start, role, membership, stop
  warn,   ///< something is wrong that the process can live with
  error,  ///< something is wrong that costs service or stops the process
};

[[nodiscard]] std::string_view text(LogLevel level);
/// Nothing for a word that is no level.
[[nodiscard]] std::optional<LogLevel> log_level(std::string_view word);

}  // namespace parley::obs
