#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/app/settings.hpp"
#include "common/files/file_system.hpp"
#include "common/store/backend.hpp"

/// Which engine keeps the rows: `lmdb`, `memory` or `disk`, as the settings of the cluster say.
namespace parley::store {

/// By which engine a store was made.
struct MadeBy {
  std::string engine;
  std::uint32_t slot = 0;  ///< of `disk`
};

/// Nothing if there is no store. `corrupt` if it cannot be told.
[[nodiscard]] Result<std::optional<MadeBy>> engine_of(files::FileSystem& files, const std::filesystem::path& folder);
/// True if these settings ask for that engine.
[[nodiscard]] bool fits(const MadeBy& made, const app::Settings& settings);

/// Opens the store in `folder`, or makes one if the folder does not exist; its parent must. It must have been made by
/// the engine of these settings. `files` must outlive it.
[[nodiscard]] Result<std::unique_ptr<Backend>> open_engine(files::FileSystem& files,
                                                           const std::filesystem::path& folder,
                                                           const app::Settings& settings);

}  // namespace parley::store
