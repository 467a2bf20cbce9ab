#include "common/transfer/rows_stream.hpp"

#include <string>
#include <utility>

#include "common/base/ensure.hpp"
#include "common/transfer/rows.hpp"

namespace parley::transfer {

std::optional<ImageChunk> RowsSender::take(SharedBytes rows, bool is_last) {
  ENSURE(!is_done_);
  checksum_ = chain_checksum(checksum_, rows.view());
  is_done_ = is_last;
  const std::uint64_t sequence = next_++;
  if (sequence < first_) return std::nullopt;
  credit_.spend(rows.size());
  return ImageChunk{id_, sequence, is_last, checksum_, std::move(rows)};
}

bool RowsReceiver::begin(const ImageHead& head) {
  if (next_ > 0 && head_ != head) return false;
  head_ = head;
  return true;
}

void RowsReceiver::restart() { *this = RowsReceiver(); }

Status RowsReceiver::take(const ImageChunk& chunk) {
  const auto corrupt = [&](const std::string& what) -> Status {
    const std::string of = head_ ? " of the image as of entry " + std::to_string(head_->index.value) : "";
    return fail(ErrorCode::corrupt, "chunk " + std::to_string(chunk.sequence) + of + what);
  };
  if (!head_ || is_complete_) return corrupt(" came, and none was expected");
  if (chunk.sequence != next_) return corrupt(" came instead of chunk " + std::to_string(next_));
  const std::uint64_t checksum = chain_checksum(checksum_, chunk.rows.view());
  if (checksum != chunk.checksum) return corrupt(" has a wrong checksum, or belongs to another image");
  checksum_ = checksum;
  ++next_;
  is_complete_ = chunk.is_last;
  return {};
}

}  // namespace parley::transfer
