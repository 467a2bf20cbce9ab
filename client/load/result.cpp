#include "client/load/result.hpp"

#include <algorithm>
#include <numeric>

#include "client/load/operations.hpp"

namespace parley::client::load {

std::uint64_t LoadResult::error_count() const {
  return std::accumulate(errors.begin(), errors.end(), std::uint64_t{0});
}

SecondRow row_of(const Second& second) {
  const obs::Histogram& latency = second.latency;
  return {second.at_us,           second.elapsed_us,      second.ops,   second.errors, latency.percentile(50),
          latency.percentile(90), latency.percentile(99), latency.max()};
}

Second sum(const std::vector<Second>& seconds) {
  Second all;
  for (const Second& each : seconds) {
    all.at_us = std::max(all.at_us, each.at_us);
    all.elapsed_us = std::max(all.elapsed_us, each.elapsed_us);
    all.ops += each.ops;
    all.errors += each.errors;
    all.latency.merge(each.latency);
  }
  return all;
}

LoadResult sum(const std::vector<LoadResult>& results) {
  LoadResult all;
  all.latency_by_kind.resize(operation_kinds().size());
  for (const LoadResult& each : results) {
    all.elapsed_us = std::max(all.elapsed_us, each.elapsed_us);
    all.ops += each.ops;
    all.misses += each.misses;
    all.missed += each.missed;
    all.answers += each.answers;
    all.busy_answers += each.busy_answers;
    for (std::size_t word = 0; word < all.errors.size(); ++word) all.errors[word] += each.errors[word];
    all.latency.merge(each.latency);
    for (std::size_t kind = 0; kind < each.latency_by_kind.size(); ++kind)
      all.latency_by_kind[kind].merge(each.latency_by_kind[kind]);
  }
  return all;
}

}  // namespace parley::client::load
