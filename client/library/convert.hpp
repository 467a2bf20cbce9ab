#pragma once
#include <parley/cluster.hpp>

#include "client/cluster_status.hpp"
#include "client/outcome.hpp"
#include "common/base/result.hpp"

/// From what the engine says to what programs are told.
namespace parley::client::library {

[[nodiscard]] Failure failure(Word word, std::string detail);
[[nodiscard]] Failure failure_of(Outcome&& outcome);
[[nodiscard]] Answer<Value> value_of(Outcome&& outcome);
[[nodiscard]] Answer<Page> page_of(Outcome&& outcome);
[[nodiscard]] Answer<Written> written_of(Outcome&& outcome);
[[nodiscard]] parley::ClusterStatus status_of(const client::ClusterStatus& status);

[[nodiscard]] wire::ReadMode read_mode_of(ReadMode mode);
/// Microseconds; what makes no sense, or is not given, is 0.
[[nodiscard]] std::uint64_t timeout_us_of(std::chrono::milliseconds timeout);

}  // namespace parley::client::library
