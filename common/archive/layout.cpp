#include "common/archive/layout.hpp"

#include <algorithm>
#include <charconv>

#include "common/wal/folder.hpp"

namespace parley::archive {
namespace {

constexpr std::string_view segment_suffix = ".segment";
constexpr std::string_view index_suffix = ".index";
constexpr std::string_view image_suffix = ".image";
constexpr std::size_t image_digits = 20;

/// The number before the suffix, however many digits it has.
std::optional<std::uint64_t> number_before(std::string_view name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return std::nullopt;
  name.remove_suffix(suffix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string index_name(std::uint64_t sequence) {
  std::string name = wal::segment_name(sequence);
  name.resize(name.size() - segment_suffix.size());
  return name + std::string(index_suffix);
}

std::string image_name(Index index) {
  const std::string number = std::to_string(index.value);
  return std::string(image_digits - std::min(image_digits, number.size()), '0') + number + std::string(image_suffix);
}

// Only the names that we would give.

std::optional<std::uint64_t> sequence_of_segment(std::string_view name) {
  const auto sequence = number_before(name, segment_suffix);
  return sequence && wal::segment_name(*sequence) == name ? sequence : std::nullopt;
}

std::optional<std::uint64_t> sequence_of_index(std::string_view name) {
  const auto sequence = number_before(name, index_suffix);
  return sequence && index_name(*sequence) == name ? sequence : std::nullopt;
}

std::optional<Index> index_of_image(std::string_view name) {
  const auto index = number_before(name, image_suffix);
  return index && image_name(Index{*index}) == name ? std::optional<Index>(Index{*index}) : std::nullopt;
}

std::filesystem::path Layout::segment(std::uint64_t sequence) const { return sealed() / wal::segment_name(sequence); }
std::filesystem::path Layout::index(std::uint64_t sequence) const { return sealed() / index_name(sequence); }
std::filesystem::path Layout::image(Index index) const { return images() / image_name(index); }

}  // namespace parley::archive
