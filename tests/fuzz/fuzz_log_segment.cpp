// Headers and records, without the checksums that keep chance away from what is behind them.
#include "common/wal/format.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace parley;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView bytes = fuzz::view(data, size);
  if (const auto header = wal::decode_header(bytes)) {
    const Bytes again = wal::encode_header(*header);
    ENSURE(wal::decode_header(again).has_value());
  }
  if (size < wal::record_head_bytes) return 0;
  const auto record_bytes = wal::record_bytes(bytes.substr(0, wal::record_head_bytes));
  if (record_bytes && wal::padded(*record_bytes) <= size) {
    const BytesView record = bytes.substr(0, wal::padded(*record_bytes));
    (void)wal::is_intact(record, {});
    (void)wal::decode_record(record);
  }
  return 0;
}
