#pragma once
#include <memory>

#include "tests/sim/event_queue.hpp"

namespace parley::sim {

/// The events of one process: none of them runs after its death, and none while it is stopped.
class Process {
 public:
  explicit Process(EventQueue& queue) : queue_(queue), pulse_(std::make_shared<Pulse>()) {}
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() { pulse_->is_alive = false; }

  void after(std::uint64_t delay_us, EventQueue::Action action) {
    schedule(queue_, queue_.now_us() + delay_us, pulse_, std::move(action));
  }
  /// As SIGSTOP does it, or a machine that is suspended: everything is late, nothing is lost.
  void stop_until(std::uint64_t time_us) { pulse_->stopped_until_us = time_us; }
  [[nodiscard]] bool is_stopped() const { return queue_.now_us() < pulse_->stopped_until_us; }

 private:
  struct Pulse {
    bool is_alive = true;
    std::uint64_t stopped_until_us = 0;
  };

  static void schedule(EventQueue& queue, std::uint64_t time_us, std::shared_ptr<Pulse> pulse,
                       EventQueue::Action action) {
    queue.at(time_us, [&queue, pulse = std::move(pulse), action = std::move(action)]() mutable {
      if (!pulse->is_alive) return;
      if (queue.now_us() < pulse->stopped_until_us) {
        const std::uint64_t later_us = pulse->stopped_until_us;
        return schedule(queue, later_us, std::move(pulse), std::move(action));
      }
      action();
    });
  }

  EventQueue& queue_;
  std::shared_ptr<Pulse> pulse_;
};

}  // namespace parley::sim
