#include "common/wal/repair.hpp"

#include <algorithm>
#include <ranges>

#include "common/wal/record_reader.hpp"

namespace parley::wal {
namespace {

using std::filesystem::path;

constexpr std::string_view partial_copy = "partial-torn-copy";

std::string number_text(std::uint64_t number) {
  const std::string text = std::to_string(number);
  return std::string(12 - std::min<std::size_t>(12, text.size()), '0') + text;
}

/// Copies [from, to) of one file into a new one that is durable under `name` on return.
Status copy_range(FileSystem& files, const path& folder, const File& source, std::uint64_t from, std::uint64_t to,
                  const std::string& name) {
  auto target = files.create(folder / partial_copy);
  if (!target) return std::unexpected(target.error());
  FileWindow window(source, to, limits::log_read_bytes);
  for (std::uint64_t at = from; at < to;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(limits::log_read_bytes, to - at));
    const auto bytes = window.at(at, size);
    if (!bytes) return std::unexpected(bytes.error());
    if (Status written = (*target)->write_at(at - from, *bytes); !written) return written;
    at += size;
  }
  if (Status synced = (*target)->sync(); !synced) return synced;
  if (Status renamed = files.rename(folder / partial_copy, folder / name); !renamed) return renamed;
  return files.sync_directory(folder);
}

/// Keeps the tail for a person to look at; nothing if the disk is too full for it.
Result<std::optional<path>> keep_copy(FileSystem& files, const path& folder, const Folder& found, const File& source,
                                      const Tail& tail) {
  std::vector<std::string> copies = found.torn_copies;
  const std::size_t surplus = copies.size() + 1 - std::min(copies.size() + 1, limits::torn_copies);
  if (Status removed =
          remove_in_order(files, folder, {copies.begin(), copies.begin() + static_cast<std::ptrdiff_t>(surplus)});
      !removed) {
    return std::unexpected(removed.error());
  }
  // A crash while the tail was cut leaves a first copy that is better than this one: never overwrite.
  const std::string stem = "torn-" + number_text(tail.sequence) + "-" + number_text(tail.offset);
  std::string name = stem;
  for (int again = 2; std::ranges::find(copies, name) != copies.end(); ++again)
    name = stem + "-" + std::to_string(again);
  const std::uint64_t end = tail.offset + std::min<std::uint64_t>(tail.bytes, limits::torn_copy_bytes);
  const Status copied = copy_range(files, folder, source, tail.offset, end, name);
  if (copied) return folder / name;
  if (copied.error().code != ErrorCode::disk_full) return std::unexpected(copied.error());
  if (Status removed = files.remove(folder / partial_copy); !removed) return std::optional<path>{};
  return std::optional<path>{};
}

Status write_zeros(File& file, std::uint64_t from, std::uint64_t to) {
  const Bytes zeros(std::min<std::uint64_t>(limits::log_read_bytes, to - from), '\0');
  while (from < to) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), to - from));
    if (Status written = file.write_at(from, BytesView(zeros).substr(0, size)); !written) return written;
    from += size;
  }
  return file.sync();
}

Result<std::optional<path>> cut(FileSystem& files, const path& folder, const Folder& found, const Tail& tail) {
  auto file = files.open(folder / segment_name(tail.sequence), Access::read_write);
  if (!file) return std::unexpected(file.error());
  std::optional<path> copy;
  if (tail.bytes > 0) {
    auto kept = keep_copy(files, folder, found, **file, tail);
    if (!kept) return std::unexpected(kept.error());
    copy = std::move(*kept);
  }
  if (!tail.segments_behind.empty()) {
    // From the newest on, so that no crash leaves a gap that would look like a lost segment.
    std::vector<std::string> names;
    for (const auto& [sequence, name] : std::views::reverse(found.unused)) names.push_back(name);
    for (const std::uint64_t sequence : std::views::reverse(tail.segments_behind))
      names.push_back(segment_name(sequence));
    if (Status removed = remove_in_order(files, folder, names); !removed) return std::unexpected(removed.error());
  }
  if (tail.bytes > 0) {
    if (Status cleared = write_zeros(**file, tail.offset, tail.offset + tail.bytes); !cleared) {
      return std::unexpected(cleared.error());
    }
  }
  return copy;
}

Status write_again(FileSystem& files, const path& folder, const Segment& segment, std::uint64_t from) {
  auto file = files.open(folder / segment_name(segment.sequence), Access::read_write);
  if (!file) return std::unexpected(file.error());
  FileWindow window(**file, segment.end_offset(), limits::log_read_bytes);
  while (from < segment.end_offset()) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(limits::log_read_bytes, segment.end_offset() - from));
    const auto bytes = window.at(from, size);
    if (!bytes) return std::unexpected(bytes.error());
    if (Status written = (*file)->write_at(from, *bytes); !written) return written;
    from += size;
  }
  return (*file)->sync();
}

}  // namespace

std::optional<TornTail> describe_tail(const path& folder, const Scan& scan) {
  if (!scan.torn) return std::nullopt;
  return TornTail{folder / segment_name(scan.torn->sequence), scan.torn->offset, scan.torn->bytes, {}};
}

Result<std::optional<TornTail>> repair(FileSystem& files, const path& folder, const Folder& found, const Scan& scan,
                                       const Options& options) {
  std::vector<std::string> void_names;
  for (const std::uint64_t sequence : scan.void_segments) void_names.push_back(segment_name(sequence));
  if (Status gone = retire_in_order(files, folder, options.retire_into, void_names); !gone)
    return std::unexpected(gone.error());
  std::optional<TornTail> torn = describe_tail(folder, scan);
  if (scan.torn) {
    auto copy = cut(files, folder, found, *scan.torn);
    if (!copy) return std::unexpected(copy.error());
    torn->copy = std::move(*copy);
  }
  if (!options.sync) return torn;
  for (const Segment& segment : scan.segments) {
    const std::uint64_t from = std::max(segment.begin + segment.first_record, scan.state.declared_synced);
    if (segment.end <= from) continue;
    if (Status written = write_again(files, folder, segment, from - segment.begin); !written) {
      return std::unexpected(written.error());
    }
  }
  return torn;
}

}  // namespace parley::wal
