#pragma once
#include <cstdint>

#include "common/base/bytes.hpp"
#include "common/base/hash.hpp"
#include "common/base/ids.hpp"

namespace parley {

/// What an entry of the log is. The numbers stand in files and on the wire and never change their meaning.
enum class EntryKind : std::uint8_t {
  noop = 0,        ///< the first entry of a leader's term (thesis 3.6.2); empty
  command = 1,     ///< a command for the application; bytes to everyone else
  membership = 2,  ///< the configuration in force from this entry on (thesis 4.1)
  settings = 3,    ///< what apply depends on: engine, quota, limits; the first entry of every cluster
  time = 4,        ///< carries only its time, so that what is due on an idle cluster falls due
};
inline constexpr std::uint8_t last_entry_kind = 4;

/// The leader's time in an entry, in microseconds.
struct EntryTime {
  std::uint64_t cluster_us = 0;  ///< grows by the leader's monotonic clock from entry to entry; alone drives expiry
  std::uint64_t wall_us = 0;     ///< since 1970, for people to read; may jump
  friend bool operator==(const EntryTime&, const EntryTime&) = default;
};

/// One entry of the log. `digest` is the chain of the log up to and including it (see chain.hpp); it is computed once,
/// where the entry is appended, and travels with it to disk and apply, but not over the network.
struct Entry {
  Index index;
  Term term;
  EntryKind kind = EntryKind::noop;
  EntryTime time;
  SharedBytes payload;
  Digest digest;
  friend bool operator==(const Entry&, const Entry&) = default;
};

/// What an entry costs in a batch or a window, in bytes: its payload and about what its header takes.
inline constexpr std::size_t entry_header_bytes = 96;
[[nodiscard]] inline std::size_t entry_bytes(const Entry& entry) { return entry.payload.size() + entry_header_bytes; }

}  // namespace parley
