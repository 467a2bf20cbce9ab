#include "common/wal/record_reader.hpp"

#include <algorithm>

namespace parley::wal {
namespace {

bool is_zero(BytesView bytes) {
  return std::ranges::all_of(bytes, [](char c) { return c == 0; });
}

Place at_offset(const Place& segment, std::uint64_t offset) {
  return {segment.server, segment.sequence, segment.position + offset};
}

}  // namespace

Result<BytesView> FileWindow::at(std::uint64_t offset, std::size_t size) {
  ENSURE_LE(offset, end_);
  ENSURE_LE(size, end_ - offset);
  if (!bytes_ || offset < begin_ || offset + size > begin_ + bytes_->size()) {
    // A window that somebody still holds is left to them.
    if (!bytes_ || bytes_.use_count() > 1) bytes_ = std::make_shared<Bytes>();
    bytes_->resize(std::max(size, static_cast<std::size_t>(std::min<std::uint64_t>(window_bytes_, end_ - offset))));
    begin_ = offset;
    const auto count = file_->read_at(offset, *bytes_);
    if (!count) {
      bytes_.reset();
      return std::unexpected(count.error());
    }
    if (*count != bytes_->size()) {
      bytes_.reset();
      return fail(ErrorCode::io, "a log file became shorter while it was read");
    }
  }
  return BytesView(*bytes_).substr(offset - begin_, size);
}

Result<std::optional<std::uint64_t>> last_written(const File& file, std::uint64_t from, std::uint64_t to) {
  std::optional<std::uint64_t> last;
  FileWindow window(file, to, limits::log_read_bytes);
  while (from < to) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(limits::log_read_bytes, to - from));
    const auto piece = window.at(from, size);
    if (!piece) return std::unexpected(piece.error());
    const std::size_t found = piece->find_last_not_of('\0');
    if (found != BytesView::npos) last = from + found;
    from += size;
  }
  return last;
}

Result<Finding> RecordReader::read() {
  offset_ = next_;
  if (window_.end() - offset_ < small_record_bytes) return Finding::end;
  const auto head = window_.at(offset_, record_head_bytes);
  if (!head) return std::unexpected(head.error());
  if (is_zero(*head)) return Finding::end;
  const auto size = record_bytes(*head);
  if (!size || *size > window_.end() - offset_) return Finding::bad;
  const auto bytes = window_.at(offset_, *size);
  if (!bytes) return std::unexpected(bytes.error());
  if (!is_intact(*bytes, at_offset(segment_, offset_))) return Finding::bad;
  const auto record = decode_record(*bytes);
  if (!record) return Finding::unknown;
  record_ = *record;
  next_ = offset_ + *size;
  return Finding::record;
}

Result<std::uint64_t> highest_declared(const File& file, const Place& segment, std::uint64_t from, std::uint64_t to) {
  std::uint64_t highest = 0;
  FileWindow window(file, to, limits::log_read_bytes);
  for (std::uint64_t offset = from; offset + small_record_bytes <= to; offset += record_alignment) {
    const auto bytes = window.at(offset, small_record_bytes);
    if (!bytes) return std::unexpected(bytes.error());
    if (record_bytes(*bytes) != small_record_bytes || !is_intact(*bytes, at_offset(segment, offset))) continue;
    const auto record = decode_record(*bytes);
    if (!record) continue;
    if (const auto* batch = std::get_if<BatchRecord>(&*record)) highest = std::max(highest, batch->synced);
    if (const auto* seal = std::get_if<SealRecord>(&*record)) highest = std::max(highest, seal->synced);
  }
  return highest;
}

}  // namespace parley::wal
