#include "common/store/lmdb_backend.hpp"

#include <lmdb.h>

#include "common/base/limits.hpp"
#include "common/store/image_folders.hpp"
#include "common/store/lmdb_error.hpp"

namespace parley::store {
namespace {

/// A commit that fails with less room left than this on the disk failed for want of it.
constexpr std::uintmax_t little_room_bytes = limits::overlay_bytes;

class LmdbCursor final : public RowCursor {
 public:
  LmdbCursor(const LmdbReadTransaction& transaction, BytesView from) : file_(transaction.environment().file()) {
    check(mdb_cursor_open(transaction.handle(), transaction.environment().rows(), &cursor_));
    key_ = {from.size(), const_cast<char*>(from.data())};
    // LMDB takes no empty key, and none is less than the first.
    move(from.empty() ? MDB_FIRST : MDB_SET_RANGE);
  }
  ~LmdbCursor() override { mdb_cursor_close(cursor_); }
  LmdbCursor(const LmdbCursor&) = delete;
  LmdbCursor& operator=(const LmdbCursor&) = delete;

  [[nodiscard]] bool valid() const override { return valid_; }
  [[nodiscard]] BytesView key() const override { return {static_cast<const char*>(key_.mv_data), key_.mv_size}; }
  [[nodiscard]] BytesView value() const override { return {static_cast<const char*>(value_.mv_data), value_.mv_size}; }
  [[nodiscard]] bool erased() const override { return false; }
  void next() override { move(MDB_NEXT); }

 private:
  void move(MDB_cursor_op operation) {
    const int code = mdb_cursor_get(cursor_, &key_, &value_, operation);
    valid_ = code == MDB_SUCCESS;
    if (code != MDB_NOTFOUND) check(code);
  }
  void check(int code) const {
    if (code != MDB_SUCCESS) stop_unreadable(code, file_);
  }

  const std::string& file_;
  MDB_cursor* cursor_ = nullptr;
  MDB_val key_{};
  MDB_val value_{};
  bool valid_ = false;
};

class LmdbSnapshot final : public Snapshot {
 public:
  explicit LmdbSnapshot(std::unique_ptr<LmdbReadTransaction> transaction) : transaction_(std::move(transaction)) {}
  [[nodiscard]] std::optional<BytesView> get(BytesView key) const override { return transaction_->get(key); }
  [[nodiscard]] std::unique_ptr<RowCursor> seek(BytesView from) const override {
    return std::make_unique<LmdbCursor>(*transaction_, from);
  }
  [[nodiscard]] Status renew() override { return transaction_->renew(); }

 private:
  std::unique_ptr<LmdbReadTransaction> transaction_;
};

}  // namespace

Result<std::unique_ptr<Snapshot>> lmdb_snapshot(std::shared_ptr<LmdbEnvironment> environment) {
  auto transaction = LmdbReadTransaction::begin(std::move(environment));
  if (!transaction) return std::unexpected(std::move(transaction.error()));
  return std::make_unique<LmdbSnapshot>(*std::move(transaction));
}

Result<std::unique_ptr<LmdbBackend>> LmdbBackend::open(const std::filesystem::path& folder, std::uint64_t quota_bytes) {
  if (Status tidied = tidy_image_folders(folder); !tidied) return std::unexpected(std::move(tidied.error()));
  std::error_code unreadable;
  if (!std::filesystem::exists(folder, unreadable)) {
    if (unreadable) return fail(ErrorCode::io, "cannot look for " + folder.string() + ": " + unreadable.message());
    if (Status made = LmdbEnvironment::create(folder); !made) return std::unexpected(std::move(made.error()));
  }
  auto environment =
      LmdbEnvironment::open(folder, quota_bytes * limits::map_per_quota, LmdbEnvironment::Access::read_write);
  if (!environment) return std::unexpected(std::move(environment.error()));
  return std::unique_ptr<LmdbBackend>(new LmdbBackend(folder, quota_bytes, *std::move(environment)));
}

Result<std::unique_ptr<Snapshot>> LmdbBackend::snapshot() { return lmdb_snapshot(environment_); }

Status LmdbBackend::commit(const Overlay& overlay) {
  // Borrowed: who commits one overlay keeps it until this returns.
  const std::shared_ptr<const Overlay> borrowed(std::shared_ptr<const Overlay>(), &overlay);
  return commit(std::span(&borrowed, 1));
}

Status LmdbBackend::commit(std::span<const std::shared_ptr<const Overlay>> overlays) {
  auto transaction = LmdbWriteTransaction::begin(environment_);
  if (!transaction) return std::unexpected(std::move(transaction.error()));
  const Status committed = commit(*transaction, overlays);
  if (committed) return committed;
  // LMDB calls a write that was cut short at the end of the disk an I/O error. To try again is safe whatever it was:
  // a commit that fails before its last step changed nothing that a reader would see; after a failure in that step LMDB
  // begins no other.
  const ErrorCode code = committed.error().code;
  if (code != ErrorCode::io && code != ErrorCode::sync_failed) return committed;
  std::error_code unknown;
  const auto space = std::filesystem::space(folder_, unknown);
  if (unknown || space.available >= little_room_bytes) return committed;
  return fail(ErrorCode::disk_full, committed.error().what + ": no space left on the disk");
}

Status LmdbBackend::commit(LmdbWriteTransaction& transaction,
                           std::span<const std::shared_ptr<const Overlay>> overlays) {
  for (const auto& overlay : overlays) {
    for (auto row = overlay->seek({}); row.valid(); row.next()) {
      const Status done = row.erased() ? transaction.erase(row.key()) : transaction.put(row.key(), row.value());
      if (!done) return done;
    }
  }
  return transaction.commit();
}

Result<Backend*> LmdbBackend::begin_image() {
  discard_image();
  auto image = open(incoming_folder(folder_), quota_bytes_);
  if (!image) return std::unexpected(std::move(image.error()));
  image_ = *std::move(image);
  return image_.get();
}

Status LmdbBackend::complete_image() {
  // Its environment must be closed before its folder gets another name, and is opened again by that.
  image_.reset();
  return mark_image_complete(folder_);
}

Result<std::unique_ptr<Snapshot>> LmdbBackend::completed_image() {
  std::error_code unreadable;
  if (!std::filesystem::exists(complete_folder(folder_), unreadable)) return nullptr;
  auto environment = LmdbEnvironment::open(complete_folder(folder_), quota_bytes_ * limits::map_per_quota,
                                           LmdbEnvironment::Access::read_only);
  if (!environment) return std::unexpected(std::move(environment.error()));
  return lmdb_snapshot(*std::move(environment));
}

Status LmdbBackend::install_image() {
  if (Status swapped = put_image_in_place(folder_); !swapped) return swapped;
  auto environment =
      LmdbEnvironment::open(folder_, quota_bytes_ * limits::map_per_quota, LmdbEnvironment::Access::read_write);
  if (!environment) return std::unexpected(std::move(environment.error()));
  environment_ = *std::move(environment);
  return {};
}

void LmdbBackend::discard_image() {
  image_.reset();
  remove_image_folders(folder_);
}

bool LmdbBackend::is_crowded() const {
  const LmdbEnvironment::MapUsage used = usage();
  const std::uint64_t least = used.map_bytes / limits::map_share_free;
  if (used.high_water_bytes + least <= used.map_bytes) return false;
  // The mark never falls, so it says little once it is high.
  const auto free = environment_->free_bytes();
  return !free || *free < least;
}

}  // namespace parley::store
