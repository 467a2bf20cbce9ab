#include "common/archive/image_reader.hpp"

#include <algorithm>

#include "common/archive/fault.hpp"

namespace parley::archive {
namespace {

constexpr std::size_t usual_head_bytes = 4096;

/// All of the bytes there, or fewer at the end of the file.
Result<Bytes> bytes_at(const wal::File& file, std::uint64_t offset, std::size_t size) {
  Bytes bytes(size, '\0');
  const auto count = file.read_at(offset, bytes);
  if (!count) return std::unexpected(count.error());
  bytes.resize(*count);
  return bytes;
}

}  // namespace

Result<ImageFileReader> ImageFileReader::open(wal::FileSystem& files, const std::filesystem::path& where) {
  auto file = files.open(where, wal::Access::read_only);
  if (!file) return std::unexpected(file.error());
  ImageFileReader reader;
  reader.where_ = where;
  reader.file_ = std::move(*file);
  if (Status read = reader.read_frame(); !read) return std::unexpected(read.error());
  return reader;
}

Status ImageFileReader::read_frame() {
  const auto size = file_->size();
  if (!size) return std::unexpected(size.error());
  file_bytes_ = *size;
  // Most heads are short: the rest of the longest is read only if it is needed.
  auto first = bytes_at(*file_, 0, usual_head_bytes);
  if (!first) return std::unexpected(first.error());
  auto decoded = decode_image_head(*first);
  if (!decoded) {
    first = bytes_at(*file_, 0, max_image_head_bytes);
    if (!first) return std::unexpected(first.error());
    decoded = decode_image_head(*first);
  }
  if (!decoded) return damaged(where_, 0, std::nullopt, "the image's head is damaged");
  head_ = std::move(decoded->head);
  head_bytes_ = offset_ = decoded->bytes;
  head_checksum_ = decoded->checksum;
  digest_.emplace(BytesView(*first).substr(0, decoded->bytes));
  if (file_bytes_ < head_bytes_ + image_end_bytes) return fault(file_bytes_, "the file is cut short");
  const std::uint64_t end_offset = file_bytes_ - image_end_bytes;
  const auto last = bytes_at(*file_, end_offset, image_end_bytes);
  if (!last) return std::unexpected(last.error());
  const auto end = decode_image_end(*last);
  if (!end || !is_intact(*last, {head_checksum_, end_offset})) return fault(end_offset, "the image's end is damaged");
  end_ = *end;
  return {};
}

Result<ImagePart> ImageFileReader::part_at(std::uint64_t offset) const {
  const auto head = bytes_at(*file_, offset, image_part_head_bytes);
  if (!head) return std::unexpected(head.error());
  const auto part = decode_image_part(*head);
  const std::uint64_t end_offset = file_bytes_ - image_end_bytes;
  if (!part || part->kind != ImagePartKind::chunk || offset + image_part_head_bytes + part->bytes > end_offset)
    return fault(offset, "no chunk of the image stands there");
  return *part;
}

Result<std::optional<Bytes>> ImageFileReader::next() {
  if (sequence_ == end_.chunks) {
    if (offset_ != file_bytes_ - image_end_bytes) return fault(offset_, "something stands behind the last chunk");
    if (digest_ && digest_->value() != end_.digest) return fault(offset_, "the chunks do not have the image's digest");
    return std::nullopt;
  }
  const auto part = part_at(offset_);
  if (!part) return std::unexpected(part.error());
  auto bytes = bytes_at(*file_, offset_, image_part_head_bytes + part->bytes);
  if (!bytes) return std::unexpected(bytes.error());
  if (!is_intact(*bytes, {head_checksum_, offset_}) || part->sequence != sequence_)
    return fault(offset_, "chunk " + std::to_string(sequence_) + " is damaged");
  offset_ += bytes->size();
  ++sequence_;
  bytes->erase(0, image_part_head_bytes);
  if (digest_) digest_->add(*bytes);
  return std::optional<Bytes>(std::move(*bytes));
}

Status ImageFileReader::go_to(std::uint64_t sequence) {
  ENSURE_LE(sequence, end_.chunks);
  if (sequence == sequence_) return {};
  if (sequence < sequence_) {
    offset_ = head_bytes_;
    sequence_ = 0;
  }
  digest_.reset();
  while (sequence_ < sequence) {
    const auto part = part_at(offset_);
    if (!part) return std::unexpected(part.error());
    if (part->sequence != sequence_) return fault(offset_, "another chunk stands there");
    offset_ += image_part_head_bytes + part->bytes;
    ++sequence_;
  }
  return {};
}

std::unexpected<Error> ImageFileReader::fault(std::uint64_t offset, const std::string& why) const {
  return damaged(where_, offset, std::nullopt,
                 "image of the state at " + std::to_string(head_.image.index.value) + ": " + why);
}

}  // namespace parley::archive
