#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/address.hpp"
#include "common/base/ids.hpp"
#include "common/base/engine_limits.hpp"
#include "common/config/option_table.hpp"

namespace parley::config {

/// Where key-value pairs live.
enum class Engine { lmdb, memory, disk };
/// As `-engine` and the settings of a cluster call it.
[[nodiscard]] std::string_view word_of(Engine engine);

/// Everything that parley-node can be told. The values here are the defaults; the comment of a field says what it means
/// and what follows from it.
struct NodeOptions {
  /// `-id`: the node's name in the cluster. The one option without a default.
  NodeId id;
  /// `-port`: where clients connect.
  Address client = Address{}.with_port(11000);
  /// `-raft`: where the other replicas connect.
  Address raft = Address{}.with_port(12000);
  /// `-hjoin`: where this node takes requests to join the cluster. Without it nobody can join through this node.
  std::optional<Address> join_listener;
  /// `-hrecov`: where this node serves entries and images to recoveries, loggers and subscribers. Without it, nobody.
  std::optional<Address> recovery;
  /// `-advertise`: the host under which others reach this process, for all its ports, without brackets. Empty: the host
  /// that each port binds. Must be given where one of them binds all addresses.
  std::string advertise;
  /// `-join`: where members take requests to join, tried in turn. Empty: an empty data folder founds a cluster of one.
  /// Otherwise the node waits until it is taken in. Without effect once the folder records a membership.
  std::vector<Address> join;
  /// `-data`: the data folder. By default `./data/ID`.
  std::string data;
  /// `-engine`: a setting of the cluster; a node that differs refuses to start.
  Engine engine = Engine::lmdb;
  /// `-slot`, in bytes: with engine disk the value of key K is kept at K times this. A setting of the cluster.
  std::uint64_t slot_bytes = limits::slot_bytes;
  /// `-quota`, in bytes: rows that the cluster may hold; a write beyond it is answered `quota`. A setting of the
  /// cluster.
  std::uint64_t quota_bytes = limits::quota_bytes;
  /// `-retain`: entries of the log kept behind the last one flushed to the store, for peers that lag; one that lags
  /// further gets an image of the state.
  std::uint64_t retain = 100'000;
  /// `-retain-archives`: entries of their archives that loggers are to keep behind the last one flushed to the store.
  /// What lies before is forgotten once more than half of the voters say so. 0: this node never asks for it.
  std::uint64_t retain_archives = 0;
  /// `-logfolder`: where the node also keeps each entry that it applies, in an archive of its own, in the folder with
  /// its name: written and synced before anybody hears that the entry was applied. Empty: nowhere.
  std::string log_folder;
  /// `-segment`, in bytes: size of a log segment. Larger ones are made more rarely, and trimmed later.
  std::uint64_t segment_bytes = limits::segment_bytes;
  /// `-unsafe-no-fsync`: writes are acknowledged before the disk has them, so that a power cut can lose them.
  bool unsafe_no_fsync = false;
  /// `-insecure`: listen beyond this machine although nothing is encrypted and nobody is asked who they are.
  bool insecure = false;
  /// `-tick-ms`: how often the consensus core sees time pass; the grain of the two timers below.
  std::uint64_t tick_ms = 10;
  /// `-heartbeat-ms`: how often a leader says that it is there.
  std::uint64_t heartbeat_ms = 50;
  /// `-election-ms`: how long a follower waits for a leader before it campaigns: a random time between this and twice
  /// this. A shorter one fails over faster and mistakes a slow machine for a dead one sooner.
  std::uint64_t election_ms = 250;
  /// `-log`: the least level of messages to standard error: one of log_level_words().
  std::string log = "info";
  /// `-cpuprofile`, `-memprofile`: files for pprof profiles, written on exit. Empty: none.
  std::string cpu_profile;
  std::string heap_profile;

  /// The timers in ticks, rounded up.
  [[nodiscard]] std::uint64_t heartbeat_ticks() const { return (heartbeat_ms + tick_ms - 1) / tick_ms; }
  [[nodiscard]] std::uint64_t election_ticks() const { return (election_ms + tick_ms - 1) / tick_ms; }
  /// For lease reads: what is sure of an election timeout of ours (ticks may come one early, and one is under way) on a
  /// voter whose clock runs a quarter faster. All voters must have been given the same election timeout, or longer
  /// ones.
  [[nodiscard]] std::uint64_t lease_us() const { return (election_ticks() - 2) * tick_ms * 1000 / 5 * 4; }
};

/// What `-log` takes, from the most to the least talkative.
[[nodiscard]] const std::vector<std::string>& log_level_words();

/// What a command line of parley-node asks for.
struct NodeCommand {
  enum class Kind {
    serve,    ///< run a node with `options`
    inspect,  ///< tell what is in `folder`
    verify,   ///< check every record and page in `folder`
    print     ///< print `text` and stop with exit code 0
  };
  Kind kind = Kind::serve;
  NodeOptions options;
  std::string folder;
  std::string text;
};

/// Everything about a parley-node's command line and configuration file, relations between options included. Errors are
/// ErrorCode::usage with one line that names the option and where it was given.
[[nodiscard]] Result<NodeCommand> parse_node_command(std::span<const std::string> arguments);
[[nodiscard]] Result<NodeCommand> parse_node_command(int argc, const char* const* argv);

}  // namespace parley::config
