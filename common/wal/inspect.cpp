#include "common/wal/inspect.hpp"

namespace parley::wal {

Result<Report> inspect(FileSystem& files, const std::filesystem::path& folder) {
  auto opened = Log::open(files, folder, Options{}, OpenMode::inspect);
  if (!opened) return std::unexpected(opened.error());
  Report report;
  report.declared_synced = opened->log.synced();
  for (const Segment& segment : opened->log.segments()) {
    report.segments.push_back({folder / segment_name(segment.sequence), segment.begin, segment.bytes,
                               segment.end_offset(), segment.before.index});
  }
  report.recovered = std::move(opened->recovered);
  return report;
}

}  // namespace parley::wal
