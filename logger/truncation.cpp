#include "logger/truncation.hpp"

#include <algorithm>

namespace parley::logger {
namespace {

bool is_majority(const std::map<ServerId, Index>& votes, const std::vector<ServerId>& voters) {
  const auto have = std::ranges::count_if(voters, [&](ServerId voter) { return votes.contains(voter); });
  return static_cast<std::size_t>(have) * 2 > voters.size();
}

}  // namespace

void Truncation::vote(ServerId server, Index first_kept) {
  Index& needed = votes_[server];
  needed = std::max(needed, first_kept);
}

Truncation::Count Truncation::count(const raft::Membership& membership) const {
  Count count;
  for (const raft::Member& member : membership.members) {
    if (!membership.is_voter(member.server)) continue;
    ++count.voters;
    const auto vote = votes_.find(member.server);
    if (vote == votes_.end()) continue;
    count.lowest = count.votes == 0 ? vote->second : std::min(count.lowest, vote->second);
    ++count.votes;
  }
  return count;
}

std::optional<Index> Truncation::agreed(const raft::Membership& membership) const {
  if (!is_majority(votes_, membership.voters)) return std::nullopt;
  if (membership.is_joint() && !is_majority(votes_, membership.outgoing)) return std::nullopt;
  return count(membership).lowest;
}

void Truncation::membership_changed(const raft::Membership& membership) {
  std::erase_if(votes_, [&](const auto& vote) { return !membership.is_voter(vote.first); });
}

}  // namespace parley::logger
