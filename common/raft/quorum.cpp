#include "common/raft/quorum.hpp"

#include <algorithm>

namespace parley::raft {
namespace {

std::size_t majority(const std::vector<ServerId>& voters) { return voters.size() / 2 + 1; }

Tally tally_half(const std::vector<ServerId>& voters, const std::map<ServerId, bool>& votes) {
  std::size_t granted = 0;
  std::size_t refused = 0;
  for (const ServerId voter : voters) {
    const auto vote = votes.find(voter);
    if (vote == votes.end()) continue;
    ++(vote->second ? granted : refused);
  }
  if (voters.empty()) return Tally::lost;
  if (granted >= majority(voters)) return Tally::won;
  // Lost once those who can still say yes are too few.
  return voters.size() - refused < majority(voters) ? Tally::lost : Tally::pending;
}

Index half_match(const std::vector<ServerId>& voters, const std::function<Index(ServerId)>& match) {
  if (voters.empty()) return Index{};
  std::vector<Index> matches;
  for (const ServerId voter : voters) matches.push_back(match(voter));
  std::ranges::sort(matches, std::greater<>{});
  return matches[majority(voters) - 1];
}

}  // namespace

Tally tally_votes(const Membership& membership, const std::map<ServerId, bool>& votes) {
  const Tally incoming = tally_half(membership.voters, votes);
  if (!membership.is_joint()) return incoming;
  const Tally outgoing = tally_half(membership.outgoing, votes);
  if (incoming == Tally::lost || outgoing == Tally::lost) return Tally::lost;
  return incoming == Tally::won && outgoing == Tally::won ? Tally::won : Tally::pending;
}

bool is_quorum(const Membership& membership, const std::function<bool(ServerId)>& agrees) {
  const auto half = [&](const std::vector<ServerId>& voters) {
    return !voters.empty() && static_cast<std::size_t>(std::ranges::count_if(voters, agrees)) >= majority(voters);
  };
  return half(membership.voters) && (!membership.is_joint() || half(membership.outgoing));
}

Index quorum_match(const Membership& membership, const std::function<Index(ServerId)>& match) {
  const Index incoming = half_match(membership.voters, match);
  return membership.is_joint() ? std::min(incoming, half_match(membership.outgoing, match)) : incoming;
}

}  // namespace parley::raft
