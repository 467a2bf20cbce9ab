#pragma once
#include "common/base/limits.hpp"

/// The bounds by which a connection with much to do leaves room for those with little.
namespace parley::limits {

/// Unanswered requests up to which a connection is a light one: its commands and reads are never held back for those of
/// others. Most programs that wait for their answers have no more.
inline constexpr std::size_t light_requests = 16;
/// Commands of other connections that a node has proposed and not yet seen applied. More wait at the node: a pipeline
/// of consensus that is filled further only makes each of them later.
inline constexpr std::size_t proposed_commands = 1024;
/// The same while light connections are at work, which then wait behind no more than that: a light one's p99 is some
/// three times what it is alone. It costs the others up to half of their throughput (docs/BENCHMARKS.md).
inline constexpr std::size_t proposed_commands_beside_light = 16;
/// Reads of other connections that are answered before the service looks at its other work again.
inline constexpr std::size_t reads_per_round = 32;
/// Microseconds for which a connection that had more counts as one that has much to do.
inline constexpr std::uint64_t heavy_memory_us = 1'000'000;
/// Microseconds for which a light connection counts as being at work after its last command.
inline constexpr std::uint64_t light_memory_us = 100'000;
/// Microseconds after which a proposal that is not answered no longer counts as on its way: it may have been lost.
inline constexpr std::uint64_t proposal_memory_us = 1'000'000;

}  // namespace parley::limits
