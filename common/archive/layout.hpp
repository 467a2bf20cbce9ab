#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/ids.hpp"

namespace parley::archive {

/// Behind the name of a file that is being written and stands for nothing yet.
inline constexpr std::string_view temporary_suffix = ".tmp";
inline constexpr std::string_view manifest_name = "manifest";

/// Twelve digits as the segment has them, `.index`.
[[nodiscard]] std::string index_name(std::uint64_t sequence);
/// Twenty digits, so that names are in the order of indexes, `.image`.
[[nodiscard]] std::string image_name(Index index);
/// The other way round; nothing for any other name.
[[nodiscard]] std::optional<std::uint64_t> sequence_of_segment(std::string_view name);
[[nodiscard]] std::optional<std::uint64_t> sequence_of_index(std::string_view name);
[[nodiscard]] std::optional<Index> index_of_image(std::string_view name);

/// Where things are in the folder of an archive.
struct Layout {
  std::filesystem::path root;

  [[nodiscard]] std::filesystem::path manifest() const { return root / manifest_name; }
  /// The log that is being written: wal::Log, with sealed() as its Options::retire_into.
  [[nodiscard]] std::filesystem::path live() const { return root / "live"; }
  [[nodiscard]] std::filesystem::path sealed() const { return root / "sealed"; }
  [[nodiscard]] std::filesystem::path images() const { return root / "images"; }
  /// How far compaction has come; can be made again.
  [[nodiscard]] std::filesystem::path compaction() const { return root / "compaction"; }
  [[nodiscard]] std::filesystem::path segment(std::uint64_t sequence) const;
  [[nodiscard]] std::filesystem::path index(std::uint64_t sequence) const;
  [[nodiscard]] std::filesystem::path image(Index index) const;
};

}  // namespace parley::archive
