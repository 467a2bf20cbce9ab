#include "common/store/lmdb_environment.hpp"

#include <lmdb.h>

#include <algorithm>
#include <cstdio>

#include "common/base/ensure.hpp"
#include "common/store/folder_sync.hpp"
#include "common/store/lmdb_error.hpp"
#include "common/store/lmdb_file.hpp"
#include "common/store/page_reader.hpp"

namespace parley::store {
namespace {

namespace fs = std::filesystem;

constexpr mdb_mode_t file_mode = 0640;
/// The handle of LMDB's own tree of free pages, the same in every environment.
constexpr unsigned free_pages = 0;
/// Enough for the two meta pages that creation writes.
constexpr std::uint64_t creation_map_bytes = 1 << 20;

MDB_val borrowed(BytesView bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
BytesView viewed(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

/// Opens the one database of rows, which has no name, and so exists in every environment.
int open_rows(MDB_env* env, bool read_only, unsigned& rows) {
  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(env, nullptr, read_only ? MDB_RDONLY : 0U, &transaction); code != MDB_SUCCESS) {
    return code;
  }
  if (const int code = mdb_dbi_open(transaction, nullptr, 0, &rows); code != MDB_SUCCESS) {
    mdb_txn_abort(transaction);
    return code;
  }
  return mdb_txn_commit(transaction);
}

}  // namespace

Result<std::shared_ptr<LmdbEnvironment>> LmdbEnvironment::open(const fs::path& folder, std::uint64_t map_bytes,
                                                               Access access) {
  if (const Status head = check_before_opening(folder / "data.mdb"); !head) return std::unexpected(head.error());
  return open_unchecked(folder, map_bytes, access);
}

Result<std::shared_ptr<LmdbEnvironment>> LmdbEnvironment::open_unchecked(const fs::path& folder,
                                                                         std::uint64_t map_bytes, Access access) {
  const std::string file = (folder / "data.mdb").string();
  const std::string what = "cannot open the store " + file;
  MDB_env* env = nullptr;
  if (const int code = mdb_env_create(&env); code != MDB_SUCCESS) return std::unexpected(lmdb_error(code, what));
  // Owned from here on: LMDB wants an environment closed even if it could not be opened.
  std::shared_ptr<LmdbEnvironment> environment(new LmdbEnvironment(env, file));
  if (const int code = mdb_env_set_mapsize(env, map_bytes); code != MDB_SUCCESS) {
    return std::unexpected(lmdb_error(code, what));
  }
  // Synced always: neither MDB_NOSYNC nor MDB_NOMETASYNC nor MDB_WRITEMAP. NOTLS: a read transaction belongs to an
  // object and not to a thread. NORDAHEAD: reads are of single rows; read-ahead would drop other pages for neighbours
  // that nobody wants.
  unsigned flags = MDB_NOTLS | MDB_NORDAHEAD;
  // A stopped store is looked at without leaving a trace beside it.
  const bool read_only = access == Access::read_only;
  if (read_only) flags |= MDB_RDONLY | MDB_NOLOCK;
  if (const int code = mdb_env_open(env, folder.c_str(), flags, file_mode); code != MDB_SUCCESS) {
    return std::unexpected(lmdb_error(code, what));
  }
  if (!read_only) {
    // Readers that died with an earlier process would pin its pages for ever.
    int dead = 0;
    if (const int code = mdb_reader_check(env, &dead); code != MDB_SUCCESS) {
      return std::unexpected(lmdb_error(code, what));
    }
  }
  if (const int code = open_rows(env, read_only, environment->rows_); code != MDB_SUCCESS) {
    return std::unexpected(lmdb_error(code, what));
  }
  return environment;
}

Status LmdbEnvironment::create(const fs::path& folder) {
  const fs::path making = folder.string() + ".making";
  std::error_code code;
  fs::remove_all(making, code);  // what an earlier creation left when it was cut off
  if (!code) fs::create_directories(making, code);
  if (code) return std::unexpected(system_error(code.value(), "cannot make " + making.string()));
  {
    auto environment = open_unchecked(making, creation_map_bytes, Access::read_write);
    if (!environment) return std::unexpected(std::move(environment.error()));
    if (const int failed = mdb_env_sync((*environment)->handle(), 1); failed != MDB_SUCCESS) {
      return std::unexpected(lmdb_commit_error(failed, "cannot sync " + (*environment)->file()));
    }
  }
  if (Status synced = sync_folder(making); !synced) return synced;
  fs::rename(making, folder, code);
  if (code) return std::unexpected(system_error(code.value(), "cannot make " + folder.string()));
  return sync_folder(fs::absolute(folder).parent_path());
}

LmdbEnvironment::~LmdbEnvironment() { mdb_env_close(env_); }

LmdbEnvironment::MapUsage LmdbEnvironment::usage() const {
  MDB_envinfo info{};
  MDB_stat stat{};
  ENSURE_EQ(mdb_env_info(env_, &info), MDB_SUCCESS);
  ENSURE_EQ(mdb_env_stat(env_, &stat), MDB_SUCCESS);
  return {info.me_mapsize, (info.me_last_pgno + 1) * stat.ms_psize};
}

/// LMDB's tree of free pages has, by the number of the commit that freed them, how many and which. A commit reuses what
/// was freed before the oldest reader began.
Result<std::uint64_t> LmdbEnvironment::free_bytes() const {
  const std::string what = "cannot look for free pages of " + file_;
  std::size_t oldest = SIZE_MAX;
  // What LMDB tells of its readers is a table for people: process, thread, and the commit that one reads or `-`.
  const auto take_line = [](const char* line, void* result) {
    std::size_t commit = 0;
    auto& least = *static_cast<std::size_t*>(result);
    if (std::sscanf(line, "%*d %*x %zu", &commit) == 1) least = std::min(least, commit);
    return 0;
  };
  if (const int code = mdb_reader_list(env_, take_line, &oldest); code < 0) {
    return std::unexpected(lmdb_error(code, what));
  }
  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &transaction); code != MDB_SUCCESS) {
    return std::unexpected(lmdb_error(code, what));
  }
  std::uint64_t pages = 0;
  MDB_cursor* cursor = nullptr;
  int code = mdb_cursor_open(transaction, free_pages, &cursor);
  MDB_val key{};
  MDB_val value{};
  while (code == MDB_SUCCESS && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == MDB_SUCCESS) {
    if (number_at<std::uint64_t>(viewed(key), 0) >= oldest) break;
    pages += number_at<std::uint64_t>(viewed(value), 0);
  }
  if (cursor != nullptr) mdb_cursor_close(cursor);
  mdb_txn_abort(transaction);
  if (code != MDB_SUCCESS && code != MDB_NOTFOUND) return std::unexpected(lmdb_error(code, what));
  MDB_stat stat{};
  ENSURE_EQ(mdb_env_stat(env_, &stat), MDB_SUCCESS);
  const MapUsage used = usage();
  return used.map_bytes - std::min(used.map_bytes, used.high_water_bytes) + pages * stat.ms_psize;
}

