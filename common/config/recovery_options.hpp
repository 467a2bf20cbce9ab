#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/ids.hpp"
#include "common/config/option_table.hpp"

namespace parley::config {

/// Everything that parley-recovery can be told. The values here are the defaults.
struct RecoveryOptions {
  /// `-recov`: the `-hrecov` of nodes and loggers of one cluster.
  std::vector<Address> sources;
  /// `-cluster`. Nil: the one that the sources serve.
  ClusterId cluster;
  /// `-from`: the first entry that is wanted. Not with `-into`. Nothing: whatever leads to the state at `to`.
  std::optional<Index> from;
  /// `-to`: the last entry. Nothing: the last one that any source has committed when it is asked.
  std::optional<Index> to;
  /// `-timeout`: how long nothing may come, of what is there or is still to be committed, before this gives up.
  std::uint64_t timeout_ms = 30'000;
  /// `-after`: waited before anything is asked.
  std::uint64_t after_ms = 0;
  /// `-into`: the data folder that is made. Empty: the state is made beside the system's temporary files, and removed.
  std::string into;
  /// `-replay`: which threads apply entries; the state is the same.
  enum class Replay { sequential, parallel };
  Replay replay = Replay::parallel;
  /// `-json`: one object on standard output in place of lines.
  bool json = false;
  /// `-progress`: say how far it is on standard error, although that is no terminal.
  bool progress = false;
};

/// What a command line of parley-recovery asks for.
struct RecoveryCommand {
  enum class Kind {
    recover,  ///< with `options`
    print     ///< print `text` and stop with exit code 0
  };
  Kind kind = Kind::recover;
  RecoveryOptions options;
  std::string text;
};

/// Everything about a parley-recovery's command line and configuration file, relations between options included.
/// Errors are ErrorCode::usage with one line that names the option and where it was given.
[[nodiscard]] Result<RecoveryCommand> parse_recovery_command(std::span<const std::string> arguments);
[[nodiscard]] Result<RecoveryCommand> parse_recovery_command(int argc, const char* const* argv);

}  // namespace parley::config
