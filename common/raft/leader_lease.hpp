#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

namespace parley::raft {

/// Until when a leader may be sure that nobody else leads (thesis 6.4.1). Every round of heartbeats is remembered with
/// the moment before it was sent; a majority that has answered it votes for nobody else for an election timeout from
/// then on (a restarted voter, too, waits that long), unless the leader itself asks for an election.
///
/// All times are readings of the leader's own monotonic clock, in microseconds.
class LeaderLease {
 public:
  void sent(std::uint64_t round, std::uint64_t now_us);
  /// A majority may have answered further rounds. True if one was confirmed.
  bool confirm(const std::function<bool(std::uint64_t round)>& is_answered);
  /// The majority is another one now: what was answered so far does not count.
  void forget();
  /// For the rest of the term: somebody was asked to campaign, and may do so at any time.
  void give_up() { is_given_up_ = true; }

  /// When the last round was sent that a majority has answered.
  [[nodiscard]] std::optional<std::uint64_t> confirmed_us() const { return confirmed_us_; }
  [[nodiscard]] bool holds(std::uint64_t now_us, std::uint64_t lease_us) const {
    return !is_given_up_ && confirmed_us_ && now_us < *confirmed_us_ + lease_us;
  }

 private:
  struct Round {
    std::uint64_t number;
    std::uint64_t sent_us;
  };
  std::deque<Round> unanswered_;
  std::optional<std::uint64_t> confirmed_us_;
  bool is_given_up_ = false;
};

}  // namespace parley::raft
