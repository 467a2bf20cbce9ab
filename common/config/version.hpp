#pragma once
#include <string>
#include <string_view>

namespace parley::config {

/// What `-version` prints: the program's name and the version of the project, without a newline.
[[nodiscard]] std::string version_line(std::string_view program);

}  // namespace parley::config
