#include "common/store/journaled_backend.hpp"

#include <utility>

#include "common/base/ensure.hpp"
#include "common/store/folder_sync.hpp"
#include "common/store/image_folders.hpp"

namespace parley::store {
namespace {

namespace fs = std::filesystem;

/// An empty store stands in its folder whole or not at all: it is made beside it, then renamed.
Status make(files::FileSystem& files, const fs::path& folder, const JournaledOptions& options) {
  const fs::path making = folder.string() + ".making";
  std::error_code code;
  fs::remove_all(making, code);  // what an earlier creation left when it was cut off
  if (!code) fs::create_directories(making, code);
  if (code) return std::unexpected(system_error(code.value(), "cannot make " + making.string()));
  if (Status made = JournaledRows::create(files, making, options); !made) return made;
  fs::rename(making, folder, code);
  if (code) return std::unexpected(system_error(code.value(), "cannot make " + folder.string()));
  return sync_folder(fs::absolute(folder).parent_path());
}

}  // namespace

Result<std::unique_ptr<JournaledBackend>> JournaledBackend::open(files::FileSystem& files, const fs::path& folder,
                                                                 const JournaledOptions& options) {
  if (Status tidied = tidy_image_folders(folder); !tidied) return std::unexpected(std::move(tidied.error()));
  std::error_code unreadable;
  if (!fs::exists(folder, unreadable)) {
    if (unreadable) return fail(ErrorCode::io, "cannot look for " + folder.string() + ": " + unreadable.message());
    if (Status made = make(files, folder, options); !made) return std::unexpected(std::move(made.error()));
  }
  auto rows = JournaledRows::open(files, folder, options, StoreMode::use);
  if (!rows) return std::unexpected(std::move(rows.error()));
  return std::unique_ptr<JournaledBackend>(new JournaledBackend(files, folder, options, *std::move(rows)));
}

Result<bool> JournaledBackend::step() {
  if (replaced_ && !replaced_->is_read()) replaced_.reset();
  return rows_->step();
}

Result<Backend*> JournaledBackend::begin_image() {
  discard_image();
  auto image = open(*files_, incoming_folder(folder_), options_);
  if (!image) return std::unexpected(std::move(image.error()));
  image_ = *std::move(image);
  return image_.get();
}

/// What it has in memory need not be read again.
Status JournaledBackend::complete_image() {
  ENSURE(image_ != nullptr);
  image_->rows_->moved_to(complete_folder(folder_));
  return mark_image_complete(folder_);
}

Result<bool> JournaledBackend::has_complete_image() {
  std::error_code unreadable;
  if (!fs::exists(complete_folder(folder_), unreadable)) return false;
  if (image_) return true;
  auto image = open(*files_, complete_folder(folder_), options_);
  if (!image) return std::unexpected(std::move(image.error()));
  image_ = *std::move(image);
  return true;
}

Result<std::unique_ptr<Snapshot>> JournaledBackend::completed_image() {
  const auto has_one = has_complete_image();
  if (!has_one) return std::unexpected(has_one.error());
  if (!*has_one) return nullptr;
  return image_->snapshot();
}

Status JournaledBackend::install_image() {
  const auto has_one = has_complete_image();
  if (!has_one) return std::unexpected(has_one.error());
  ENSURE(*has_one);
  if (Status swapped = put_image_in_place(folder_); !swapped) return swapped;
  replaced_ = std::exchange(rows_, std::move(image_->rows_));
  rows_->moved_to(folder_);
  image_.reset();
  return {};
}

void JournaledBackend::discard_image() {
  image_.reset();
  remove_image_folders(folder_);
}

}  // namespace parley::store
