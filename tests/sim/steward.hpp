#pragma once
#include <set>
#include <vector>

#include "tests/sim/machine.hpp"

namespace parley::sim {

/// The people who run the cluster: they see to it that its members are those that are wanted. They ask whoever leads,
/// again and again until it is so, and tell a machine that was taken in which cluster it belongs to.
class Steward {
 public:
  using Machines = std::vector<std::unique_ptr<Machine>>;

  Steward(World& world, Machines& machines);

  /// The first machine founds the cluster, and the work begins.
  void begin();
  void want(int machine) { wanted_.insert(machine); }
  void do_not_want(int machine) { wanted_.erase(machine); }
  [[nodiscard]] const std::set<int>& wanted() const { return wanted_; }
  /// How many of the wanted ones are to vote.
  [[nodiscard]] std::size_t wanted_voters() const;

  /// Whoever leads in the latest term; null if nobody does.
  [[nodiscard]] Machine* leader();
  /// True if `leader` has committed a configuration whose members and voters are those that are wanted.
  [[nodiscard]] bool is_as_wanted(const Machine& leader) const;

 private:
  void look();
  void found();
  bool change_one(Machine& leader);
  void adopt(const Machine& leader);
  void change(Machine& leader, std::variant<raft::AddMember, raft::RemoveMember> change);

  World& world_;
  Machines& machines_;
  Random random_;
  ClusterId cluster_;
  std::set<int> wanted_;
  std::uint64_t next_change_ = 1;
};

}  // namespace parley::sim
