#include "recovery/convert_store.hpp"

#include "common/base/limits.hpp"
#include "common/files/posix_file_system.hpp"
#include "common/store/engine.hpp"
#include "common/store/overlay.hpp"

namespace parley::recovery {

Status copy_store(store::Backend& from, const std::filesystem::path& folder, const app::Settings& settings) {
  files::PosixFileSystem files;
  const auto rows = from.snapshot();
  if (!rows) return std::unexpected(rows.error());
  const auto to = store::open_engine(files, folder, settings);
  if (!to) return std::unexpected(to.error());
  const auto row = (*rows)->seek({});
  while (row->valid()) {
    store::Overlay overlay;
    for (; row->valid() && overlay.bytes() < limits::overlay_bytes; row->next()) overlay.put(row->key(), row->value());
    if (Status committed = (*to)->commit(overlay); !committed) return committed;
  }
  while (true) {
    const auto more = (*to)->step();
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
  }
}

}  // namespace parley::recovery
