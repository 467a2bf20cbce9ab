#include "common/store/engine.hpp"

#include "common/store/journaled_backend.hpp"
#include "common/store/lmdb_backend.hpp"

namespace parley::store {
namespace {

template <class Opened>
Result<std::unique_ptr<Backend>> as_backend(Result<Opened> opened) {
  if (!opened) return std::unexpected(std::move(opened.error()));
  return *std::move(opened);
}

}  // namespace

Result<std::optional<MadeBy>> engine_of(files::FileSystem& files, const std::filesystem::path& folder) {
  std::error_code unreadable;
  if (!std::filesystem::exists(folder, unreadable)) return std::nullopt;
  const auto is_journaled = Journal::exists(files, folder);
  if (!is_journaled) return std::unexpected(is_journaled.error());
  // What is damaged beyond recognition is for LMDB to say.
  if (!*is_journaled) return MadeBy{"lmdb", 0};
  const auto slot = Journal::slot_of(files, folder);
  if (!slot) return std::unexpected(slot.error());
  return *slot == 0 ? MadeBy{"memory", 0} : MadeBy{"disk", *slot};
}

bool fits(const MadeBy& made, const app::Settings& settings) {
  return made.engine == settings.engine && (made.engine != "disk" || made.slot == settings.slot);
}

Result<std::unique_ptr<Backend>> open_engine(files::FileSystem& files, const std::filesystem::path& folder,
                                             const app::Settings& settings) {
  if (settings.engine == "lmdb") return as_backend(LmdbBackend::open(folder, settings.quota_bytes));
  JournaledOptions options;
  if (settings.engine == "disk") options.slot = settings.slot;
  return as_backend(JournaledBackend::open(files, folder, options));
}

}  // namespace parley::store
