#include "common/transfer/entry_receiver.hpp"
#include "common/transfer/range_block.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;

/// The first byte says how many entries there are to be.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const BytesView bytes = fuzz::view(data, size);
  transfer::EntryChunk chunk;
  chunk.first = Index{7};
  chunk.count = data[0];
  chunk.block = SharedBytes(Bytes(bytes.substr(1)));
  const auto entries = transfer::read_range_block(chunk.block, chunk.count, chunk.first);
  if (entries) {
    Bytes again;
    for (const transfer::RangeEntry& item : *entries) transfer::append_range_entry(again, item);
    ENSURE(again == chunk.block.view());
  }
  // Of a source that lies well: nothing but the layout and the chain is wrong.
  chunk.checksum = transfer::chunk_checksum(chunk);
  transfer::EntryReceiver receiver(chunk.first, Index{0}, std::nullopt);
  const auto taken = receiver.take(chunk);
  ENSURE(taken || !taken.error().what.empty());
  ENSURE(taken || receiver.next() == chunk.first);
  return 0;
}
