#include "common/wire/range_codec.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::check_round_trip(
      fuzz::view(data, size), [](BytesView bytes) { return wire::decode_range_request(SharedBytes(Bytes(bytes))); },
      [](const auto& frame) { return wire::encode(frame); });
  return 0;
}
