#pragma once
#include "common/base/limits.hpp"

/// The bounds of `bench`. A flag beyond one is a usage error.
namespace parley::limits {

/// Simulated clients of one target, and requests that all of them together may have unanswered: some hundred bytes
/// each.
inline constexpr std::uint64_t load_clients = 131'072;
inline constexpr std::uint64_t load_outstanding = 1'048'576;
/// Requests a second that may be offered: more than any machine can.
inline constexpr std::uint64_t load_rate = 10'000'000;
/// Connections to one target; a node serves some thousand.
inline constexpr std::uint64_t load_sockets = 512;
/// Clusters or sets of servers that are loaded at once.
inline constexpr std::size_t load_targets = 64;
/// Different keys: their numbers have so many digits, and the spreading of Zipf's popular ones needs a prime beyond it.
inline constexpr std::uint64_t load_keys = 1'000'000'000;
/// Users and chats of a load. A node hashes some ten passwords a second, and each user takes two.
inline constexpr std::uint64_t load_users = 10'000;
inline constexpr std::uint64_t load_chats = 10'000;
/// Weight of an operation in a mix.
inline constexpr std::uint64_t load_weight = 1'000'000;
/// Milliseconds of a measurement, of its warm-up, and of thinking.
inline constexpr std::uint64_t load_ms = 7 * 86'400'000ULL;
/// Seconds of which each has a row in the result that is kept until the end, for every target. Later ones are told as
/// they come (`-csv`, progress) and not kept.
inline constexpr std::size_t load_seconds_kept = 86'400;

}  // namespace parley::limits
