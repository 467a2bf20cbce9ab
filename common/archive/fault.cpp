#include "common/archive/fault.hpp"

namespace parley::archive {
namespace {

std::string place(std::optional<Index> entry) {
  return entry ? ", where entry " + std::to_string(entry->value) + " should stand" : std::string{};
}

}  // namespace

std::unexpected<Error> damaged(const std::filesystem::path& file, std::uint64_t offset, std::optional<Index> entry,
                               const std::string& why) {
  return fail(ErrorCode::corrupt, file.string() + ": offset " + std::to_string(offset) + place(entry) + ": " + why);
}

std::unexpected<Error> missing(const std::filesystem::path& file, std::optional<Index> entry) {
  return fail(ErrorCode::corrupt, file.string() + place(entry) + ": the file is missing");
}

}  // namespace parley::archive
