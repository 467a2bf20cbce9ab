#include "logger/tools/blame.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/chrono.h>

#include "common/archive/image_reader.hpp"
#include "common/base/utf8.hpp"
#include "common/config/value.hpp"
#include "logger/tools/archive_entries.hpp"
#include "logger/tools/entry_json.hpp"
#include "logger/tools/key_history.hpp"

namespace parley::logger::tools {
namespace {

/// A value with more bytes is shown by its length.
constexpr std::size_t longest_shown = 64;

std::string time_text(std::uint64_t wall_us) {
  const std::time_t seconds = static_cast<std::time_t>(wall_us / 1'000'000);
  return fmt::format("{:%FT%T}.{:06}Z", fmt::gmtime(seconds), wall_us % 1'000'000);
}

std::string value_text(const KeyWrite& write) {
  if (!write.value && write.value_bytes == 0) return {};
  if (!write.value) return fmt::format("{} bytes, left out", write.value_bytes);
  if (write.value->size() > longest_shown || !is_utf8(*write.value)) return fmt::format("{} bytes", write.value_bytes);
  return config::in_quotes(*write.value);
}

std::string line_of(const Entry& entry, const KeyWrite& write) {
  const std::string who =
      write.session.value == 0 ? "its time" : fmt::format("session {} seq {}", write.session.value, write.seq.value);
  return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\n", entry.index.value, time_text(entry.time.wall_us), who, write.operation,
                     write.outcome, value_text(write));
}

/// Of the end of a key, which is no command, it is said.
std::string json_of(const archive::ArchivedEntry& archived, const KeyWrite& write) {
  JsonObject json = entry_json(archived);
  if (write.session.value == 0) json.text("write", write.operation);
  return std::move(json.text("outcome", write.outcome)).done() + '\n';
}

/// What the state behind this entry was, if the archive has an image of it.
Status look_for_image(wal::FileSystem& files, const ArchiveEntries& entries, Index index, KeyHistory& history) {
  const auto is_there = std::ranges::find(entries.images(), index, &archive::ArchivedImage::index);
  if (is_there == entries.images().end()) return {};
  auto image = archive::ImageFileReader::open(files, entries.layout().image(index));
  if (!image) return std::unexpected(image.error());
  history.begin_image();
  while (true) {
    const auto rows = image->next();
    if (!rows) return std::unexpected(rows.error());
    if (!*rows) break;
    if (Status added = history.add_rows(**rows); !added) return added;
  }
  return history.end_image();
}

}  // namespace

Result<Answer> blame(wal::FileSystem& files, const config::ToolOptions& options, const Console& console) {
  auto entries = ArchiveEntries::open(files, options.folder);
  if (!entries) return std::unexpected(entries.error());
  KeyHistory history(options.key);
  Index last = entries->begin().index;
  if (last == Index{}) {
    history.begin_empty();
  } else {
    console.remark(fmt::format("entries up to {} were truncated", last.value));
  }
  std::uint64_t writes = 0;
  while (true) {
    const auto archived = entries->next();
    if (!archived) return std::unexpected(archived.error());
    if (!*archived) break;
    const Entry& entry = (*archived)->entry;
    if (last.next() != entry.index) {
      console.remark(fmt::format("{} to {} are missing", last.value + 1, entry.index.value - 1));
      history.forget();
    }
    if (!history.knows_state()) {
      const Status looked = look_for_image(files, *entries, entry.index.previous(), history);
      if (!looked) return std::unexpected(looked.error());
    }
    const auto found = history.take(**archived);
    if (!found) return std::unexpected(found.error());
    last = entry.index;
    console.show_progress(last, entries->about_last());
    for (const KeyWrite& write : *found) {
      ++writes;
      const std::string line = options.json ? json_of(**archived, write) : line_of(entry, write);
      if (Status printed = console.print(line); !printed) return std::unexpected(printed.error());
    }
  }
  if (writes > 0) return Answer::yes;
  console.remark(
      fmt::format("nothing in entries {} to {} writes this key", entries->begin().index.value + 1, last.value));
  return Answer::no;
}

}  // namespace parley::logger::tools
