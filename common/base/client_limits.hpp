#pragma once
#include "common/base/limits.hpp"

/// The bounds of what programs link to talk to a cluster.
namespace parley::limits {

/// Calls of one parley::Cluster that may be under way, and the bytes of their keys and values. One more is answered
/// `busy`, or in callback form not taken.
inline constexpr std::size_t library_calls = 65'535;
inline constexpr std::size_t library_bytes = 256 * MiB;
/// File descriptors that a process must be allowed to have open to use one: it and the largest cluster take fewer.
/// Below, it is not made.
inline constexpr std::size_t library_descriptors = 256;
/// Milliseconds beyond its timeout after which a blocking call returns even if the I/O thread is held up by a callback.
inline constexpr std::uint64_t library_grace_ms = 1'000;
/// Changes of a feed, and bytes of them, that wait for the program to take them. Then the feed reads no further until
/// it does. One change may exceed the bytes.
inline constexpr std::size_t feed_changes = 4'096;
inline constexpr std::size_t feed_bytes = 4 * MiB;

static_assert(library_calls < client_operations, "the opening of a session always has a place");
static_assert(value_bytes + key_bytes <= feed_bytes, "the largest change fits a feed");

}  // namespace parley::limits
