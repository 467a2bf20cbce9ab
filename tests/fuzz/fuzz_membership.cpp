#include "common/raft/membership.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::check_round_trip(fuzz::view(data, size), raft::decode_membership, raft::encode_membership);
  return 0;
}
