#include "common/store/image.hpp"

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"
#include "common/transfer/rows.hpp"

namespace parley::store {

SnapshotSource::SnapshotSource(std::unique_ptr<Snapshot> snapshot)
    : snapshot_(std::move(snapshot)), row_(snapshot_->seek({})) {}

std::optional<Bytes> SnapshotSource::next() {
  if (!row_->valid()) return std::nullopt;
  Bytes rows;
  while (row_->valid()) {
    const std::size_t bytes = transfer::row_bytes(row_->key(), row_->value());
    if (!rows.empty() && rows.size() + bytes > limits::image_chunk_bytes) break;
    transfer::append_row(rows, row_->key(), row_->value());
    row_->next();
  }
  return rows;
}

Status BackendSink::begin() {
  discard();
  auto image = backend_.begin_image();
  if (!image) return std::unexpected(std::move(image.error()));
  image_ = *image;
  rows_ = std::make_unique<Overlay>();
  return {};
}

Status BackendSink::add(BytesView rows) {
  ENSURE(image_ != nullptr);
  const bool are_rows = transfer::visit_rows(rows, [this](BytesView key, BytesView value) { rows_->put(key, value); });
  if (!are_rows) return fail(ErrorCode::protocol, "a chunk of an image does not hold rows");
  return rows_->bytes() >= limits::overlay_bytes ? commit() : Status{};
}

Status BackendSink::commit() {
  if (Status committed = image_->commit(*rows_); !committed) return committed;
  rows_ = std::make_unique<Overlay>();
  return {};
}

Status BackendSink::complete(const transfer::ImageHead& head) {
  ENSURE(image_ != nullptr);
  if (Status committed = commit(); !committed) return committed;
  {
    const auto rows = image_->snapshot();
    if (!rows) return std::unexpected(rows.error());
    if (Status agrees = check_(**rows, head); !agrees) return agrees;
  }
  image_ = nullptr;
  rows_.reset();
  return backend_.complete_image();
}

void BackendSink::discard() {
  image_ = nullptr;
  rows_.reset();
  backend_.discard_image();
}

}  // namespace parley::store
