#pragma once
#include <memory>

#include "common/archive/reduction.hpp"

namespace parley::logger {

/// What an archive has to know of commands to compact itself (app::Reducer, app::reduce).
[[nodiscard]] std::unique_ptr<archive::Reduction> make_command_reduction();

}  // namespace parley::logger
