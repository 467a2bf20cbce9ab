#include "common/transfer/rows.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = fuzz::view(data, size);
  Bytes again;
  const bool are_rows =
      transfer::visit_rows(bytes, [&](BytesView key, BytesView value) { transfer::append_row(again, key, value); });
  ENSURE(!are_rows || again == bytes);
  return 0;
}
