#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "common/base/result.hpp"

/// A configuration file as a flat list of keys. The only place that knows TOML; tables within tables are no options and
/// come out as a kind that no option takes.
namespace parley::config {

/// What a value in the file is.
enum class FileKind { text, number, boolean, list, other };

/// One `key = value` of the file.
struct FileEntry {
  std::string key;
  std::size_t line = 0;  ///< of the key, from 1
  FileKind kind = FileKind::other;
  std::string kind_words;          ///< what the value is, for a message: "a whole number"
  std::vector<std::string> items;  ///< the texts of a list; one text for the other kinds; empty for FileKind::other
};

/// All entries in the order of their lines. Errors are ErrorCode::usage: `FILE: cannot be read: REASON` or `FILE:LINE:
/// WHAT`.
[[nodiscard]] Result<std::vector<FileEntry>> read_toml_file(const std::filesystem::path& file);

}  // namespace parley::config
