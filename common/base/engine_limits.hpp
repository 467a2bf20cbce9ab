#pragma once
#include "common/base/key_value_limits.hpp"
#include "common/base/limits.hpp"

/// The bounds of the engines `memory` and `disk`, which keep their rows in a tree in memory and a journal.
namespace parley::limits {

/// Rows of a leaf of the tree, and children of a branch: so many are copied for one that changes, and so few levels are
/// passed to find one (four for sixteen million rows). A node that would have more becomes two.
inline constexpr std::size_t tree_node_items = 64;

/// Bytes of a row's key and value, as other rows than those of clients need them: what LMDB takes, and what an image
/// carries. An image with a larger row is refused, as LMDB refuses it.
inline constexpr std::size_t engine_key_bytes = 511;
inline constexpr std::size_t engine_value_bytes = value_bytes + 32 * KiB;

/// Bytes of rows in one part of a journal, written at once; a larger row is a part of its own.
inline constexpr std::size_t journal_part_bytes = 1 * MiB;
/// Bytes of a part, as it is read: one more row of the largest than was meant to be in it. A longer one is damage.
inline constexpr std::size_t journal_part_most_bytes = journal_part_bytes + value_bytes + 64 * KiB;
/// A journal is rewritten when it has this many times the bytes of the rows that it leaves. Less would write them more
/// often, more would take more disk and a longer start.
inline constexpr std::uint64_t journal_growth = 2;
/// Bytes of a journal that is not worth it.
inline constexpr std::uint64_t journal_least_bytes = 16 * MiB;

/// Bytes that one step of what is done in spare time writes and syncs: some milliseconds to some ten. A commit waits
/// for one, and, where there is no spare time, for as many as write twice what it wrote itself.
inline constexpr std::size_t engine_step_bytes = 4 * MiB;

/// Bytes of rows that only old snapshots still need, and, with engine `disk`, of values that cannot go to their slots
/// as long as a snapshot needs what stands there. Beyond it images that are on their way are given up, as with LMDB
/// when its map gets full, so that memory does not.
inline constexpr std::uint64_t engine_pinned_bytes = 1 * GiB;
/// Bytes of values that wait for room on the disk of the slots. Beyond it, commits find no room either.
inline constexpr std::uint64_t engine_waiting_bytes = 256 * MiB;

/// Bytes by which the file of slots grows at least; they are a hole and take no room on the disk.
inline constexpr std::uint64_t slot_file_growth_bytes = 64 * MiB;
/// Default bytes of a slot, as the seed's diskstorage has them.
inline constexpr std::uint32_t slot_bytes = 1 * KiB;
/// Bytes of the smallest slot: its head and a few bytes of value. A smaller one is a usage error.
inline constexpr std::uint32_t least_slot_bytes = 16;

static_assert(effect_detail_bytes <= engine_value_bytes, "what an entry changed is a row that every engine takes");
static_assert(journal_part_bytes <= engine_step_bytes, "a step writes a part");
static_assert(engine_key_bytes + engine_value_bytes + KiB <= journal_part_most_bytes, "the largest row fits a part");
static_assert(4 * overlay_bytes < engine_waiting_bytes && engine_waiting_bytes < engine_pinned_bytes,
              "what is flushed in ordinary times pins nothing too much");

}  // namespace parley::limits
