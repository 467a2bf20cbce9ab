#pragma once
#include <fmt/core.h>

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

#include "common/obs/log_level.hpp"

namespace parley::obs {

/// Writes messages for people, one line each:
///
///     2026-11-21T01:05:00.123Z info parley-node node0 consensus: text
///
/// The time is UTC. A message is cut at limits::log_message_bytes, and control characters in it are written `\xHH`, so
/// that what comes from outside can neither forge a line nor fill the log.
///
/// A logger is a small value that is handed to whoever needs one; copies write to the same place. Thread-safe. Writing
/// blocks while nobody reads what standard error is connected to. A message below the least level costs one comparison;
/// its arguments are not formatted. A message that cannot be written is dropped.
class Logger {
 public:
  /// Writes to standard error. `process` and `id` as in `parley-node` and `node0`.
  Logger(std::string process, std::string id, LogLevel least);
  /// Writes to `out`, which must outlive every copy and be used by nobody else meanwhile. For tests.
  Logger(std::string process, std::string id, LogLevel least, std::ostream& out);
  /// Writes nothing.
  [[nodiscard]] static Logger silent();

  /// The same for one actor, whose name stands in its lines.
  [[nodiscard]] Logger for_actor(std::string_view actor) const;

  [[nodiscard]] bool enabled(LogLevel level) const { return output_ != nullptr && level >= least_; }

  template <class... Args>
  void trace(fmt::format_string<Args...> text, Args&&... args) const {
    log(LogLevel::trace, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void debug(fmt::format_string<Args...> text, Args&&... args) const {
    log(LogLevel::debug, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> text, Args&&... args) const {
    log(LogLevel::info, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warn(fmt::format_string<Args...> text, Args&&... args) const {
    log(LogLevel::warn, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void error(fmt::format_string<Args...> text, Args&&... args) const {
    log(LogLevel::error, text, std::forward<Args>(args)...);
  }
  template <class... Args>
  void log(LogLevel level, fmt::format_string<Args...> text, Args&&... args) const {
    if (enabled(level)) write(level, fmt::string_view(text), fmt::make_format_args(args...));
  }

 private:
  class Output;
  Logger() = default;
  void write(LogLevel level, fmt::string_view text, fmt::format_args args) const;

  std::shared_ptr<const Output> output_;
  std::string speaker_;  ///< process and id, without the actor
  LogLevel least_ = LogLevel::info;
};

}  // namespace parley::obs
