#pragma once
#include "common/base/range_limits.hpp"

/// The bounds of parley-recovery.
namespace parley::limits {

/// Bytes of changed rows, with their overhead, that are gathered before they are committed to the store that is being
/// made; so many more may be in the commit that is under way, and LMDB takes up to a page for each row of it meanwhile.
/// Much more than a node's: nobody waits for these rows, and a row that is written again before costs no disk.
inline constexpr std::size_t recovery_overlay_bytes = 128 * MiB;
/// Bytes of entries and rows that have come and wait to be installed; beyond it no more credit is given.
inline constexpr std::size_t recovery_queue_bytes = 16 * MiB;
/// Threads that carry out what belongs to keys.
inline constexpr std::size_t recovery_hands = 4;
/// Milliseconds that the heads of other sources are waited for once one has answered.
inline constexpr std::uint64_t recovery_heads_ms = 1'000;
/// Milliseconds without a word after which another source is asked, where there is one.
inline constexpr std::uint64_t recovery_patience_ms = 5'000;
/// Times that everything is begun anew because all sources have meanwhile forgotten what comes next.
inline constexpr int recovery_attempts = 3;

static_assert(range_alive_ms < recovery_patience_ms, "a source that waits is heard");
static_assert(recovery_queue_bytes >= range_window_bytes, "a window that has come can be taken");

}  // namespace parley::limits
