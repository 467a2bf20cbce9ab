#include "node/freshness.hpp"

#include <algorithm>
#include <utility>

#include "common/wire/client_message.hpp"

namespace parley::node {

void Freshness::heard(const raft::FreshUpTo& fresh) {
  if (!next_) {
    next_ = fresh;
  } else if (!last_ || fresh.as_of_us > last_->as_of_us) {
    last_ = fresh;
  }
}

void Freshness::reach(Index applied) {
  while (next_ && next_->commit <= applied) {
    as_of_us_ = std::max(as_of_us_.value_or(0), next_->as_of_us);
    next_ = std::exchange(last_, std::nullopt);
  }
}

std::optional<std::uint64_t> Freshness::age_us(Index applied, std::uint64_t now_us) {
  reach(applied);
  if (!as_of_us_) return std::nullopt;
  return now_us - std::min(now_us, *as_of_us_);
}

std::uint64_t age_ms(std::optional<std::uint64_t> age_us) { return age_us ? *age_us / 1000 + 1 : wire::unknown_age; }

}  // namespace parley::node
