#include "common/wire/peer_codec.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::check_round_trip(
      fuzz::view(data, size), [](BytesView bytes) { return wire::decode_peer_frame(SharedBytes(Bytes(bytes))); },
      [](const wire::PeerFrame& frame) { return wire::encode(frame); });
  return 0;
}
