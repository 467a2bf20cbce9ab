#include "common/store/image_folders.hpp"

#include "common/store/folder_sync.hpp"

namespace parley::store {
namespace {

namespace fs = std::filesystem;

fs::path beside(const fs::path& store, const char* suffix) { return store.string() + suffix; }
fs::path old_folder(const fs::path& store) { return beside(store, ".old"); }

Status rename_synced(const fs::path& from, const fs::path& to) {
  std::error_code code;
  fs::rename(from, to, code);
  if (code) {
    return std::unexpected(
        system_error(code.value(), "cannot rename " + from.string() + " to " + to.filename().string()));
  }
  return sync_folder(fs::absolute(to).parent_path());
}

}  // namespace

fs::path incoming_folder(const fs::path& store) { return beside(store, ".incoming"); }
fs::path complete_folder(const fs::path& store) { return beside(store, ".image"); }

Status mark_image_complete(const fs::path& store) {
  return rename_synced(incoming_folder(store), complete_folder(store));
}

Status put_image_in_place(const fs::path& store) {
  std::error_code ignored;
  fs::remove_all(old_folder(store), ignored);
  if (Status aside = rename_synced(store, old_folder(store)); !aside) return aside;
  if (Status placed = rename_synced(complete_folder(store), store); !placed) return placed;
  // Snapshots of it that are still open keep its pages until they end.
  fs::remove_all(old_folder(store), ignored);
  return {};
}

void remove_image_folders(const fs::path& store) {
  std::error_code ignored;
  fs::remove_all(incoming_folder(store), ignored);
  // File by file, and a crash could leave half of it: so it is no longer called complete when the first one goes.
  if (fs::exists(complete_folder(store), ignored) && rename_synced(complete_folder(store), incoming_folder(store)))
    fs::remove_all(incoming_folder(store), ignored);
}

Status tidy_image_folders(const fs::path& store) {
  std::error_code code;
  fs::remove_all(incoming_folder(store), code);
  if (!fs::exists(store, code) && fs::exists(old_folder(store), code)) {
    // Cut short between the two renames: the image was complete, or else nothing would have been put aside.
    const bool has_image = fs::exists(complete_folder(store), code);
    if (Status placed = rename_synced(has_image ? complete_folder(store) : old_folder(store), store); !placed)
      return placed;
  }
  fs::remove_all(old_folder(store), code);
  return {};
}

}  // namespace parley::store
