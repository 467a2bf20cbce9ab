#include "common/obs/logger.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <array>

#include "common/base/limits.hpp"

namespace parley::obs {
namespace {

constexpr std::array<std::string_view, 5> level_words = {"trace", "debug", "info", "warn", "error"};

spdlog::level::level_enum to_spdlog(LogLevel level) {
  static_assert(static_cast<int>(LogLevel::trace) == static_cast<int>(spdlog::level::trace));
  static_assert(static_cast<int>(LogLevel::error) == static_cast<int>(spdlog::level::err));
  return static_cast<spdlog::level::level_enum>(level);
}

/// `%*` in the pattern: the level in the words that the option takes.
class LevelWord final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const std::string_view word = level_words.at(static_cast<std::size_t>(message.level));
    out.append(word.data(), word.data() + word.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelWord>(); }
};

void set_pattern(spdlog::sinks::sink& sink) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "\n");
  formatter->add_flag<LevelWord>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %* %n: %v");
  sink.set_formatter(std::move(formatter));
}

/// Cut to its bound and without control characters.
std::string harmless(std::string_view message) {
  const bool cut = message.size() > limits::log_message_bytes;
  std::string text;
  for (const char c : message.substr(0, limits::log_message_bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  return cut ? text + " [cut]" : text;
}

}  // namespace

/// One sink, and the name that stands in the lines.
class Logger::Output {
 public:
  Output(std::string name, spdlog::sink_ptr sink) : sink_(std::move(sink)), logger_(std::move(name), sink_) {
    // The least level was compared before, in Logger::enabled.
    logger_.set_level(spdlog::level::trace);
    // By default spdlog writes its own failures to standard error, which is what just failed.
    logger_.set_error_handler([](const std::string&) {});
  }
  /// The same place under another name.
  Output(std::string name, const Output& other) : Output(std::move(name), other.sink_) {}

  /// spdlog's loggers lock inside their sink, and catch whatever it throws.
  void write(LogLevel level, const std::string& message) const { logger_.log(to_spdlog(level), message); }

 private:
  spdlog::sink_ptr sink_;
  mutable spdlog::logger logger_;
};

std::string_view text(LogLevel level) { return level_words.at(static_cast<std::size_t>(level)); }

std::optional<LogLevel> log_level(std::string_view word) {
  for (std::size_t i = 0; i < level_words.size(); ++i) {
    if (level_words[i] == word) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

Logger::Logger(std::string process, std::string id, LogLevel least) : speaker_(process + " " + id), least_(least) {
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  set_pattern(*sink);
  output_ = std::make_shared<const Output>(speaker_, std::move(sink));
}

Logger::Logger(std::string process, std::string id, LogLevel least, std::ostream& out)
    : speaker_(process + " " + id), least_(least) {
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(out, true);
  set_pattern(*sink);
  output_ = std::make_shared<const Output>(speaker_, std::move(sink));
}

Logger Logger::silent() { return {}; }

Logger Logger::for_actor(std::string_view actor) const {
  Logger logger = *this;
  if (output_) logger.output_ = std::make_shared<const Output>(fmt::format("{} {}", speaker_, actor), *output_);
  return logger;
}

void Logger::write(LogLevel level, fmt::string_view text, fmt::format_args args) const {
  output_->write(level, harmless(fmt::vformat(text, args)));
}

}  // namespace parley::obs
