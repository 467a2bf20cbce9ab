#include "logger/compaction/compaction_options.hpp"

#include "common/base/ensure.hpp"

namespace parley::logger {

std::optional<archive::CompactionOptions> compaction_options(const config::LoggerOptions& options) {
  using Mode = archive::CompactionOptions::Mode;
  if (options.compact == "off") return std::nullopt;
  archive::CompactionOptions compaction;
  compaction.period = Count{options.compact_period};
  if (options.compact == "immediate") {
    compaction.mode = Mode::immediate;
  } else if (options.compact == "interval") {
    compaction.mode = Mode::interval;
  } else {
    ENSURE(options.compact == "delayed");
    compaction.mode = Mode::delayed;
  }
  return compaction;
}

}  // namespace parley::logger
