#include "common/app/recorded_table.hpp"

#include "common/base/byte_codec.hpp"

namespace parley::app {
namespace {

constexpr std::uint8_t end_tag = 0;
constexpr std::uint8_t put_tag = 1;
constexpr std::uint8_t erase_tag = 2;

}  // namespace

Digest state_start() { return blake2b(Digest{}.view()); }

void RecordedTable::begin(const Digest& previous, Index index) {
  record_.clear();
  ByteWriter(record_).raw(previous.view()).number(index.value);
  omitted_value_.reset();
}

void RecordedTable::begin_reduced(const Digest& previous, Index index, const Digest& value) {
  begin(previous, index);
  omitted_value_ = value;
}

void RecordedTable::begin_part(const std::optional<Digest>& omitted_value) {
  record_.clear();
  omitted_value_ = omitted_value;
}

void RecordedTable::put(BytesView key, BytesView value) {
  ByteWriter(record_).number(put_tag).sized(key);
  if (omitted_value_ && key.starts_with(static_cast<char>(RowSpace::key_value))) {
    ByteWriter(record_).number(static_cast<std::uint32_t>(value.size())).raw(omitted_value_->view());
  } else {
    record_sized(value);
  }
  table_->put(key, value);
}

void RecordedTable::erase(BytesView key) {
  ByteWriter(record_).number(erase_tag).sized(key);
  table_->erase(key);
}

Digest RecordedTable::finish(BytesView reply) {
  ByteWriter(record_).number(end_tag);
  record_sized(reply);
  return blake2b(record_);
}

void RecordedTable::record_sized(BytesView bytes) {
  if (bytes.size() <= inline_bytes) {
    ByteWriter(record_).sized(bytes);
  } else {
    ByteWriter(record_).number(static_cast<std::uint32_t>(bytes.size())).raw(blake2b(bytes).view());
  }
}

}  // namespace parley::app
