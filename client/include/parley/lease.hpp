#pragma once
#include <chrono>
#include <cstdint>
#include <optional>

namespace parley {

/// Names a lease: the index of the entry that granted it, so never 0, and never used again.
using LeaseId = std::uint64_t;

/// Something that keys may hang on, so that they end together: when its time is over, or at once by
/// Cluster::revoke_lease(). Its time begins anew with each Cluster::keep_lease_alive(). Nothing here does that by
/// itself: whoever holds a lease calls it every third of `ttl` or so, and takes `not_found` for the news that the lease
/// has ended, with its keys.
///
/// Time is that of the cluster. Nothing ends early; while no node leads nothing ends, and time stands still.
struct Lease {
  LeaseId id = 0;
  std::chrono::microseconds ttl{0};
  std::chrono::microseconds remaining{0};  ///< as of the answer; 0: it ends with the next entry
  std::uint32_t keys = 0;                  ///< at most 1024
  std::uint64_t index = 0;                 ///< of the entry that did it, or as of which it was read
};

/// How a set is done. A timeout of 0 is the one of Options. Every set decides anew whether its key ends.
struct SetOptions {
  std::chrono::milliseconds timeout{0};
  // One of these at most, or `invalid`:
  std::optional<std::chrono::milliseconds> ttl{};  ///< the key ends after this, which is at least a millisecond
  std::optional<LeaseId> lease{};                  ///< the key ends with this lease; `not_found` if there is none
};

}  // namespace parley
