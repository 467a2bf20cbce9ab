#include "common/config/toml_file.hpp"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <system_error>

#include "common/base/limits.hpp"
#include "common/config/value.hpp"

namespace parley::config {
namespace {

Result<std::string> read_bounded(const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& reason) {
    return fail(ErrorCode::usage, fmt::format("{}: cannot be read: {}", file.string(), reason));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> stream(std::fopen(file.c_str(), "rbe"), &std::fclose);
  if (!stream) return refuse(std::generic_category().message(errno));
  std::string content(limits::config_file_bytes + 1, '\0');
  content.resize(std::fread(content.data(), 1, content.size(), stream.get()));
  if (std::ferror(stream.get()) != 0) return refuse(std::generic_category().message(errno));
  if (content.size() > limits::config_file_bytes) {
    return refuse(fmt::format("it has more than {} bytes", limits::config_file_bytes));
  }
  return content;
}

std::string_view words_for(toml::node_type type) {
  switch (type) {
    case toml::node_type::string: return "text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number with a point";
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::array: return "a list";
    case toml::node_type::table: return "a table";
    default: return "a date or time";
  }
}

void read_array(const toml::array& array, FileEntry& entry) {
  entry.kind = FileKind::list;
  for (const toml::node& item : array) {
    if (const auto* text = item.as_string()) {
      entry.items.push_back(text->get());
      continue;
    }
    entry.kind = FileKind::other;
    entry.kind_words = "a list with " + std::string(words_for(item.type())) + " in it";
    entry.items.clear();
    return;
  }
}

FileEntry read_entry(const toml::key& key, const toml::node& node) {
  FileEntry entry{
      std::string(key.str()), key.source().begin.line, FileKind::other, std::string(words_for(node.type())), {}};
  if (const auto* text = node.as_string()) {
    entry.kind = FileKind::text;
    entry.items = {text->get()};
  } else if (const auto* number = node.as_integer()) {
    entry.kind = FileKind::number;
    entry.items = {std::to_string(number->get())};
  } else if (const auto* boolean = node.as_boolean()) {
    entry.kind = FileKind::boolean;
    entry.items = {boolean->get() ? "true" : "false"};
  } else if (const auto* array = node.as_array()) {
    read_array(*array, entry);
  }
  return entry;
}

}  // namespace

Result<std::vector<FileEntry>> read_toml_file(const std::filesystem::path& file) {
  const auto content = read_bounded(file);
  if (!content) return std::unexpected(content.error());
  std::vector<FileEntry> entries;
  try {
    const toml::table table = toml::parse(std::string_view(*content), std::string_view(file.native()));
    for (const auto& [key, node] : table) entries.push_back(read_entry(key, node));
  } catch (const toml::parse_error& error) {
    return fail(ErrorCode::usage, fmt::format("{}:{}: not valid TOML: {}", file.string(), error.source().begin.line,
                                              printable(error.description())));
  }
  std::ranges::stable_sort(entries, {}, &FileEntry::line);
  return entries;
}

}  // namespace parley::config
