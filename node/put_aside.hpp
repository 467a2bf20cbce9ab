#pragma once
#include <filesystem>
#include <initializer_list>
#include <string_view>

#include "common/base/result.hpp"

namespace parley::node {

/// Moves these members of a data folder, as far as they are there, into a new folder `damaged-N` in it, in this order,
/// durable on return: nothing is ever thrown away because it is damaged. Gives that folder.
[[nodiscard]] Result<std::filesystem::path> put_aside(const std::filesystem::path& folder,
                                                      std::initializer_list<std::string_view> members);

}  // namespace parley::node
