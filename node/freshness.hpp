#pragma once
#include <cstdint>
#include <optional>

#include "common/raft/io.hpp"

namespace parley::node {

/// How old the applied state may be, for stale reads: it holds everything that was committed so many microseconds ago.
/// What consensus tells may lie ahead of what is applied; of that, the first and the last word are kept.
class Freshness {
 public:
  void heard(const raft::FreshUpTo& fresh);
  /// Nothing if no leader has vouched for what is applied since this process started.
  [[nodiscard]] std::optional<std::uint64_t> age_us(Index applied, std::uint64_t now_us);

 private:
  void reach(Index applied);

  std::optional<std::uint64_t> as_of_us_;  ///< of the applied state
  std::optional<raft::FreshUpTo> next_;    ///< once this is applied, it is fresher
  std::optional<raft::FreshUpTo> last_;
};

/// For the wire: in milliseconds, rounded up and never 0; wire::unknown_age if there is none.
[[nodiscard]] std::uint64_t age_ms(std::optional<std::uint64_t> age_us);

}  // namespace parley::node
