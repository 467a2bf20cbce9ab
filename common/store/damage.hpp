#pragma once
#include <filesystem>

#include "common/base/result.hpp"

namespace parley::store {

/// `corrupt`, naming file and offset.
[[nodiscard]] inline std::unexpected<Error> damaged(const std::filesystem::path& file, std::uint64_t offset,
                                                    const std::string& how) {
  return fail(ErrorCode::corrupt, file.string() + ", offset " + std::to_string(offset) + ": " + how);
}

}  // namespace parley::store
