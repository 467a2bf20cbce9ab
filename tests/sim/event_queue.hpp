#pragma once
#include <cstdint>
#include <functional>
#include <vector>

namespace parley::sim {

/// Simulated time. Events run one after the other in the order of their time, and of their making where that is equal;
/// nothing happens between two of them. The only source of time in a simulation, so that a run is a function of its
/// seed.
class EventQueue {
 public:
  using Action = std::move_only_function<void()>;

  /// Microseconds since the begin of the simulation.
  [[nodiscard]] std::uint64_t now_us() const { return now_us_; }
  /// How many events have run.
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] bool is_empty() const { return heap_.empty(); }

  /// `time_us` must not lie in the past.
  void at(std::uint64_t time_us, Action action);
  void after(std::uint64_t delay_us, Action action) { at(now_us_ + delay_us, std::move(action)); }
  /// Runs the next event; there must be one.
  void run_next();

 private:
  struct Event {
    std::uint64_t time_us;
    std::uint64_t sequence;
    std::size_t slot;  ///< of its action, so that sorting moves small things only
  };
  static bool is_later(const Event& left, const Event& right);

  std::vector<Event> heap_;
  std::vector<Action> actions_;
  std::vector<std::size_t> free_slots_;
  std::uint64_t now_us_ = 0;
  std::uint64_t made_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace parley::sim
