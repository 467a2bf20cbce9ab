#include "tests/sim/faults.hpp"

#include <algorithm>
#include <array>

#include "common/base/ensure.hpp"

namespace parley::sim {
namespace {

constexpr std::uint64_t random_part = 3;
constexpr std::uint64_t least_down_us = 20'000;
constexpr std::uint64_t most_down_us = 3'000'000;
constexpr std::uint64_t most_partition_us = 5'000'000;
constexpr std::uint64_t longest_stall_us = 12'000'000;
constexpr std::uint64_t most_pause_us = 2'000'000;
/// Longer than the cluster remembers a member as alive.
constexpr std::uint64_t most_absence_us = 4'000'000;

}  // namespace

Faults::Faults(World& world, Steward::Machines& machines, Network& network, Steward& steward)
    : world_(world),
      machines_(machines),
      network_(network),
      steward_(steward),
      random_(random_for(world.plan.seed, random_part)) {}

void Faults::start() {
  later(random_.between(300'000, 3'000'000), [this] { next(); });
}

void Faults::later(std::uint64_t delay_us, EventQueue::Action action) {
  world_.queue.after(delay_us, [this, action = std::move(action)]() mutable {
    if (!has_ended_) action();
  });
}

void Faults::next() {
  ++world_.counters.faults;
  (this->*draw())();
  // A cluster that never comes to serve anybody shows little: in time it gets some peace.
  const std::uint64_t peace = world_.now_us() > 2 * world_.plan.least_run_us ? 10 : 1;
  later(peace * random_.between(world_.plan.least_fault_gap_us, world_.plan.most_fault_gap_us), [this] { next(); });
}

Faults::Fault Faults::draw() {
  const FaultWeights& weights = world_.plan.faults;
  const std::array<std::pair<std::uint64_t, Fault>, 13> choices = {{
      {weights.crash, &Faults::crash_one},
      {weights.crash_all, &Faults::crash_everybody},
      {weights.crash_at_operation, &Faults::crash_at_operation},
      {weights.partition, &Faults::partition},
      {weights.pause, &Faults::pause},
      {weights.bad_network, &Faults::bad_network},
      {weights.slow_disk, &Faults::slow_disk},
      {weights.transfer, &Faults::transfer},
      {weights.wall_jump, &Faults::wall_jump},
      {weights.leave, &Faults::leave},
      {weights.rot, &Faults::rot},
      {weights.full_disk, &Faults::fill_disk},
      {weights.failing_disk, &Faults::fail_disk},
  }};
  std::uint64_t sum = 0;
  for (const auto& [weight, fault] : choices) sum += weight;
  std::uint64_t chosen = random_.below(sum);
  for (const auto& [weight, fault] : choices) {
    if (chosen < weight) return fault;
    chosen -= weight;
  }
  return choices.front().second;
}

Machine& Faults::any_machine() { return *machines_[random_.below(machines_.size())]; }

Machine& Faults::leader_or_any() {
  Machine* const leader = steward_.leader();
  return leader != nullptr && !random_.one_in(3) ? *leader : any_machine();
}

// ---- processes
// ----------------------------------------------------------------------------------------------------------

void Faults::crash(Machine& machine) {
  if (!machine.is_up()) return;
  ++world_.counters.crashes;
  world_.trace.note(machine.number(), "crashes");
  machine.crash();
}

void Faults::restart_later(int number, std::uint64_t delay_us) {
  later(delay_us, [this, number] {
    Machine& machine = *machines_[static_cast<std::size_t>(number)];
    if (!machine.is_up()) machine.start();
  });
}

void Faults::died(int number) {
  Machine& machine = *machines_[static_cast<std::size_t>(number)];
  ++world_.counters.crashes;
  ++world_.counters.crashes_within;
  if (machine.is_failing()) ++world_.counters.failed_disks;
  world_.trace.note(number, "crashes in the middle of work on its disk");
  machine.crash();
  if (has_ended_) return machine.start();
  restart_later(number, random_.between(least_down_us, most_down_us));
}

void Faults::crash_one() {
  Machine& machine = leader_or_any();
  crash(machine);
  // Sometimes so soon that nobody has noticed.
  restart_later(machine.number(),
                random_.one_in(3) ? random_.below(least_down_us) : random_.between(least_down_us, most_down_us));
}

void Faults::crash_all() {
  for (const auto& machine : machines_) crash(*machine);
}

void Faults::crash_everybody() {
  crash_all();
  for (const auto& machine : machines_) restart_later(machine->number(), random_.between(least_down_us, most_down_us));
}

void Faults::crash_at_operation() {
  Machine& machine = leader_or_any();
  machine.crash_at_operation(random_.below(12));
}

void Faults::pause() {
  Machine& machine = leader_or_any();
  ++world_.counters.pauses;
  const std::uint64_t pause_us = random_.between(50'000, most_pause_us);
  world_.trace.note(machine.number(), "is stopped for {} us", pause_us);
  machine.stop_until(world_.now_us() + pause_us);
}

// ---- network
// ------------------------------------------------------------------------------------------------------------

void Faults::cut_both(std::size_t one, std::size_t other) {
  network_.cut(one, other);
  network_.cut(other, one);
}

void Faults::isolate(std::size_t machine) {
  for (std::size_t other = 0; other < machines_.size(); ++other) {
    if (other != machine) cut_both(machine, other);
  }
}

void Faults::split_in_two() {
  std::vector<bool> side(machines_.size());
  for (std::size_t machine = 0; machine < side.size(); ++machine) side[machine] = random_.one_in(2);
  for (std::size_t one = 0; one < side.size(); ++one) {
    for (std::size_t other = 0; other < one; ++other) {
      if (side[one] != side[other]) cut_both(one, other);
    }
  }
}

void Faults::cut_one_way() {
  const auto machine = static_cast<std::size_t>(leader_or_any().number());
  const bool is_deaf = random_.one_in(2);
  for (std::size_t other = 0; other < machines_.size(); ++other) {
    if (other == machine || random_.one_in(4)) continue;
    if (is_deaf) {
      network_.cut(other, machine);
    } else {
      network_.cut(machine, other);
    }
  }
}

/// Everybody hears its two neighbours only.
void Faults::make_ring() {
  const std::size_t count = machines_.size();
  for (std::size_t one = 0; one < count; ++one) {
    for (std::size_t other = 0; other < one; ++other) {
      const std::size_t distance = one - other;
      if (distance != 1 && distance != count - 1) cut_both(one, other);
    }
  }
}

void Faults::flap() {
  const std::size_t one = random_.below(machines_.size());
  const std::size_t other = random_.below(machines_.size());
  if (one == other) return;
  for (std::uint64_t turn = 0; turn < 10; ++turn) {
    later(turn * 200'000, [this, one, other] { cut_both(one, other); });
    later(turn * 200'000 + 100'000, [this, one, other] {
      network_.mend(one, other);
      network_.mend(other, one);
    });
  }
}

void Faults::partition() {
  ++world_.counters.partitions;
  const std::uint64_t kind = random_.below(6);
  world_.trace.note(Trace::nobody_special, "partition of kind {}", kind);
  switch (kind) {
    case 0:
    case 1: isolate(static_cast<std::size_t>(leader_or_any().number())); break;
    case 2: split_in_two(); break;
    case 3: cut_one_way(); break;
    case 4: make_ring(); break;
    default: flap(); break;
  }
  later(random_.between(100'000, most_partition_us), [this] { network_.mend_all(); });
}

void Faults::bad_network() {
  LinkQuality bad = world_.plan.links;
  bad.drop_one_in = random_.between(2, 10);
  bad.duplicate_one_in = random_.between(2, 10);
  bad.overtake_one_in = random_.between(2, 5);
  bad.overtake_us = random_.between(10'000, 300'000);
  bad.old_one_in = random_.between(10, 100);
  bad.most_delay_us += random_.below(100'000);
  world_.trace.note(Trace::nobody_special, "the network is bad: one in {} is lost", bad.drop_one_in);
  network_.set_quality(bad);
  later(random_.between(200'000, most_partition_us), [this] { network_.set_quality(world_.plan.links); });
}

// ---- disks, clocks, members
// ------------------------------------------------------------------------------------------------

void Faults::slow_disk() {
  Machine& machine = leader_or_any();
  if (!machine.is_up()) return;
  DiskQuality slow = world_.plan.disks;
  slow.stall_one_in = 2;
  slow.stall_us = random_.between(100'000, random_.one_in(4) ? longest_stall_us : 3'000'000);
  world_.trace.note(machine.number(), "has a slow disk, up to {} us", slow.stall_us);
  machine.replica()->disk().set_quality(slow);
  later(random_.between(200'000, most_partition_us), [this, number = machine.number()] {
    Machine& same = *machines_[static_cast<std::size_t>(number)];
    if (same.is_up()) same.replica()->disk().set_quality(world_.plan.disks);
  });
}

void Faults::transfer() {
  Machine* const leader = steward_.leader();
  if (leader == nullptr) return;
  ++world_.counters.transfers;
  const ServerId to = random_.one_in(2) ? nobody : any_machine().server();
  world_.trace.note(leader->number(), "is asked to hand leadership to {}", to.value);
  leader->replica()->order(raft::TransferLeadership{to});
}

void Faults::wall_jump() {
  Machine& machine = any_machine();
  const auto by_us = static_cast<std::int64_t>(random_.between(0, 7'200'000'000)) - 3'600'000'000;
  world_.trace.note(machine.number(), "wall clock jumps by {} us", by_us);
  machine.jump_wall_clock(by_us);
}

void Faults::leave() {
  if (steward_.wanted_voters() < 3) return;
  // Two that are left bear the loss of none.
  if (std::ranges::any_of(machines_, [](const auto& each) { return each->is_rotten(); })) return;
  Machine& machine = leader_or_any();
  if (!steward_.wanted().contains(machine.number())) return;
  world_.trace.note(machine.number(), "is to leave the cluster");
  steward_.do_not_want(machine.number());
  later(random_.between(500'000, most_absence_us), [this, number = machine.number()] { steward_.want(number); });
}

/// A cluster bears the loss of one disk, and of the next once the first is made good: when every member votes again.
void Faults::rot() {
  Machine* const leader = steward_.leader();
  if (leader == nullptr || steward_.wanted_voters() < 3 || !steward_.is_as_wanted(*leader)) return;
  if (std::ranges::any_of(machines_, [](const auto& each) { return each->is_rotten(); })) return;
  Machine& machine = leader_or_any();
  if (!steward_.wanted().contains(machine.number())) return;
  crash(machine);
  const auto kind = static_cast<Rot>(random_.below(4));
  if (machine.rot(kind)) {
    ++world_.counters.damaged_disks;
    world_.trace.note(machine.number(), "has a damaged disk, of kind {}", static_cast<int>(kind));
  }
  restart_later(machine.number(), random_.between(least_down_us, most_down_us));
}

void Faults::fill_disk() {
  Machine& machine = leader_or_any();
  ++world_.counters.full_disks;
  world_.trace.note(machine.number(), "has little room left on its disk");
  machine.limit_disk(random_.one_in(2) ? 0 : random_.below(3 * world_.plan.segment_bytes));
  later(random_.between(200'000, most_partition_us),
        [this, number = machine.number()] { machines_[static_cast<std::size_t>(number)]->limit_disk(std::nullopt); });
}

void Faults::fail_disk() {
  Machine& machine = leader_or_any();
  world_.trace.note(machine.number(), "has a disk that fails");
  machine.fail_disk();
}

void Faults::end() {
  has_ended_ = true;
  network_.mend_all();
  network_.set_quality(LinkQuality{});
  network_.make_clients_reliable();
  for (const auto& machine : machines_) {
    steward_.want(machine->number());
    machine->crash_at_operation(Machine::never);
    machine->limit_disk(std::nullopt);
    if (!machine->is_up()) machine->start();
    if (!machine->is_up()) continue;
    machine->replica()->disk().set_quality(DiskQuality{});
    machine->replica()->disk().hurry();
  }
}

}  // namespace parley::sim
