#pragma once
#include <map>
#include <optional>
#include <variant>

#include "common/raft/io.hpp"
#include "common/raft/leader_lease.hpp"
#include "common/raft/progress.hpp"
#include "common/raft/read_queue.hpp"
#include "common/raft/recent_rounds.hpp"

/// What a replica knows only while it plays a role; it is gone with the role.
namespace parley::raft {

struct Follower {
  ServerId leader = nobody;
};
struct PreCandidate {
  std::map<ServerId, bool> votes;
};
struct Candidate {
  std::map<ServerId, bool> votes;
  bool transfer = false;  ///< the leader asked for this election
};
/// Invariant: `peers` holds every member of the configuration but this replica itself.
struct Leader {
  explicit Leader(std::uint32_t election_ticks) : recent_rounds(election_ticks) {}

  std::map<ServerId, Progress> peers;
  Index term_start;  ///< the no-op that began this term; nothing is served before it is committed
  ReadQueue reads;
  std::uint64_t round = 0;
  LeaderLease lease;
  RecentRounds recent_rounds;
  std::uint32_t unsynced_ticks = 0;  ///< since the disk was asked for something, or last confirmed anything
  std::uint32_t heartbeat_elapsed = 0;
  bool heartbeat_due = true;
  bool loggers_due = true;              ///< a tick has passed since they were last sent what there was
  std::uint64_t clock_base_us = 0;      ///< cluster time at ...
  std::uint64_t monotonic_base_us = 0;  ///< ... this reading of the own clock
  std::size_t uncommitted_bytes = 0;
  ServerId transfer_to = nobody;
  std::uint32_t transfer_ticks = 0;
  bool timeout_now_sent = false;
  std::optional<std::uint64_t> change_id;  ///< the change of membership that somebody waits for
};
/// In the order of the enumerators of Role.
using RoleState = std::variant<Follower, PreCandidate, Candidate, Leader>;

}  // namespace parley::raft
