#include "common/config/version.hpp"

namespace parley::config {

// The number comes from the project's line in the root CMakeLists.txt.
std::string version_line(std::string_view program) { return std::string(program) + " " PARLEY_VERSION; }

}  // namespace parley::config
