#pragma once
#include <optional>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/transfer/range.hpp"

/// Entries as they stand in a chunk, in one piece of bytes: an object of msgpack for each field of each entry would
/// cost several times as much. Numbers are little-endian; there is no gap. An append between replicas has the same
/// layout for whole entries (wire/entry_block.hpp), and none for reduced ones.
///
///     entry   = u64 term | u8 kind | u64 cluster_us | u64 wall_us | u32 length | payload
///     reduced = u64 term | u8 kind + 0x80 | u64 cluster_us | u64 wall_us | u32 length | 32 bytes | rest
///
/// To the kind 0x20 is added if it is known that the entry took no effect, and 0x40 if it took some; and 0x10 if u32
/// length | detail follows: what it changed beyond what its command says.
///
/// How many there are stands in the chunk; the index of an entry is implied by its place. Its digest does not travel:
/// the receiver computes it. `length` counts the 32 bytes, the hash of what the payload was, too.
namespace parley::transfer {

inline constexpr std::size_t range_entry_header_bytes = 8 + 1 + 8 + 8 + 4;

[[nodiscard]] std::size_t range_entry_bytes(const RangeEntry& entry);
void append_range_entry(Bytes& block, const RangeEntry& entry);

/// `count` entries from `first` on, without digests, their payloads slices of `block`. Nothing unless the block holds
/// exactly that many, each of a known kind and no longer than limits allow, with indexes that do not overflow.
/// Allocates at most in proportion to the size of the block.
[[nodiscard]] std::optional<std::vector<RangeEntry>> read_range_block(const SharedBytes& block, std::size_t count,
                                                                      Index first);

/// What stands in EntryChunk::checksum: of all else in it.
[[nodiscard]] std::uint64_t chunk_checksum(const EntryChunk& chunk);

}  // namespace parley::transfer
