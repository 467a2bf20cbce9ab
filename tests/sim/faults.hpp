#pragma once
#include "tests/sim/network.hpp"
#include "tests/sim/steward.hpp"

namespace parley::sim {

/// What goes wrong, and when: one fault after another, each drawn by its weight and undone after a while.
class Faults {
 public:
  Faults(World& world, Steward::Machines& machines, Network& network, Steward& steward);

  void start();
  /// No further faults; everything that is still wrong is put right, but for what lasts a moment longer by itself.
  void end();
  /// Everybody dies at once.
  void crash_all();
  /// A machine went down by itself.
  void died(int machine);

 private:
  using Fault = void (Faults::*)();

  void next();
  [[nodiscard]] Fault draw();
  [[nodiscard]] Machine& any_machine();
  [[nodiscard]] Machine& leader_or_any();
  void crash(Machine& machine);
  void restart_later(int machine, std::uint64_t delay_us);
  /// What undoes a fault: it does not happen once the faults have ended.
  void later(std::uint64_t delay_us, EventQueue::Action action);

  void crash_one();
  void crash_everybody();
  void crash_at_operation();
  void partition();
  void pause();
  void bad_network();
  void slow_disk();
  void transfer();
  void wall_jump();
  void leave();
  void rot();
  void fill_disk();
  void fail_disk();

  void cut_both(std::size_t one, std::size_t other);
  void isolate(std::size_t machine);
  void split_in_two();
  void cut_one_way();
  void make_ring();
  void flap();

  World& world_;
  Steward::Machines& machines_;
  Network& network_;
  Steward& steward_;
  Random random_;
  bool has_ended_ = false;
};

}  // namespace parley::sim
