#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "common/base/limits.hpp"
#include "common/raft/hard_state.hpp"
#include "common/raft/log.hpp"
#include "common/raft/membership.hpp"

namespace parley::raft {

static_assert(limits::append_bytes / entry_header_bytes < limits::append_entries,
              "bytes bound the entries of an append");

/// How a core behaves. Times are in ticks; what a tick is in milliseconds is its owner's business.
struct Options {
  ServerId self;
  /// Between heartbeats of a leader. Shorter costs messages; longer makes reads of an idle cluster's followers staler.
  std::uint32_t heartbeat_ticks = 5;
  /// A follower that hears nothing campaigns after between one and two times this. A leader that hears no majority for
  /// this long steps down. It must be several heartbeats.
  std::uint32_t election_ticks = 25;
  /// A member that was heard within this time cannot be replaced by another incarnation under its name.
  std::uint32_t replace_ticks = 1000;
  /// The longest that a peer whose image was given up waits for another, however often that happens.
  std::uint32_t image_pause_ticks = 6000;
  /// Microseconds for which a leader may be sure to lead after it sent a round of heartbeats that a majority answered;
  /// 0 for never. It must be shorter than election_ticks last on the fastest clock of any voter, and all replicas must
  /// have it or none: with leases, a restarted voter waits election_ticks before it votes.
  std::uint64_t lease_us = 0;
  /// Seeds the choice of election timeouts.
  std::uint64_t seed = 1;

  std::size_t append_bytes = limits::append_bytes;
  /// A logger is sent what there is once a tick, and meanwhile whenever so many entries are.
  std::size_t logger_append_entries = limits::logger_append_entries;
  std::size_t inflight_appends = limits::inflight_appends;
  std::size_t inflight_bytes = limits::inflight_bytes;
  std::size_t uncommitted_bytes = limits::uncommitted_bytes;
  std::size_t unapplied_bytes = limits::unapplied_bytes;
  std::size_t entry_cache_bytes = limits::entry_cache_bytes;
  std::size_t pending_reads = limits::pending_reads;
};

/// What a replica finds on its disk when it starts. All defaults: a replica that belongs to no cluster yet.
struct Restored {
  ClusterId cluster;
  HardState hard_state;
  LogStart start;
  std::vector<TermRun> runs;
  Index last;
  Digest last_digest;
  std::vector<Entry> tail;                ///< see Log
  Index commit;                           ///< a commit index that was once known
  Index applied;                          ///< up to which the application's state is already there; at most `commit`
  std::vector<MembershipAt> memberships;  ///< in order of index: the one in force at the start, and all since

  /// It died while it founded its cluster: it has voted for itself, as nobody does without a membership. It must found
  /// again.
  [[nodiscard]] bool is_half_founded(ServerId self) const { return memberships.empty() && hard_state.vote == self; }
};

}  // namespace parley::raft
