#include "common/wire/entry_block.hpp"

#include <limits>

#include "common/base/byte_codec.hpp"
#include "common/base/limits.hpp"

namespace parley::wire {

std::size_t entry_block_bytes(const std::vector<Entry>& entries) {
  std::size_t bytes = entries.size() * entry_block_header_bytes;
  for (const Entry& entry : entries) bytes += entry.payload.size();
  return bytes;
}

void append_entry_block(Bytes& out, const std::vector<Entry>& entries) {
  ByteWriter writer(out);
  for (const Entry& entry : entries) {
    writer.number(entry.term.value).number(static_cast<std::uint8_t>(entry.kind));
    writer.number(entry.time.cluster_us).number(entry.time.wall_us).sized(entry.payload.view());
  }
}

std::optional<std::vector<Entry>> read_entry_block(const SharedBytes& block, std::size_t count, Index previous) {
  if (count > block.size() / entry_block_header_bytes) return std::nullopt;
  if (previous.value > std::numeric_limits<std::uint64_t>::max() - count) return std::nullopt;
  std::vector<Entry> entries(count);
  ByteReader reader(block.view());
  Index index = previous;
  for (Entry& entry : entries) {
    index = index.next();
    entry.index = index;
    entry.term = Term{reader.number<std::uint64_t>()};
    const auto kind = reader.number<std::uint8_t>();
    entry.time.cluster_us = reader.number<std::uint64_t>();
    entry.time.wall_us = reader.number<std::uint64_t>();
    const BytesView payload = reader.sized();
    if (!reader.ok() || kind > last_entry_kind || payload.size() > limits::command_bytes) return std::nullopt;
    entry.kind = static_cast<EntryKind>(kind);
    if (!payload.empty()) entry.payload = block.slice(payload);
  }
  if (!reader.done()) return std::nullopt;
  return entries;
}

std::size_t command_block_bytes(const std::vector<SharedBytes>& commands) {
  std::size_t bytes = commands.size() * command_block_header_bytes;
  for (const SharedBytes& command : commands) bytes += command.size();
  return bytes;
}

void append_command_block(Bytes& out, const std::vector<SharedBytes>& commands) {
  ByteWriter writer(out);
  for (const SharedBytes& command : commands) writer.sized(command.view());
}

std::optional<std::vector<SharedBytes>> read_command_block(const SharedBytes& block, std::size_t count) {
  if (count > block.size() / command_block_header_bytes) return std::nullopt;
  std::vector<SharedBytes> commands;
  commands.reserve(count);
  ByteReader reader(block.view());
  for (std::size_t i = 0; i < count; ++i) {
    const BytesView command = reader.sized();
    if (!reader.ok() || command.size() > limits::command_bytes) return std::nullopt;
    commands.push_back(block.slice(command));
  }
  if (!reader.done()) return std::nullopt;
  return commands;
}

}  // namespace parley::wire
