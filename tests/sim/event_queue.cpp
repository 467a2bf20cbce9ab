#include "tests/sim/event_queue.hpp"

#include <algorithm>
#include <utility>

#include "common/base/ensure.hpp"

namespace parley::sim {

bool EventQueue::is_later(const Event& left, const Event& right) {
  if (left.time_us != right.time_us) return left.time_us > right.time_us;
  return left.sequence > right.sequence;
}

void EventQueue::at(std::uint64_t time_us, Action action) {
  ENSURE_LE(now_us_, time_us);
  if (free_slots_.empty()) {
    free_slots_.push_back(actions_.size());
    actions_.emplace_back();
  }
  const std::size_t slot = free_slots_.back();
  free_slots_.pop_back();
  actions_[slot] = std::move(action);
  heap_.push_back({time_us, made_++, slot});
  std::ranges::push_heap(heap_, is_later);
}

void EventQueue::run_next() {
  ENSURE(!heap_.empty());
  std::ranges::pop_heap(heap_, is_later);
  const Event event = heap_.back();
  heap_.pop_back();
  now_us_ = event.time_us;
  ++events_;
  Action action = std::move(actions_[event.slot]);
  free_slots_.push_back(event.slot);
  action();
}

}  // namespace parley::sim
