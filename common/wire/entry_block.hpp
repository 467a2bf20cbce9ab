#pragma once
#include <optional>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/entry.hpp"

/// Entries and commands in one piece of bytes within a frame, in a fixed layout: an object of msgpack for each field of
/// each entry would cost several times as much. Numbers are little-endian.
///
///     entry   = u64 term | u8 kind | u64 cluster_us | u64 wall_us | u32 length | payload
///     command = u32 length | command
///
/// Blocks follow each other without a gap; how many there are stands before the block. The index of an entry is implied
/// by its place, and its digest does not travel: the receiver computes it.
namespace parley::wire {

inline constexpr std::size_t entry_block_header_bytes = 8 + 1 + 8 + 8 + 4;
inline constexpr std::size_t command_block_header_bytes = 4;

[[nodiscard]] std::size_t entry_block_bytes(const std::vector<Entry>& entries);
void append_entry_block(Bytes& out, const std::vector<Entry>& entries);
/// `count` entries from the index after `previous`, their payloads slices of `block`. Nothing unless the block holds
/// exactly that many, each of a known kind and at most limits::command_bytes long, with indexes that do not overflow.
/// Allocates at most in proportion to the size of the block.
[[nodiscard]] std::optional<std::vector<Entry>> read_entry_block(const SharedBytes& block, std::size_t count,
                                                                 Index previous);

[[nodiscard]] std::size_t command_block_bytes(const std::vector<SharedBytes>& commands);
void append_command_block(Bytes& out, const std::vector<SharedBytes>& commands);
/// The same for commands.
[[nodiscard]] std::optional<std::vector<SharedBytes>> read_command_block(const SharedBytes& block, std::size_t count);

}  // namespace parley::wire
