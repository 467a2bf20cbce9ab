#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "common/base/ids.hpp"
#include "common/base/result.hpp"

namespace parley::archive {

/// `corrupt`: which file, where in it, which entry should stand there (if one can say), and what is wrong.
[[nodiscard]] std::unexpected<Error> damaged(const std::filesystem::path& file, std::uint64_t offset,
                                             std::optional<Index> entry, const std::string& why);
/// `corrupt`: a file that should be there is not.
[[nodiscard]] std::unexpected<Error> missing(const std::filesystem::path& file, std::optional<Index> entry);

}  // namespace parley::archive
