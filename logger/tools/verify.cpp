#include "logger/tools/verify.hpp"

#include <fmt/format.h>

#include "common/archive/verifier.hpp"
#include "logger/tools/archive_entries.hpp"

namespace parley::logger::tools {
namespace {

std::string describe(const archive::Summary& summary) {
  std::string text;
  const auto line = [&text](std::string_view what, const std::string& value) {
    text += fmt::format("{:<16}{}\n", what, value);
  };
  line("cluster", summary.cluster.is_nil() ? "none yet" : summary.cluster.text());
  line("entries", std::to_string(summary.entries));
  if (summary.entries > 0) line("first", std::to_string(summary.first.value));
  line("last", std::to_string(summary.last.index.value));
  line("term", std::to_string(summary.last.term.value));
  line("digest", summary.last.digest.text());
  line("payload bytes", std::to_string(summary.payload_bytes));
  if (summary.reduced > 0) line("reduced", fmt::format("{} entries", summary.reduced));
  line("file bytes", std::to_string(summary.file_bytes));
  line("segments", fmt::format("{}, live from {} on", summary.segments, summary.live_from));
  line("images", std::to_string(summary.images.size()));
  for (const archive::ArchivedImage& image : summary.images)
    line("image",
         fmt::format("of the state at {}, {} bytes, digest {}", image.index.value, image.bytes, image.digest.text()));
  for (const archive::Gap& gap : summary.gaps)
    line("gap",
         fmt::format("{} to {} are missing; the image at {} leads on", gap.from.value, gap.to().value, gap.to().value));
  line("seek indexes", summary.missing_indexes == 0
                           ? "complete"
                           : fmt::format("{} missing, made again when they are needed", summary.missing_indexes));
  if (summary.unfinished_bytes > 0)
    line("torn end", fmt::format("{} bytes behind the last record: a batch on its way, or what a crash left of one",
                                 summary.unfinished_bytes));
  return text;
}

/// What verify can say of a live log that has no manifest yet.
Result<Answer> verify_live_log(ArchiveEntries entries, const Console& console) {
  archive::Summary summary;
  summary.live_from = 1;
  while (true) {
    const auto entry = entries.next();
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) break;
    ++summary.entries;
    summary.payload_bytes += (*entry)->entry.payload.size();
    console.show_progress((*entry)->entry.index, Index{});
  }
  const archive::SegmentCheck& segment = entries.last_segment();
  summary.cluster = entries.cluster();
  summary.first = Index{1};
  summary.last = entries.last();
  summary.segments = segment.segment().header.sequence;
  summary.file_bytes = segment.segment().header.begin + segment.segment().header.segment_bytes;
  summary.unfinished_bytes = segment.unfinished_bytes();
  console.remark("there is no manifest yet: this is a live log alone");
  if (Status printed = console.print(describe(summary) + "ok\n"); !printed) return std::unexpected(printed.error());
  return Answer::yes;
}

}  // namespace

Result<Answer> verify(wal::FileSystem& files, const std::filesystem::path& folder, const Console& console) {
  // First, since it knows what a folder that is no archive may be instead.
  auto entries = ArchiveEntries::open(files, folder);
  if (!entries) return std::unexpected(entries.error());
  if (entries->is_live_log_alone()) return verify_live_log(std::move(*entries), console);
  archive::Verifier verifier(files, folder);
  while (true) {
    const auto more = verifier.step();
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    console.show_progress(verifier.summary().last.index, entries->about_last());
  }
  const Status printed = console.print(describe(verifier.summary()) + "ok\n");
  if (!printed) return std::unexpected(printed.error());
  return Answer::yes;
}

}  // namespace parley::logger::tools
