// The rows that an image brings: the meta row and the settings in it.
#include "common/app/meta.hpp"
#include "common/app/settings.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = fuzz::view(data, size);
  fuzz::check_round_trip(bytes, app::decode_meta, [](const app::Meta& meta) {
    Bytes encoded;
    app::encode_meta(meta, encoded);
    return encoded;
  });
  fuzz::check_round_trip(bytes, app::decode_settings, app::encode_settings);
  return 0;
}
