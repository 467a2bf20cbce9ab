#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

// LMDB's own handles, which stay in this folder.
struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace parley::store {

/// An open LMDB environment: one database of rows in `data.mdb`. Every commit is synced. Thread-safe; transactions
/// are not. Whoever holds a transaction also holds the environment, so it is closed after the last of them. A process
/// opens a folder once at a time.
class LmdbEnvironment {
 public:
  enum class Access { read_write, read_only };

  /// How far the map is used. Pages that were freed within the mark are reused, so the mark does not fall.
  struct MapUsage {
    std::uint64_t map_bytes = 0;
    std::uint64_t high_water_bytes = 0;
  };

  /// Opens the folder that holds `data.mdb`, which must be there and sound at its head (lmdb_file.hpp). The map is
  /// `map_bytes` or as large as what is in it; it is address space, not disk.
  [[nodiscard]] static Result<std::shared_ptr<LmdbEnvironment>> open(const std::filesystem::path& folder,
                                                                     std::uint64_t map_bytes, Access access);
  /// Makes an empty store. It stands in its folder whole or not at all: it is built and synced beside it, then renamed.
  [[nodiscard]] static Status create(const std::filesystem::path& folder);

  ~LmdbEnvironment();
  LmdbEnvironment(const LmdbEnvironment&) = delete;
  LmdbEnvironment& operator=(const LmdbEnvironment&) = delete;

  [[nodiscard]] MapUsage usage() const;
  /// Bytes of the map that a commit of now could use: those above the mark, and freed pages that no reader holds. It
  /// reads a few bytes for each commit that has freed pages: ask only when the mark is high.
  [[nodiscard]] Result<std::uint64_t> free_bytes() const;
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] MDB_env* handle() const { return env_; }
  [[nodiscard]] unsigned rows() const { return rows_; }  ///< the handle of the database

 private:
  LmdbEnvironment(MDB_env* env, std::string file) : env_(env), file_(std::move(file)) {}
  [[nodiscard]] static Result<std::shared_ptr<LmdbEnvironment>> open_unchecked(const std::filesystem::path& folder,
                                                                               std::uint64_t map_bytes, Access access);

  MDB_env* env_;
  unsigned rows_ = 0;
  std::string file_;
};

/// A read transaction: the rows as of the last commit before it began.
class LmdbReadTransaction {
 public:
  [[nodiscard]] static Result<std::unique_ptr<LmdbReadTransaction>> begin(std::shared_ptr<LmdbEnvironment> environment);
  ~LmdbReadTransaction();
  LmdbReadTransaction(const LmdbReadTransaction&) = delete;
  LmdbReadTransaction& operator=(const LmdbReadTransaction&) = delete;

  /// Ends at the old commit and begins at the last one, keeping its place in the table of readers.
  [[nodiscard]] Status renew();
  /// Lives until renew() or the end of this.
  [[nodiscard]] std::optional<BytesView> get(BytesView key) const;

  [[nodiscard]] const LmdbEnvironment& environment() const { return *environment_; }
  [[nodiscard]] MDB_txn* handle() const { return transaction_; }

 private:
  LmdbReadTransaction(std::shared_ptr<LmdbEnvironment> environment, MDB_txn* transaction)
      : environment_(std::move(environment)), transaction_(transaction) {}

  std::shared_ptr<LmdbEnvironment> environment_;
  MDB_txn* transaction_;
};

/// The write transaction; there is one at a time, begun and ended by the same thread. Aborts unless committed.
class LmdbWriteTransaction {
 public:
  [[nodiscard]] static Result<LmdbWriteTransaction> begin(std::shared_ptr<LmdbEnvironment> environment);
  ~LmdbWriteTransaction();
  LmdbWriteTransaction(LmdbWriteTransaction&& other) noexcept;
  LmdbWriteTransaction& operator=(LmdbWriteTransaction&&) = delete;

  /// Fastest in ascending order of keys. After an error nothing but the destructor may follow.
  [[nodiscard]] Status put(BytesView key, BytesView value);
  [[nodiscard]] Status erase(BytesView key);
  /// Synced when it returns without an error.
  [[nodiscard]] Status commit();

 private:
  LmdbWriteTransaction(std::shared_ptr<LmdbEnvironment> environment, MDB_txn* transaction, MDB_cursor* cursor)
      : environment_(std::move(environment)), transaction_(transaction), cursor_(cursor) {}
  void close_cursor();

  std::shared_ptr<LmdbEnvironment> environment_;
  MDB_txn* transaction_;
  MDB_cursor* cursor_;
};

}  // namespace parley::store
