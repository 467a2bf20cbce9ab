#include "common/raft/membership_history.hpp"

#include <algorithm>

#include "common/base/ensure.hpp"

namespace parley::raft {

MembershipHistory::MembershipHistory(std::vector<MembershipAt> history) : history_(std::move(history)) {
  if (history_.empty()) history_.push_back({Index{}, Membership{}});
}

bool MembershipHistory::may_be_voter(ServerId server) const {
  return std::ranges::any_of(history_, [&](const MembershipAt& at) { return at.membership.is_voter(server); });
}

void MembershipHistory::append(Index index, Membership membership) {
  ENSURE_LT(current_index(), index);
  history_.push_back({index, std::move(membership)});
}

bool MembershipHistory::truncate_from(Index from) {
  bool changed = false;
  while (history_.size() > 1 && current_index() >= from) {
    history_.pop_back();
    changed = true;
  }
  return changed;
}

void MembershipHistory::committed(Index index) {
  while (history_.size() > 1 && history_[1].index <= index) history_.erase(history_.begin());
}

}  // namespace parley::raft