Result<std::unique_ptr<LmdbReadTransaction>> LmdbReadTransaction::begin(std::shared_ptr<LmdbEnvironment> environment) {
  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(environment->handle(), nullptr, MDB_RDONLY, &transaction); code != MDB_SUCCESS) {
    return std::unexpected(lmdb_error(code, "cannot begin to read " + environment->file()));
  }
  return std::unique_ptr<LmdbReadTransaction>(new LmdbReadTransaction(std::move(environment), transaction));
}

LmdbReadTransaction::~LmdbReadTransaction() { mdb_txn_abort(transaction_); }

Status LmdbReadTransaction::renew() {
  mdb_txn_reset(transaction_);
  if (const int code = mdb_txn_renew(transaction_); code != MDB_SUCCESS) {
    return std::unexpected(lmdb_error(code, "cannot renew the reading of " + environment_->file()));
  }
  return {};
}

std::optional<BytesView> LmdbReadTransaction::get(BytesView key) const {
  MDB_val wanted = borrowed(key);
  MDB_val value{};
  const int code = mdb_get(transaction_, environment_->rows(), &wanted, &value);
  if (code == MDB_SUCCESS) return viewed(value);
  if (code != MDB_NOTFOUND) stop_unreadable(code, environment_->file());
  return std::nullopt;
}

Result<LmdbWriteTransaction> LmdbWriteTransaction::begin(std::shared_ptr<LmdbEnvironment> environment) {
  const std::string what = "cannot begin to write " + environment->file();
  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(environment->handle(), nullptr, 0, &transaction); code != MDB_SUCCESS) {
    return std::unexpected(lmdb_error(code, what));
  }
  LmdbWriteTransaction owned(std::move(environment), transaction, nullptr);
  if (const int code = mdb_cursor_open(transaction, owned.environment_->rows(), &owned.cursor_); code != MDB_SUCCESS) {
    return std::unexpected(lmdb_error(code, what));
  }
  return owned;
}

LmdbWriteTransaction::LmdbWriteTransaction(LmdbWriteTransaction&& other) noexcept
    : environment_(std::move(other.environment_)),
      transaction_(std::exchange(other.transaction_, nullptr)),
      cursor_(std::exchange(other.cursor_, nullptr)) {}

LmdbWriteTransaction::~LmdbWriteTransaction() {
  close_cursor();
  if (transaction_ != nullptr) mdb_txn_abort(transaction_);
}

void LmdbWriteTransaction::close_cursor() {
  // LMDB frees the cursors of a write transaction with it, but only then: closing it first is allowed and clearer.
  if (cursor_ != nullptr) mdb_cursor_close(std::exchange(cursor_, nullptr));
}

// Through one cursor: LMDB looks for the next key on the cursor's page before it searches from the root.
Status LmdbWriteTransaction::put(BytesView key, BytesView value) {
  MDB_val row_key = borrowed(key);
  MDB_val row_value = borrowed(value);
  if (const int code = mdb_cursor_put(cursor_, &row_key, &row_value, 0); code != MDB_SUCCESS) {
    return std::unexpected(lmdb_error(code, "cannot write to " + environment_->file()));
  }
  return {};
}

Status LmdbWriteTransaction::erase(BytesView key) {
  MDB_val row_key = borrowed(key);
  MDB_val row_value{};
  int code = mdb_cursor_get(cursor_, &row_key, &row_value, MDB_SET);
  if (code == MDB_NOTFOUND) return {};
  if (code == MDB_SUCCESS) code = mdb_cursor_del(cursor_, 0);
  if (code == MDB_SUCCESS) return {};
  return std::unexpected(lmdb_error(code, "cannot erase from " + environment_->file()));
}

Status LmdbWriteTransaction::commit() {
  close_cursor();
  // LMDB frees the transaction whether the commit succeeds or not.
  const int code = mdb_txn_commit(std::exchange(transaction_, nullptr));
  if (code == MDB_SUCCESS) return {};
  return std::unexpected(lmdb_commit_error(code, "cannot commit to " + environment_->file()));
}

}  // namespace parley::store
