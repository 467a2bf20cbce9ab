#include "common/archive/image_writer.hpp"

#include "common/archive/image_reader.hpp"
#include "common/archive/layout.hpp"
#include "common/archive/whole_file.hpp"
#include "common/base/archive_limits.hpp"
#include "common/base/ensure.hpp"
#include "common/transfer/rows.hpp"

namespace parley::archive {

std::filesystem::path ImageFileWriter::temporary() const { return where_.string() + std::string(temporary_suffix); }

Status ImageFileWriter::begin() {
  discard();
  head_ = expected_;
  where_ = folder_ / image_name(head_.image.index);
  auto file = files_->create(temporary());
  if (!file) return std::unexpected(file.error());
  file_ = std::move(*file);
  const Bytes head = encode_image_head(head_);
  head_checksum_ = decode_image_head(head).value().checksum;
  end_ = {};
  end_.digest = ImageDigest(head).value();
  return failed(write(head));
}

Status ImageFileWriter::add(BytesView rows) {
  ENSURE(file_ != nullptr);
  std::uint64_t count = 0;
  const bool are_rows = transfer::visit_rows(rows, [&](BytesView, BytesView) { ++count; });
  if (!are_rows || rows.size() > limits::image_chunk_most_bytes)
    return failed(fail(ErrorCode::protocol, "a chunk of an image does not hold rows, or too many"));
  Bytes part;
  append_image_chunk(part, {head_checksum_, offset_}, end_.chunks, rows);
  if (Status written = write(part); !written) return failed(written);
  ++end_.chunks;
  end_.rows += count;
  end_.row_bytes += rows.size();
  ImageDigest digest(end_.digest);
  digest.add(rows);
  end_.digest = digest.value();
  return {};
}

Status ImageFileWriter::write(BytesView bytes) {
  if (Status written = file_->write_at(offset_, bytes); !written) return written;
  offset_ += bytes.size();
  if (offset_ - synced_ < limits::image_sync_bytes) return {};
  synced_ = offset_;
  return file_->sync();
}

Status ImageFileWriter::complete(const transfer::ImageHead& head) {
  ENSURE(file_ != nullptr);
  if (head != head_.image)
    return failed(fail(ErrorCode::protocol, "the image is not of the entry that it was said to be of"));
  const auto there = is_there_already();
  if (!there) return failed(std::unexpected(there.error()));
  if (*there) {
    discard();
    return files_->sync_directory(folder_);
  }
  Bytes part;
  append_image_end(part, {head_checksum_, offset_}, end_);
  Status done = write(part);
  if (done) done = file_->sync();
  if (done) done = files_->rename(temporary(), where_);
  if (!done) return failed(done);
  file_.reset();
  offset_ = synced_ = 0;
  return files_->sync_directory(folder_);
}

/// One whose head or end is damaged does not count.
Result<bool> ImageFileWriter::is_there_already() {
  const auto there = is_there(*files_, where_);
  if (!there || !*there) return there;
  const auto image = ImageFileReader::open(*files_, where_);
  if (!image && image.error().code != ErrorCode::corrupt) return std::unexpected(image.error());
  return image && image->head() == head_;
}

Status ImageFileWriter::failed(Status status) {
  if (!status) discard();
  return status;
}

void ImageFileWriter::discard() {
  if (!file_) return;
  file_.reset();
  offset_ = synced_ = 0;
  // What cannot be removed is emptied by the next image of this index, or removed by the next opening.
  static_cast<void>(files_->remove(temporary()));
}

}  // namespace parley::archive
