#include "common/app/query.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::check_round_trip(fuzz::view(data, size), app::decode_query, app::encode_query);
  return 0;
}
