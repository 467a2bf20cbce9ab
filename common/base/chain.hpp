#pragma once
#include "common/base/entry.hpp"
#include "common/base/hash.hpp"

namespace parley {

/// The digest of a log, as a chain: two logs with the same digest at the same index are equal up to there. It covers
/// the hash of a payload rather than the payload, so an archive may drop a payload and still be verified.
///
///     c(0) = BLAKE2b(cluster id)
///     c(n) = BLAKE2b(c(n-1) | index | term | kind | cluster_us | wall_us | BLAKE2b(payload))
///
/// Numbers are 64-bit little-endian, kind is one byte, hashes are 32 bytes.
[[nodiscard]] Digest chain_start(const ClusterId& cluster);
[[nodiscard]] Digest chain_next(const Digest& previous, const Entry& entry);
/// The same with the payload's hash at hand instead of the payload.
[[nodiscard]] Digest chain_next(const Digest& previous, const Entry& header, const Digest& payload_hash);

}  // namespace parley
