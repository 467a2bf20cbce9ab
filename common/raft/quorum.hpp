#pragma once
#include <functional>
#include <map>

#include "common/raft/membership.hpp"

/// Arithmetic of majorities, with no context: what a configuration has agreed on. In a joint configuration both halves
/// must agree (thesis 4.3). Only voters count, whoever else may have answered.
namespace parley::raft {

enum class Tally { pending, won, lost };

/// The outcome of an election in which `votes` holds the answers so far. A configuration without voters never wins.
[[nodiscard]] Tally tally_votes(const Membership& membership, const std::map<ServerId, bool>& votes);

/// True when those for whom `agrees` holds are a majority.
[[nodiscard]] bool is_quorum(const Membership& membership, const std::function<bool(ServerId)>& agrees);

/// The highest index that a majority has, where `match` tells what each voter is known to have; 0 without voters.
[[nodiscard]] Index quorum_match(const Membership& membership, const std::function<Index(ServerId)>& match);

}  // namespace parley::raft
