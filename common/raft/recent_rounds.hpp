#pragma once
#include <cstdint>
#include <deque>
#include <optional>

namespace parley::raft {

/// Which rounds of heartbeats a leader has sent within the last election timeout: whoever has answered one of them was
/// alive within it. That any message of his has come says less, since it may have been on its way for long.
class RecentRounds {
 public:
  explicit RecentRounds(std::uint32_t election_ticks) : election_ticks_(election_ticks) {}

  void tick() {
    ++ticks_;
    while (!sent_.empty() && sent_.front().at + election_ticks_ <= ticks_) sent_.pop_front();
  }
  /// Of the rounds of one tick the first is enough.
  void sent(std::uint64_t round) {
    if (sent_.empty() || sent_.back().at < ticks_) sent_.push_back({ticks_, round});
  }
  [[nodiscard]] bool has(std::uint64_t answered_round) const {
    return !sent_.empty() && answered_round >= sent_.front().round;
  }

 private:
  struct Sent {
    std::uint64_t at;
    std::uint64_t round;
  };
  std::uint32_t election_ticks_;
  std::uint64_t ticks_ = 0;
  std::deque<Sent> sent_;  ///< one for each tick of an election timeout at most
};

}  // namespace parley::raft
