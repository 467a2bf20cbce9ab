#pragma once
#include <filesystem>

#include "common/app/settings.hpp"
#include "common/store/backend.hpp"

namespace parley::recovery {

/// Copies all rows into a store that the engine of these settings makes in `folder`, which must not exist; durable on
/// return, values in their slots included.
[[nodiscard]] Status copy_store(store::Backend& from, const std::filesystem::path& folder,
                                const app::Settings& settings);

}  // namespace parley::recovery
