// How far compaction has come, also with a checksum that is right, which chance would not find; and what is saved of
// sessions within it.
#include <cstring>

#include "common/archive/compaction_state.hpp"
#include "logger/compaction/command_reduction.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;

namespace {

void take(BytesView bytes) {
  fuzz::check_round_trip(bytes, archive::decode_compaction_state, archive::encode_compaction_state);
  const auto state = archive::decode_compaction_state(bytes);
  if (!state) return;
  const auto reduction = logger::make_command_reduction();
  if (reduction->restore(state->reduction)) (void)reduction->checkpoint();
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
