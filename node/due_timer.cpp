#include "node/due_timer.hpp"

#include <algorithm>

#include "common/app/meta.hpp"

namespace parley::node {
namespace {

/// As long as entries follow each other more closely, each works off what is due, and none more is needed.
constexpr std::uint64_t quiet_us = 1'000;
/// After which an entry that was asked for is taken for lost.
constexpr std::uint64_t patience_us = 100'000;

}  // namespace

void DueTimer::applied(std::uint64_t cluster_us, std::uint64_t now_us) {
  cluster_us_ = cluster_us;
  applied_us_ = now_us;
  asked_us_.reset();
}

std::optional<std::uint64_t> DueTimer::ask_us(std::uint64_t due_us) const {
  if (due_us == app::Meta::never) return std::nullopt;
  const std::uint64_t wait_us = std::max(due_us - std::min(due_us, cluster_us_), quiet_us);
  const std::uint64_t at_us = applied_us_ + std::min(wait_us, app::Meta::never - applied_us_);
  return asked_us_ ? std::max(at_us, *asked_us_ + patience_us) : at_us;
}

std::uint64_t DueTimer::cluster_us(std::uint64_t now_us) const {
  return cluster_us_ + (now_us - std::min(now_us, applied_us_));
}

}  // namespace parley::node
