#pragma once
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/base/ids.hpp"
#include "common/base/limits.hpp"
#include "common/config/option_table.hpp"

namespace parley::config {

/// One cluster that a logger follows.
struct LoggedCluster {
  NodeId id;                  ///< the logger's name in it
  Address raft;               ///< where its replicas connect
  std::vector<Address> join;  ///< where its members take requests to join
  std::string folder;         ///< of its archive
};

/// Everything that parley-logger can be told. The values here are the defaults.
struct LoggerOptions {
  /// `-id`, `-raft`, `-join`: one value of each per cluster, in the same order.
  std::vector<LoggedCluster> clusters;
  /// `-advertise`: the host under which others reach this process, for all its ports. Empty: the host that each binds.
  std::string advertise;
  /// `-hrecov`: where ranges of the archives are served, one port for all clusters.
  std::optional<Address> recovery;
  /// `-logfolder`: the archive of `log0` is the folder LOGFOLDER/log0.
  std::string folder = "./archive";
  /// `-segment`, in bytes: size of a segment of an archive.
  std::uint64_t segment_bytes = limits::segment_bytes;
  /// `-compact`: whether, and when, values that later writes made unnecessary are left out of archives: off, immediate,
  /// interval or delayed.
  std::string compact = "off";
  /// `-compact-period`: entries in a window of compaction.
  std::uint64_t compact_period = 100'000;
  /// `-insecure`: listen beyond this machine although nothing is encrypted and nobody is asked who they are.
  bool insecure = false;
  /// `-unsafe-no-fsync`: entries count as archived before the disk has them.
  bool unsafe_no_fsync = false;
  /// `-log`: the least level of messages to standard error.
  std::string log = "info";
  /// `-cpuprofile`, `-memprofile`: files for pprof profiles, written on exit. Empty: none.
  std::string cpu_profile;
  std::string heap_profile;
};

/// What a tool is to do with the folder of an archive.
struct ToolOptions {
  std::string folder;
  std::string other;                                    ///< of `diff`: the second folder
  Bytes key;                                            ///< of `blame`
  Index from{1};                                        ///< `-from`, of `dump`: the first entry
  Index to{std::numeric_limits<std::uint64_t>::max()};  ///< `-to`, of `dump`: the last entry
  bool json = false;                                    ///< `-json`, of `blame`: lines as `dump` prints them
};

/// What a command line of parley-logger asks for.
struct LoggerCommand {
  enum class Kind {
    serve,   ///< run a logger with `options`
    print,   ///< print `text` and stop with exit code 0
    verify,  ///< the tools that read an archive, told by `tool`
    dump,
    diff,
    blame,
  };
  Kind kind = Kind::serve;
  LoggerOptions options;
  ToolOptions tool;
  std::string text;
};

/// Everything about a parley-logger's command line and configuration file, relations between options included. Errors
/// are ErrorCode::usage with one line that names the option and where it was given.
[[nodiscard]] Result<LoggerCommand> parse_logger_command(std::span<const std::string> arguments);
[[nodiscard]] Result<LoggerCommand> parse_logger_command(int argc, const char* const* argv);

}  // namespace parley::config
