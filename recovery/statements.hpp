#pragma once
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/hash.hpp"
#include "common/base/ids.hpp"

namespace parley::recovery {

/// Two sources that say different things of the chain: one of them is of another history, or lies.
struct Mismatch {
  Index index;
  std::string one;
  Digest one_says;
  std::string other;
  Digest other_says;
  friend bool operator==(const Mismatch&, const Mismatch&) = default;

  [[nodiscard]] std::string text() const;
};

/// What each source has stated of the digests of the log. Sources are called by their addresses.
class Statements {
 public:
  /// The first contradiction to what another has stated; then nothing is kept of it.
  [[nodiscard]] std::optional<Mismatch> add(const std::string& who, Index index, const Digest& digest);
  /// It is not to be believed: nothing that it has stated counts.
  void withdraw(const std::string& who);

  /// Somebody other than `except` who has stated this digest.
  [[nodiscard]] std::optional<std::string> who_says(Index index, const Digest& digest, const std::string& except) const;
  /// What was stated of indexes from `from` on, each once.
  [[nodiscard]] std::vector<std::pair<Index, Digest>> from(Index from) const;

 private:
  struct Statement {
    std::string who;
    Digest digest;
  };
  std::multimap<Index, Statement> statements_;
};

}  // namespace parley::recovery
