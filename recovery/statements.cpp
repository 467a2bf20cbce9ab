#include "recovery/statements.hpp"

namespace parley::recovery {

std::string Mismatch::text() const {
  return "the chains of " + one + " and " + other + " differ at entry " + std::to_string(index.value) + ": " +
         one_says.text() + " there, " + other_says.text() + " here";
}

std::optional<Mismatch> Statements::add(const std::string& who, Index index, const Digest& digest) {
  const auto [begin, end] = statements_.equal_range(index);
  for (auto at = begin; at != end; ++at) {
    const Statement& known = at->second;
    if (known.digest != digest) return Mismatch{index, known.who, known.digest, who, digest};
    if (known.who == who) return std::nullopt;
  }
  statements_.emplace(index, Statement{who, digest});
  return std::nullopt;
}

void Statements::withdraw(const std::string& who) {
  std::erase_if(statements_, [&who](const auto& statement) { return statement.second.who == who; });
}

std::optional<std::string> Statements::who_says(Index index, const Digest& digest, const std::string& except) const {
  const auto [begin, end] = statements_.equal_range(index);
  for (auto at = begin; at != end; ++at) {
    if (at->second.digest == digest && at->second.who != except) return at->second.who;
  }
  return std::nullopt;
}

std::vector<std::pair<Index, Digest>> Statements::from(Index from) const {
  std::vector<std::pair<Index, Digest>> stated;
  for (auto at = statements_.lower_bound(from); at != statements_.end(); ++at) {
    if (stated.empty() || stated.back().first != at->first) stated.emplace_back(at->first, at->second.digest);
  }
  return stated;
}

}  // namespace parley::recovery
