#include "tests/sim/plan.hpp"

#include <array>

#include "common/base/feed_limits.hpp"
#include "common/base/limits.hpp"

namespace parley::sim {
namespace {

constexpr std::uint64_t workload_part = 21;

template <class T, std::size_t count>
T one_of(Random& random, const std::array<T, count>& choices) {
  return choices[random.below(count)];
}

/// Small bounds are reached in a short run, so that what happens at them is simulated, too.
void draw_core(Random& random, raft::Options& core) {
  core.heartbeat_ticks = static_cast<std::uint32_t>(one_of<std::uint64_t, 3>(random, {3, 5, 8}));
  core.election_ticks = static_cast<std::uint32_t>(one_of<std::uint64_t, 3>(random, {20, 25, 40}));
  core.replace_ticks = 100;
  core.append_bytes = one_of<std::size_t, 3>(random, {1024, 16 * limits::KiB, limits::append_bytes});
  core.inflight_appends = one_of<std::size_t, 3>(random, {1, 4, limits::inflight_appends});
  core.inflight_bytes = one_of<std::size_t, 3>(random, {4096, 256 * limits::KiB, limits::inflight_bytes});
  core.uncommitted_bytes =
      one_of<std::size_t, 4>(random, {8192, limits::MiB, limits::uncommitted_bytes, limits::uncommitted_bytes});
  core.unapplied_bytes = one_of<std::size_t, 3>(random, {2048, 64 * limits::KiB, limits::unapplied_bytes});
  core.entry_cache_bytes = one_of<std::size_t, 3>(random, {1024, 64 * limits::KiB, limits::entry_cache_bytes});
}

void draw_links(Random& random, LinkQuality& links) {
  links.least_delay_us = one_of<std::uint64_t, 3>(random, {50, 100, 500});
  links.most_delay_us = links.least_delay_us + one_of<std::uint64_t, 3>(random, {200, 2'000, 15'000});
  links.drop_one_in = one_of<std::uint64_t, 4>(random, {0, 500, 100, 20});
  links.duplicate_one_in = one_of<std::uint64_t, 4>(random, {0, 200, 50, 10});
  links.overtake_one_in = one_of<std::uint64_t, 4>(random, {0, 100, 20, 5});
  links.old_one_in = one_of<std::uint64_t, 3>(random, {0, 1000, 200});
}

void draw_disks(Random& random, DiskQuality& disks) {
  disks.least_sync_us = one_of<std::uint64_t, 3>(random, {50, 200, 2'000});
  disks.most_sync_us = disks.least_sync_us + one_of<std::uint64_t, 3>(random, {300, 4'000, 20'000});
  disks.stall_one_in = one_of<std::uint64_t, 3>(random, {0, 2000, 300});
}

/// Every run has crashes; what else it has differs, so that some runs are long stretches of one kind of trouble.
void draw_faults(Random& random, Plan& plan) {
  FaultWeights& faults = plan.faults;
  faults.crash = one_of<std::uint64_t, 3>(random, {2, 5, 10});
  faults.crash_at_operation = one_of<std::uint64_t, 3>(random, {2, 6, 12});
  faults.crash_all = one_of<std::uint64_t, 3>(random, {0, 1, 3});
  faults.pause = one_of<std::uint64_t, 3>(random, {0, 2, 4});
  faults.slow_disk = one_of<std::uint64_t, 3>(random, {0, 1, 3});
  faults.full_disk = one_of<std::uint64_t, 3>(random, {0, 1, 2});
  faults.failing_disk = one_of<std::uint64_t, 3>(random, {0, 1, 3});
  faults.wall_jump = one_of<std::uint64_t, 2>(random, {0, 1});
  if (plan.first_members > 1) {
    faults.partition = one_of<std::uint64_t, 3>(random, {0, 6, 12});
    faults.bad_network = one_of<std::uint64_t, 3>(random, {0, 2, 4});
    faults.transfer = one_of<std::uint64_t, 3>(random, {0, 2, 4});
  }
  if (plan.first_members > 2) {
    faults.leave = one_of<std::uint64_t, 3>(random, {0, 0, 3});
    faults.rot = one_of<std::uint64_t, 3>(random, {0, 2, 4});
  }
  plan.least_fault_gap_us = one_of<std::uint64_t, 3>(random, {50'000, 300'000, 1'000'000});
  plan.most_fault_gap_us =
      plan.least_fault_gap_us + one_of<std::uint64_t, 3>(random, {1'000'000, 3'000'000, 5'000'000});
}

void draw_clients(Random& random, Plan& plan) {
  plan.clients = random.between(2, 5);
  plan.lanes = random.between(1, 4);
  plan.keys = one_of<std::size_t, 4>(random, {1, 3, 6, 12});
  plan.sessions = static_cast<std::uint32_t>(one_of<std::uint64_t, 3>(random, {4, 16, limits::sessions}));
  plan.most_pause_us = one_of<std::uint64_t, 3>(random, {200'000, 500'000, 1'000'000});
  plan.large_value_one_in = one_of<std::uint64_t, 3>(random, {0, 20, 5});
}

/// By a generator of its own: what the plain seeds are stays what it was.
void draw_workload(Random random, Plan& plan) {
  const std::uint64_t kind = random.below(6);
  plan.has_keys = kind == 0 || kind == 1;
  plan.has_chat = kind == 1 || kind == 2;
  if (!plan.has_keys && !plan.has_chat) return;
  plan.clients = std::max<std::size_t>(plan.clients, 3);
  plan.users = random.between(2, 4);
  plan.chats = random.between(1, 3);
  plan.followers = random.between(1, 4);
  plan.feed_window = one_of<std::uint64_t, 4>(random, {1, 7, 64, 256});
  plan.change_ring_bytes =
      one_of<std::size_t, 3>(random, {2 * limits::KiB, 16 * limits::KiB, limits::change_ring_bytes});
}

}  // namespace

Random random_for(std::uint64_t seed, std::uint64_t part) {
  std::uint64_t mixed = seed * 0x9e3779b97f4a7c15ULL + part * 0xbf58476d1ce4e5b9ULL;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  return Random(mixed ^ (mixed >> 27));
}

Plan draw_plan(std::uint64_t seed) {
  Random random = random_for(seed, 0);
  Plan plan;
  plan.seed = seed;
  plan.has_spare_time = seed % 4 != 0;  // not drawn: the seeds that are kept stay what they were
  plan.first_members = one_of<std::size_t, 10>(random, {1, 3, 3, 3, 3, 3, 5, 5, 5, 5});
  if (random.one_in(3)) plan.late_members = random.between(1, 2);
  draw_core(random, plan.core);
  // As a node reckons it.
  plan.core.lease_us = (plan.core.election_ticks - 2) * plan.tick_us / 5 * 4;
  plan.segment_bytes = one_of<std::size_t, 3>(random, {96 * limits::KiB, 128 * limits::KiB, 512 * limits::KiB});
  plan.retain = one_of<std::uint64_t, 4>(random, {0, 5, 50, 100'000});
  plan.hop_us = one_of<std::uint64_t, 3>(random, {1, 60, 2'000});
  draw_links(random, plan.links);
  draw_disks(random, plan.disks);
  draw_faults(random, plan);
  draw_clients(random, plan);
  if (random.one_in(3)) plan.loggers = random.between(1, 2);
  draw_workload(random_for(seed, workload_part), plan);
  return plan;
}

}  // namespace parley::sim
