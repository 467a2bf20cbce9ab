#include "common/wal/folder.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace parley::wal {
namespace {

constexpr std::string_view segment_suffix = ".segment";
constexpr std::string_view spare_suffix = ".spare";
constexpr std::string_view temporary_suffix = ".tmp";
constexpr std::string_view torn_prefix = "torn-";
constexpr std::size_t digits = 12;

std::string name(std::uint64_t sequence, std::string_view suffix) {
  const std::string number = std::to_string(sequence);
  return std::string(digits - std::min(digits, number.size()), '0') + number + std::string(suffix);
}

std::optional<std::uint64_t> sequence_of(std::string_view file, std::string_view suffix) {
  if (!file.ends_with(suffix)) return std::nullopt;
  file.remove_suffix(suffix.size());
  std::uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), sequence);
  // Only the name that we would give: `01.segment` and `1.segment` must not both be segment 1.
  if (error != std::errc{} || name(sequence, suffix) != std::string(file) + std::string(suffix)) return std::nullopt;
  return sequence;
}

}  // namespace

std::string segment_name(std::uint64_t sequence) { return name(sequence, segment_suffix); }
std::string spare_name(std::uint64_t sequence) { return name(sequence, spare_suffix); }
std::string temporary_name(std::uint64_t sequence) { return name(sequence, temporary_suffix); }

Result<Folder> look_into(FileSystem& files, const std::filesystem::path& folder) {
  const auto names = files.list(folder);
  if (!names) return std::unexpected(names.error());
  Folder found;
  for (const std::string& file : *names) {
    if (const auto segment = sequence_of(file, segment_suffix)) {
      found.segments.push_back(*segment);
    } else if (const auto spare = sequence_of(file, spare_suffix)) {
      found.unused[*spare] = file;
    } else if (const auto temporary = sequence_of(file, temporary_suffix)) {
      found.unused.try_emplace(*temporary, file);
    } else if (file.starts_with(torn_prefix)) {
      found.torn_copies.push_back(file);
    }
  }
  std::ranges::sort(found.segments);
  return found;
}

Status remove_in_order(FileSystem& files, const std::filesystem::path& folder, const std::vector<std::string>& names) {
  for (const std::string& file : names) {
    if (Status removed = files.remove(folder / file); !removed) return removed;
    if (Status synced = files.sync_directory(folder); !synced) return synced;
  }
  return {};
}

Status retire_in_order(FileSystem& files, const std::filesystem::path& folder, const std::filesystem::path& retired,
                       const std::vector<std::string>& names) {
  if (retired.empty()) return remove_in_order(files, folder, names);
  if (names.empty()) return {};
  const auto there = files.list(retired);
  if (!there) return std::unexpected(there.error());
  for (const std::string& file : names) {
    if (std::ranges::binary_search(*there, file))
      return fail(ErrorCode::corrupt, (retired / file).string() + " is there already, and would be overwritten");
    if (Status renamed = files.rename(folder / file, retired / file); !renamed) return renamed;
    // The new name first: on a file system that takes the two halves apart, the file would rather have both names.
    if (Status synced = files.sync_directory(retired); !synced) return synced;
    if (Status synced = files.sync_directory(folder); !synced) return synced;
  }
  return {};
}

}  // namespace parley::wal
