#include "common/raft/leader_lease.hpp"

#include "common/base/limits.hpp"

namespace parley::raft {

void LeaderLease::sent(std::uint64_t round, std::uint64_t now_us) {
  unanswered_.push_back({round, now_us});
  if (unanswered_.size() > limits::unanswered_rounds) unanswered_.pop_front();
}

bool LeaderLease::confirm(const std::function<bool(std::uint64_t round)>& is_answered) {
  bool is_news = false;
  while (!unanswered_.empty() && is_answered(unanswered_.front().number)) {
    confirmed_us_ = unanswered_.front().sent_us;
    unanswered_.pop_front();
    is_news = true;
  }
  return is_news;
}

void LeaderLease::forget() {
  unanswered_.clear();
  confirmed_us_.reset();
}

}  // namespace parley::raft
