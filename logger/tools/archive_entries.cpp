#include "logger/tools/archive_entries.hpp"
#include "common/base/archive_limits.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "common/archive/archive.hpp"
#include "common/wal/folder.hpp"

namespace parley::logger::tools {
namespace {

Result<bool> has_segments(wal::FileSystem& files, const std::filesystem::path& folder) {
  const auto found = wal::look_into(files, folder);
  if (!found) return std::unexpected(found.error());
  return !found->segments.empty();
}

/// A folder that is no archive: what it may be instead.
Result<std::string> what_it_may_be(wal::FileSystem& files, const std::filesystem::path& folder) {
  const auto is_log = has_segments(files, folder);
  if (!is_log) return std::unexpected(is_log.error());
  if (*is_log && folder.filename() == "live") return "; it is the live log of one: name the folder above it";
  if (*is_log) return std::string("; it is a log");
  const auto is_node = has_segments(files, folder / "log");
  if (!is_node) return std::unexpected(is_node.error());
  if (*is_node) return std::string("; it is a node's data folder: parley-node verify reads it");
  const auto names = files.list(folder);
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    const auto manifest = files.open(archive::Layout{folder / name}.manifest(), wal::Access::read_only);
    if (manifest) return "; there is one in " + (folder / name).string();
  }
  return std::string();
}

struct Found {
  archive::Manifest manifest;
  bool is_live_log_alone = false;
};

Result<Found> look_at(wal::FileSystem& files, const archive::Layout& layout) {
  const auto archive = archive::Archive::open(files, layout.root, wal::OpenMode::inspect);
  if (archive) return Found{archive->manifest()};
  if (archive.error().code != ErrorCode::usage) return std::unexpected(archive.error());
  // Nothing was sealed yet, so that the live log begins with the first entry.
  const auto is_live = has_segments(files, layout.live());
  if (!is_live) return std::unexpected(is_live.error());
  if (*is_live) return Found{{}, true};
  const auto hint = what_it_may_be(files, layout.root);
  if (!hint) return std::unexpected(hint.error());
  return fail(ErrorCode::usage, archive.error().what + *hint);
}

}  // namespace

Result<ArchiveEntries> ArchiveEntries::open(wal::FileSystem& files, const std::filesystem::path& folder, Index from) {
  const archive::Layout layout{folder};
  auto found = look_at(files, layout);
  if (!found) return std::unexpected(found.error());
  return ArchiveEntries(files, layout, archive::Walk(files, layout, std::move(found->manifest), from),
                        found->is_live_log_alone, from);
}

Result<std::optional<archive::ArchivedEntry>> ArchiveEntries::next() {
  while (!is_over_) {
    const auto step = walk_.advance();
    if (!step) {
      if (Status again = begin_again(step.error()); !again) return std::unexpected(again.error());
      continue;
    }
    if (*step == archive::Walk::Step::end) {
      is_over_ = true;
      break;
    }
    seen_cluster_ = walk_.segment().state().identity.cluster;
    if (*step != archive::Walk::Step::entry) continue;
    auto entry = walk_.entry();
    next_ = entry.entry.index.next();
    attempts_ = 1;
    return entry;
  }
  return std::nullopt;
}

/// What is wrong is wrong if the manifest still says the same: else somebody has rewritten or truncated what was read.
Status ArchiveEntries::begin_again(const Error& fault) {
  if (attempts_++ == limits::archive_attempts) return std::unexpected(fault);
  auto found = look_at(*files_, layout_);
  if (!found) return std::unexpected(found.error());
  if (found->manifest == walk_.manifest()) return std::unexpected(fault);
  const Index begin = found->manifest.begin.index;
  if (begin >= next_ && next_ > walk_.manifest().begin.index.next()) {
    return fail(ErrorCode::refused,
                fmt::format("{} was truncated up to entry {} while entry {} was to be read: begin again",
                            layout_.root.string(), begin.value, next_.value));
  }
  is_live_log_alone_ = found->is_live_log_alone;
  walk_ = archive::Walk(*files_, layout_, std::move(found->manifest), next_);
  return {};
}

std::optional<archive::Gap> ArchiveEntries::gap_before(Index index) const {
  const auto gap = std::ranges::find(gaps(), index.previous(), &archive::Gap::to);
  return gap == gaps().end() ? std::nullopt : std::optional(*gap);
}

ClusterId ArchiveEntries::cluster() const {
  return walk_.manifest().cluster.is_nil() ? seen_cluster_ : walk_.manifest().cluster;
}

}  // namespace parley::logger::tools
