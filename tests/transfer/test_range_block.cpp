#include <catch2/catch.hpp>

#include <cstring>
#include <limits>
#include <memory>

#include "common/base/hex.hpp"
#include "common/base/key_value_limits.hpp"
#include "tests/transfer/range_testing.hpp"

using namespace parley;
using namespace parley::transfer;
using namespace parley::transfer::testing;

namespace {

RangeEntry entry(std::uint64_t index, EntryKind kind, std::string payload) {
  return {{Index{index}, Term{1}, kind, {2, 3}, SharedBytes(std::move(payload)), {}}, std::nullopt};
}

RangeEntry reduced(std::uint64_t index, std::string rest) {
  RangeEntry item = entry(index, EntryKind::command, std::move(rest));
  item.payload_hash = Digest{};
  item.payload_hash->bytes.fill(0x77);
  return item;
}

Bytes block_of(const std::vector<RangeEntry>& entries) {
  Bytes block;
  for (const RangeEntry& item : entries) append_range_entry(block, item);
  return block;
}

/// The bytes end exactly where their memory does, so that the address sanitizer sees a read beyond them.
SharedBytes exactly(BytesView bytes) {
  const std::shared_ptr<char[]> memory(new char[bytes.size() + 1]);
  bytes.copy(memory.get() + 1, bytes.size());
  return {memory, {memory.get() + 1, bytes.size()}};
}

}  // namespace

TEST_CASE("a block of entries has golden bytes, whole and reduced") {
  const std::vector<RangeEntry> entries = {entry(6, EntryKind::command, "payload"), reduced(7, "rest"),
                                           entry(8, EntryKind::noop, "")};
  const Bytes block = block_of(entries);
  CHECK(to_hex(block) ==
        "0100000000000000"
        "01"
        "0200000000000000"
        "0300000000000000"
        "07000000"
        "7061796c6f6164"
        "0100000000000000"
        "81"
        "0200000000000000"
        "0300000000000000"
        "24000000"
        "7777777777777777777777777777777777777777777777777777777777777777"
        "72657374"
        "0100000000000000"
        "00"
        "0200000000000000"
        "0300000000000000"
        "00000000");
  std::size_t bytes = 0;
  for (const RangeEntry& item : entries) bytes += range_entry_bytes(item);
  CHECK(bytes == block.size());
  CHECK(read_range_block(SharedBytes(block), 3, Index{6}) == entries);
}

TEST_CASE("what is known of an entry's effect stands in the byte of its kind") {
  std::vector<RangeEntry> entries = {entry(6, EntryKind::time, ""), reduced(7, "rest"),
                                     entry(8, EntryKind::command, "x")};
  entries[0].effect = Effect::none;
  entries[1].effect = Effect::took;
  const Bytes block = block_of(entries);
  CHECK(static_cast<unsigned char>(block[8]) == 0x24);
  CHECK(static_cast<unsigned char>(block[range_entry_header_bytes + 8]) == 0xc1);
  CHECK(read_range_block(SharedBytes(block), 3, Index{6}) == entries);
  Bytes neither = block;
  neither[8] = 0x64;
  CHECK_FALSE(read_range_block(SharedBytes(neither), 3, Index{6}));
}

TEST_CASE("what an entry changed beyond what it says follows it") {
  std::vector<RangeEntry> entries = {entry(6, EntryKind::time, ""), entry(7, EntryKind::command, "x")};
  entries[0].effect = Effect::none;
  entries[0].detail = SharedBytes(Bytes("gone"));
  const Bytes block = block_of(entries);
  CHECK(static_cast<unsigned char>(block[8]) == 0x34);
  CHECK(to_hex(BytesView(block).substr(25, 12)) ==
        "00000000"
        "04000000"
        "676f6e65");
  CHECK(block.size() == range_entry_bytes(entries[0]) + range_entry_bytes(entries[1]));
  CHECK(read_range_block(SharedBytes(block), 2, Index{6}) == entries);
  for (std::size_t size = 0; size < block.size(); ++size)
    CHECK_FALSE(read_range_block(exactly(BytesView(block).substr(0, size)), 2, Index{6}));
  Bytes nothing = block;
  nothing[29] = '\0';
  nothing.erase(33, 4);
  CHECK_FALSE(read_range_block(SharedBytes(nothing), 2, Index{6}));
}

