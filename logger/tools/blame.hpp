#pragma once
#include <filesystem>

#include "common/config/logger_options.hpp"
#include "common/wal/file_system.hpp"
#include "logger/tools/console.hpp"

namespace parley::logger::tools {

/// Lists the commands that were to write a key, one a line:
///
///     INDEX<TAB>TIME<TAB>session S seq Q<TAB>set|delete|cas<TAB>OUTCOME<TAB>VALUE
///
/// VALUE is in quotes if it is a short text, otherwise its length; a delete has none. OUTCOME is what can be known of
/// it (key_history.hpp). With `json` the lines are those of `dump`, with an `outcome` more. `no` if there is none.
[[nodiscard]] Result<Answer> blame(wal::FileSystem& files, const config::ToolOptions& options, const Console& console);

}  // namespace parley::logger::tools
