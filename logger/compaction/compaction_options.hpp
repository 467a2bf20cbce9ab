#pragma once
#include <optional>

#include "common/archive/reduction.hpp"
#include "common/config/logger_options.hpp"

namespace parley::logger {

/// What `-compact` and `-compact-period` ask for; nothing if archives are to stay as they are. So a logger compacts:
///
///     auto archive = archive::Archive::open(files, folder, wal::OpenMode::use);
///     if (const auto compaction = compaction_options(options))
///       archive->compact_with(make_command_reduction(), *compaction);
///
/// and then goes on as it does without: step() whenever has_work(), between its other work. Nothing else changes:
/// entries that are read may be reduced, and the archive never tells when.
[[nodiscard]] std::optional<archive::CompactionOptions> compaction_options(const config::LoggerOptions& options);

}  // namespace parley::logger