TEST_CASE("the largest entry fits a block with all that is told of it, and so does the most that is told") {
  RangeEntry largest = entry(1, EntryKind::command, std::string(limits::command_bytes, 'x'));
  largest.detail = SharedBytes(Bytes(limits::effect_detail_beside_bytes, 'd'));
  CHECK(block_of({largest}).size() <= limits::range_block_bytes);
  RangeEntry most = entry(1, EntryKind::command, "revoke");
  most.detail = SharedBytes(Bytes(limits::effect_detail_bytes, 'd'));
  const Bytes block = block_of({most});
  CHECK(block.size() <= limits::range_block_bytes);
  CHECK(read_range_block(SharedBytes(block), 1, Index{1}));
  most.detail = SharedBytes(Bytes(limits::effect_detail_bytes + 1, 'd'));
  CHECK_FALSE(read_range_block(SharedBytes(block_of({most})), 1, Index{1}));
}

TEST_CASE("a block must hold exactly what is announced") {
  const Bytes block = block_of({entry(6, EntryKind::command, "payload"), reduced(7, "rest")});
  const SharedBytes shared(block);
  CHECK(read_range_block(shared, 2, Index{6}));
  CHECK_FALSE(read_range_block(shared, 0, Index{6}));
  CHECK_FALSE(read_range_block(shared, 1, Index{6}));
  CHECK_FALSE(read_range_block(shared, 3, Index{6}));
  CHECK_FALSE(read_range_block(shared, std::size_t{1} << 60, Index{6}));
  CHECK_FALSE(read_range_block(shared, 2, Index{0}));
  CHECK_FALSE(read_range_block(shared, 2, Index{std::numeric_limits<std::uint64_t>::max() - 1}));
  for (std::size_t size = 0; size < block.size(); ++size)
    CHECK_FALSE(read_range_block(exactly(BytesView(block).substr(0, size)), 2, Index{6}));
  CHECK_FALSE(read_range_block(SharedBytes(block + '\0'), 2, Index{6}));

  Bytes unknown_kind = block;
  unknown_kind[8] = static_cast<char>(last_entry_kind + 1);
  CHECK_FALSE(read_range_block(SharedBytes(unknown_kind), 2, Index{6}));
  Bytes huge_length = block;
  huge_length[28] = '\xff';
  CHECK_FALSE(read_range_block(SharedBytes(huge_length), 2, Index{6}));
  // What is marked as reduced has at least the hash.
  Bytes too_short = block;
  too_short[8] = '\x81';
  CHECK_FALSE(read_range_block(SharedBytes(too_short), 2, Index{6}));
}

TEST_CASE("the largest payload goes into a block, and one byte more does not come out") {
  const Bytes largest = block_of({entry(1, EntryKind::command, std::string(limits::command_bytes, 'x'))});
  CHECK(largest.size() <= limits::range_block_bytes);
  CHECK(read_range_block(SharedBytes(largest), 1, Index{1}));
  const Bytes beyond = block_of({entry(1, EntryKind::command, std::string(limits::command_bytes + 1, 'x'))});
  CHECK_FALSE(read_range_block(SharedBytes(beyond), 1, Index{1}));
}

TEST_CASE("payloads are slices of the block") {
  const SharedBytes block(block_of({entry(1, EntryKind::command, std::string(100, 'x')), reduced(2, "rest")}));
  const auto entries = read_range_block(block, 2, Index{1});
  REQUIRE(entries);
  for (const RangeEntry& item : *entries) {
    CHECK(item.entry.payload.view().data() > block.view().data());
    CHECK(item.entry.payload.view().data() < block.view().data() + block.size());
  }
}

TEST_CASE("random changes of a block never harm") {
  Random random(11);
  const Bytes good = block_of({entry(1, EntryKind::command, "payload"), reduced(2, "rest"),
                               entry(3, EntryKind::membership, "members"), entry(4, EntryKind::time, "")});
  for (int round = 0; round < 20'000; ++round) {
    Bytes block = good;
    for (std::uint64_t change = random.between(1, 3); change > 0; --change)
      block[random.below(block.size())] = static_cast<char>(random.below(256));
    const auto entries = read_range_block(exactly(block), 4, Index{1});
    if (entries) CHECK(block_of(*entries) == block);
  }
}

TEST_CASE("the checksum of a chunk covers every field") {
  EntryChunk chunk;
  chunk.first = Index{5};
  chunk.count = 1;
  chunk.block = SharedBytes(Bytes("block"));
  const std::uint64_t checksum = chunk_checksum(chunk);
  std::vector<EntryChunk> others(6, chunk);
  others[0].first = Index{6};
  others[1].before.bytes[31] = 1;
  others[2].after.bytes[0] = 1;
  others[3].is_last = true;
  others[4].count = 2;
  others[5].block = SharedBytes(Bytes("Block"));
  for (const EntryChunk& other : others) CHECK(chunk_checksum(other) != checksum);
  chunk.checksum = 99;
  CHECK(chunk_checksum(chunk) == checksum);
}
