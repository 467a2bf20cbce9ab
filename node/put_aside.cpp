#include "node/put_aside.hpp"

#include <string>

#include "common/store/folder_sync.hpp"

namespace parley::node {
namespace {

namespace fs = std::filesystem;

Result<fs::path> make_folder(const fs::path& folder) {
  std::error_code code;
  for (int number = 1;; ++number) {
    const fs::path aside = folder / ("damaged-" + std::to_string(number));
    if (fs::create_directory(aside, code)) return aside;
    if (code) return std::unexpected(store::system_error(code.value(), "cannot make " + aside.string()));
  }
}

}  // namespace

Result<fs::path> put_aside(const fs::path& folder, std::initializer_list<std::string_view> members) {
  auto aside = make_folder(folder);
  if (!aside) return aside;
  for (const std::string_view member : members) {
    const fs::path from = folder / member;
    std::error_code code;
    if (!fs::exists(from, code)) continue;
    fs::rename(from, *aside / member, code);
    if (code) {
      return std::unexpected(
          store::system_error(code.value(), "cannot move " + from.string() + " to " + aside->string()));
    }
    for (const fs::path& changed : {*aside, folder}) {
      if (Status synced = store::sync_folder(changed); !synced) return std::unexpected(std::move(synced.error()));
    }
  }
  return aside;
}

}  // namespace parley::node
