#include "common/archive/segment_file.hpp"

#include "common/archive/fault.hpp"
#include "common/archive/whole_file.hpp"
#include "common/base/archive_limits.hpp"
#include "common/wal/folder.hpp"

namespace parley::archive {

namespace {

/// Most headers have a page: the rest of the longest is read only if it is needed.
Result<std::optional<wal::SegmentHeader>> read_header(const wal::File& file) {
  for (const std::size_t size : {wal::header_alignment, wal::max_header_bytes}) {
    Bytes head(size, '\0');
    const auto count = file.read_at(0, head);
    if (!count) return std::unexpected(count.error());
    if (auto header = wal::decode_header(BytesView(head).substr(0, *count))) return header;
    if (*count < size) break;
  }
  return std::nullopt;
}

}  // namespace

Result<SegmentFile> open_segment(wal::FileSystem& files, const std::filesystem::path& where, std::uint64_t sequence,
                                 std::optional<Index> first) {
  auto file = files.open(where, wal::Access::read_only);
  if (!file) return std::unexpected(file.error());
  const auto size = (*file)->size();
  if (!size) return std::unexpected(size.error());
  auto header = read_header(**file);
  if (!header) return std::unexpected(header.error());
  if (!*header) return damaged(where, 0, first, "the segment's header is damaged");
  if ((*header)->sequence != sequence) return damaged(where, 0, first, "the file belongs to another segment");
  if ((*header)->segment_bytes != *size) {
    return damaged(where, *size, first,
                   "the file is not of its size of " + std::to_string((*header)->segment_bytes) + " bytes");
  }
  return SegmentFile{where, std::move(*file), std::move(**header)};
}

Result<std::optional<SegmentFile>> open_segment_if_there(wal::FileSystem& files, const std::filesystem::path& where,
                                                         std::uint64_t sequence, std::optional<Index> first) {
  for (int attempt = 1;; ++attempt) {
    auto opened = open_segment(files, where, sequence, first);
    if (opened) return std::optional<SegmentFile>(std::move(*opened));
    if (opened.error().code != ErrorCode::io) return std::unexpected(opened.error());
    const auto there = is_there(files, where);
    if (!there) return std::unexpected(there.error());
    if (!*there) return std::nullopt;
    // It may have come since.
    if (attempt == limits::archive_attempts) return std::unexpected(opened.error());
  }
}

Result<std::optional<SegmentFile>> find_segment(wal::FileSystem& files, const Layout& layout, std::uint64_t sequence,
                                                std::optional<Index> first) {
  // A segment goes from the live log to the sealed ones and never back: who looks in this order meets it.
  auto live = open_segment_if_there(files, layout.live() / wal::segment_name(sequence), sequence, first);
  if (!live || *live) return live;
  return open_segment_if_there(files, layout.segment(sequence), sequence, first);
}

}  // namespace parley::archive
