#pragma once
#include <memory>
#include <optional>

#include "common/archive/layout.hpp"
#include "common/wal/file_system.hpp"
#include "common/wal/format.hpp"
#include "common/wal/segment.hpp"

namespace parley::archive {

/// A segment that is open, and what its header says. The header is intact, of that number, and of a file of that size.
struct SegmentFile {
  std::filesystem::path where;
  std::unique_ptr<wal::File> file;
  wal::SegmentHeader header;

  /// The place of the file's first byte.
  [[nodiscard]] wal::Place place() const { return {header.identity.server, header.sequence, header.begin}; }
  [[nodiscard]] std::uint64_t first_record() const { return wal::header_bytes(header.membership.payload.size()); }
};

/// `corrupt` if the header is damaged or of another segment or size; `first` is then the entry to be named.
[[nodiscard]] Result<SegmentFile> open_segment(wal::FileSystem& files, const std::filesystem::path& where,
                                               std::uint64_t sequence, std::optional<Index> first);

/// The same; nothing if there is no such file. No folder is listed unless the file cannot be opened.
[[nodiscard]] Result<std::optional<SegmentFile>> open_segment_if_there(wal::FileSystem& files,
                                                                       const std::filesystem::path& where,
                                                                       std::uint64_t sequence,
                                                                       std::optional<Index> first);

/// The same for a segment that is among the sealed ones or still in the live log; nothing if it is in neither. The live
/// log may belong to another process or thread, which may retire it just now.
[[nodiscard]] Result<std::optional<SegmentFile>> find_segment(wal::FileSystem& files, const Layout& layout,
                                                              std::uint64_t sequence, std::optional<Index> first);

}  // namespace parley::archive
