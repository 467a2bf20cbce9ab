#include "logger/tools/dump.hpp"

#include <fmt/format.h>

#include "logger/tools/archive_entries.hpp"
#include "logger/tools/entry_json.hpp"

namespace parley::logger::tools {
namespace {

/// Says what is missing between the entries `from` and `to`, both of which may be.
void remark_missing(const ArchiveEntries& entries, Index from, Index to, const Console& console) {
  const Index begin = entries.begin().index;
  if (from <= begin && from <= to)
    console.remark(fmt::format("{} to {} were truncated", from.value, std::min(begin, to).value));
  for (const archive::Gap& gap : entries.gaps()) {
    if (gap.from > to || gap.to() < from) continue;
    console.remark(fmt::format("{} to {} are missing: the logger took the state at {} instead", gap.from.value,
                               gap.to().value, gap.to().value));
  }
}

}  // namespace

Result<Answer> dump(wal::FileSystem& files, const config::ToolOptions& options, const Console& console) {
  auto entries = ArchiveEntries::open(files, options.folder, options.from);
  if (!entries) return std::unexpected(entries.error());
  Index next = options.from;
  bool is_any = false;
  while (next <= options.to) {
    const auto entry = entries->next();
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) break;
    const Index index = (*entry)->entry.index;
    if (next < index) remark_missing(*entries, next, std::min(index.previous(), options.to), console);
    if (index > options.to) break;
    const Status printed = console.print(entry_json(**entry).done() + '\n');
    if (!printed) return std::unexpected(printed.error());
    console.show_progress(index, std::min(entries->about_last(), options.to));
    is_any = true;
    next = index.next();
    if (index == options.to) break;
  }
  if (is_any || (options.from == Index{1} && options.to == config::ToolOptions{}.to)) return Answer::yes;
  const Index last = entries->last().index;
  remark_missing(*entries, options.from, std::min(options.to, last), console);
  console.remark(fmt::format("none of these entries is there; the last one is {}", last.value));
  return Answer::no;
}

}  // namespace parley::logger::tools
