#pragma once
#include <filesystem>

#include "common/config/logger_options.hpp"
#include "common/wal/file_system.hpp"
#include "logger/tools/console.hpp"

namespace parley::logger::tools {

/// Prints the entries that were asked for, as lines of JSON (entry_json.hpp). What of these was truncated or is missing
/// in a gap is remarked. `no` if there is none of them, unless all were asked for.
[[nodiscard]] Result<Answer> dump(wal::FileSystem& files, const config::ToolOptions& options, const Console& console);

}  // namespace parley::logger::tools
