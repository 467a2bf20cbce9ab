#include "tests/sim/steward.hpp"

#include <algorithm>

#include "common/app/settings.hpp"

namespace parley::sim {
namespace {

constexpr std::uint64_t random_part = 2;

}  // namespace

Steward::Steward(World& world, Machines& machines)
    : world_(world), machines_(machines), random_(random_for(world.plan.seed, random_part)) {
  for (std::uint8_t& byte : cluster_.bytes) byte = static_cast<std::uint8_t>(random_.next());
}

void Steward::begin() {
  want(machines_.front()->number());
  look();
}

/// A founder that died before its first entries were durable founds the same cluster again.
void Steward::found() {
  Machine& first = *machines_.front();
  // Whoever begins anew later joins what there is.
  if (world_.raft_judge.committed() > Index{}) return;
  if (!first.is_up() || !first.replica()->core().membership().members.empty()) return;
  app::Settings settings;
  settings.sessions = world_.plan.sessions;
  first.replica()->order(raft::Found{cluster_, SharedBytes(app::encode_settings(settings)), first.member()});
}

Machine* Steward::leader() {
  Machine* latest = nullptr;
  for (const auto& machine : machines_) {
    if (!machine->is_up() || machine->replica()->core().role() != raft::Role::leader) continue;
    if (latest == nullptr || machine->replica()->core().term() > latest->replica()->core().term())
      latest = machine.get();
  }
  return latest;
}

bool Steward::is_as_wanted(const Machine& leader) const {
  const raft::Core& core = leader.replica()->core();
  const raft::Membership& membership = core.membership();
  if (membership.is_joint() || core.membership_index() > core.commit()) return false;
  if (membership.members.size() != wanted_.size() || membership.voters.size() != wanted_voters()) return false;
  return std::ranges::all_of(wanted_, [&](int number) {
    const Machine& machine = *machines_[static_cast<std::size_t>(number)];
    return membership.find(machine.server()) != nullptr && membership.is_voter(machine.server()) != machine.is_logger();
  });
}

std::size_t Steward::wanted_voters() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      wanted_, [&](int number) { return !machines_[static_cast<std::size_t>(number)]->is_logger(); }));
}

void Steward::look() {
  world_.queue.after(random_.between(100'000, 300'000), [this] { look(); });
  Machine* const led_by = leader();
  if (led_by == nullptr) return found();
  adopt(*led_by);
  change_one(*led_by);
}

/// One change at a time is all that consensus takes.
bool Steward::change_one(Machine& leader) {
  const raft::Membership& membership = leader.replica()->core().membership();
  for (const auto& machine : machines_) {
    const bool is_wanted = wanted_.contains(machine->number());
    const bool is_member = membership.find(machine->server()) != nullptr;
    if (is_wanted == is_member) continue;
    if (is_wanted) {
      change(leader, raft::AddMember{machine->member()});
    } else {
      change(leader, raft::RemoveMember{machine->member().name});
    }
    return true;
  }
  return false;
}

void Steward::change(Machine& leader, std::variant<raft::AddMember, raft::RemoveMember> change) {
  world_.trace.note(leader.number(), "is asked for change of membership {}", next_change_);
  leader.replica()->order(raft::ChangeMembership{next_change_++, std::move(change)});
}

/// A machine learns its cluster once a configuration with it is committed.
void Steward::adopt(const Machine& leader) {
  const raft::Core& core = leader.replica()->core();
  if (core.membership_index() > core.commit()) return;
  for (const raft::Member& member : core.membership().members) {
    const auto machine = std::ranges::find(machines_, member.server, [](const auto& each) { return each->server(); });
    if (machine == machines_.end() || !(*machine)->is_up()) continue;
    if ((*machine)->replica()->core().cluster().is_nil()) (*machine)->replica()->order(raft::Adopt{core.cluster()});
  }
}

}  // namespace parley::sim
