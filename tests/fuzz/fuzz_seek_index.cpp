// A seek index, also with a checksum that is right, which chance would not find.
#include <cstring>

#include "common/archive/seek_index.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;

namespace {

void take(BytesView bytes) {
  fuzz::check_round_trip(bytes, archive::decode_seek_index, archive::encode_seek_index);
  const auto index = archive::decode_seek_index(bytes);
  if (!index) return;
  const auto mark = index->mark_before(Index{UINT64_MAX});
  ENSURE(mark.has_value() == !index->marks.empty());
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(fuzz::view(data, size));
  take(bytes);
  if (size < 16) return 0;
  const std::uint64_t sum = checksum64(BytesView(bytes).substr(16));
  std::memcpy(bytes.data() + 8, &sum, sizeof sum);
  take(bytes);
  return 0;
}
