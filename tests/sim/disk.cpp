#include "tests/sim/disk.hpp"

namespace parley::sim {
namespace {

/// After which a full disk is looked at again.
constexpr std::uint64_t full_retry_us = 200'000;
/// How many of the special writes are cut short, and within how many operations on files.
constexpr std::uint64_t doomed_one_in = 3;
constexpr std::uint64_t doomed_operations = 3;

}  // namespace

Disk::Disk(World& world, Process& process, int node, ServerId server, replica::DiskWorker worker, Random& random,
           Report report, Doom doom)
    : world_(world),
      process_(process),
      node_(node),
      server_(server),
      worker_(std::move(worker)),
      random_(random),
      report_(std::move(report)),
      doom_(std::move(doom)),
      quality_(world.plan.disks) {
  process_.after(draw_latency_us(), [this] { begin(); });
}

void Disk::submit(replica::DiskRequest request) {
  if (const auto* persist = std::get_if<raft::Persist>(&request)) {
    world_.raft_judge.asked(server_, *persist);
    maybe_doom(*persist);
  } else if (std::holds_alternative<raft::EntriesWanted>(request)) {
    ++world_.counters.entries_read;
  }
  waiting_.push_back(std::move(request));
  // The actor wakes a moment later, and takes what has come until then.
  process_.after(random_.below(world_.plan.hop_us), [this] { begin(); });
}

/// A crash in the middle of a write that replaces entries, or makes the replica part of a cluster, is worth more than
/// one at any moment: those are rare, and are where half a write says something else than the whole.
void Disk::maybe_doom(const raft::Persist& persist) {
  const bool replaces = !persist.entries.empty() && persist.entries.front().index <= worker_.log().last().index;
  if (world_.is_calm || !(replaces || persist.adopt || persist.restart) || !random_.one_in(doomed_one_in)) return;
  world_.trace.note(node_, "is to die while it replaces entries or joins");
  doom_.die_after(random_.below(doomed_operations));
}

std::uint64_t Disk::draw_latency_us() {
  if (random_.one_in(quality_.stall_one_in)) return random_.below(quality_.stall_us);
  return random_.between(quality_.least_sync_us, quality_.most_sync_us);
}

/// A batch becomes durable at some moment while it is worked off, and is reported at the end.
void Disk::begin() {
  if (is_busy_) return;
  if (waiting_.empty() && !worker_.is_full()) return prepare();
  is_busy_ = true;
  const std::uint64_t latency_us = draw_latency_us();
  const std::uint64_t work_after_us = random_.below(latency_us + 1);
  state_ = State::begun;
  taken_ = std::exchange(waiting_, {});
  process_.after(work_after_us, [this, turn = turn_, rest_us = latency_us - work_after_us] {
    if (turn == turn_ && state_ == State::begun) work(rest_us);
  });
}

void Disk::work(std::uint64_t report_after_us) {
  state_ = State::worked;
  const bool is_spare_time = taken_.empty();
  auto done = worker_.work(std::exchange(taken_, {}));
  if (!done) return fail(done.error());
  // As the actor does: a full disk has room again once the next segment can be made.
  if (is_spare_time && worker_.is_full()) {
    if (const auto more = worker_.prepare(*done); !more) return fail(more.error());
  }
  for (const replica::DiskDone& each : *done) {
    if (const auto* persisted = std::get_if<replica::PersistDone>(&each))
      world_.raft_judge.synced(server_, persisted->sequence);
    if (const auto* hard_state = std::get_if<replica::HardStateDone>(&each))
      world_.raft_judge.hard_state_synced(server_, hard_state->sequence);
  }
  unreported_ = std::move(*done);
  process_.after(report_after_us, [this, turn = turn_] {
    if (turn == turn_) report(std::exchange(unreported_, {}));
  });
}

void Disk::hurry() {
  process_.after(quality_.most_sync_us, [this, turn = turn_] {
    if (turn != turn_ || !is_busy_) return;
    switch (state_) {
      case State::begun: return work(quality_.most_sync_us);
      case State::worked: return report(std::exchange(unreported_, {}));
      case State::prepares: return prepared();
      case State::broken: return;
    }
  });
}

void Disk::report(std::vector<replica::DiskDone> done) {
  ++turn_;
  is_busy_ = false;
  wants_spare_ = true;
  for (replica::DiskDone& each : done) {
    world_.trace.note(node_, "disk has done work of kind {}", each.index());
    report_(std::move(each));
  }
  if (worker_.is_full()) return process_.after(full_retry_us, [this] { begin(); });
  // Who never has spare time takes a step between two writes.
  if (worker_.is_preparation_due()) prepare();
  begin();
}

/// The next segment is made in spare time, a step at a time.
void Disk::prepare() {
  if (!wants_spare_ || !world_.plan.has_spare_time) return;
  std::vector<replica::DiskDone> done;
  const auto more = worker_.prepare(done);
  if (!more) return fail(more.error());
  for (replica::DiskDone& each : done) {
    world_.trace.note(node_, "disk has news of kind {} in its spare time", each.index());
    report_(std::move(each));
  }
  wants_spare_ = *more;
  if (worker_.is_full()) return process_.after(full_retry_us, [this] { begin(); });
  if (!wants_spare_) return;
  is_busy_ = true;
  state_ = State::prepares;
  process_.after(draw_latency_us(), [this, turn = turn_] {
    if (turn == turn_) prepared();
  });
}

void Disk::prepared() {
  ++turn_;
  is_busy_ = false;
  begin();
}

void Disk::fail(const Error& error) {
  is_busy_ = true;  // for ever
  state_ = State::broken;
  if (doom_.is_dying()) {
    world_.died(node_);
  } else {
    world_.findings.unsafe("the disk of n" + std::to_string(node_) + " failed by itself: " + error.what);
  }
}

}  // namespace parley::sim
