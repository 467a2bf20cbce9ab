#pragma once
#include <cstdint>

#include "common/base/random.hpp"
#include "common/raft/options.hpp"

namespace parley::sim {

/// How the links between replicas are while nothing is cut. Each "one in" is the chance of a message; 0 for never.
struct LinkQuality {
  std::uint64_t least_delay_us = 100;
  std::uint64_t most_delay_us = 1'000;
  std::uint64_t drop_one_in = 0;
  std::uint64_t duplicate_one_in = 0;
  std::uint64_t overtake_one_in = 0;  ///< arrives without regard to those sent before it, up to `overtake_us` later
  std::uint64_t overtake_us = 20'000;
  std::uint64_t old_one_in = 0;  ///< arrives seconds later
};

/// How long disks take.
struct DiskQuality {
  std::uint64_t least_sync_us = 200;
  std::uint64_t most_sync_us = 4'000;
  std::uint64_t stall_one_in = 0;  ///< a sync that takes up to `stall_us`
  std::uint64_t stall_us = 2'000'000;
};

/// Which faults happen, by weight; 0 for never.
struct FaultWeights {
  std::uint64_t crash = 0;
  std::uint64_t crash_all = 0;
  std::uint64_t crash_at_operation = 0;  ///< at one of the next operations of the file system
  std::uint64_t partition = 0;
  std::uint64_t pause = 0;
  std::uint64_t bad_network = 0;
  std::uint64_t slow_disk = 0;
  std::uint64_t transfer = 0;
  std::uint64_t wall_jump = 0;
  std::uint64_t leave = 0;         ///< a member is removed, and taken in again later
  std::uint64_t rot = 0;           ///< what a disk has kept is damaged, missing or gone
  std::uint64_t full_disk = 0;     ///< no further byte fits on a disk, for a while
  std::uint64_t failing_disk = 0;  ///< a write or a sync of the log or the store fails once
};

/// Everything that a run is made of, drawn from its seed before it begins.
struct Plan {
  std::uint64_t seed = 0;
  std::size_t first_members = 3;  ///< who are taken in before the clients begin
  std::size_t late_members = 0;   ///< who join while the faults go on
  std::size_t loggers = 0;        ///< who join, too, and never vote
  std::uint64_t least_run_us = 30'000'000;
  std::uint64_t most_run_us = 120'000'000;
  std::uint64_t least_operations = 200;
  std::uint64_t least_faults = 5;

  std::uint64_t tick_us = 10'000;
  raft::Options core;  ///< without `self` and `seed`
  std::size_t segment_bytes = 128 * 1024;
  bool has_spare_time = true;      ///< disks; without, a segment is made when it is needed, and a full disk found then
  std::uint64_t retain = 100'000;  ///< entries of the log behind the last one flushed
  std::uint64_t hop_us = 60;       ///< most that a hand-over between two actors takes

  LinkQuality links;
  DiskQuality disks;
  FaultWeights faults;
  std::uint64_t least_fault_gap_us = 300'000;
  std::uint64_t most_fault_gap_us = 3'000'000;

  std::size_t clients = 3;
  std::size_t lanes = 2;  ///< operations that a client may have unanswered at once
  std::size_t keys = 5;
  std::uint32_t sessions = 64;            ///< settings of the cluster
  std::uint64_t most_pause_us = 300'000;  ///< of a lane between two operations
  std::uint64_t large_value_one_in = 0;

  // Half of the runs have nothing but sets, gets, deletes and compare-and-sets; the first client of every run has.
  bool has_keys = false;  ///< clients of transactions, numbers, leases and keys that end
  bool has_chat = false;  ///< clients of the chat
  std::size_t users = 3;  ///< of it, and the chats that they are in
  std::size_t chats = 2;
  std::size_t followers = 0;        ///< of keys and chats, as far as there are any
  std::uint64_t feed_window = 256;  ///< items that a follower takes unread
  std::size_t change_ring_bytes = 0;
  [[nodiscard]] bool has_feeds() const { return followers > 0; }
};

[[nodiscard]] Plan draw_plan(std::uint64_t seed);

/// A generator for one part of a simulation, so that a draw more in one leaves the others alone.
[[nodiscard]] Random random_for(std::uint64_t seed, std::uint64_t part);

}  // namespace parley::sim
