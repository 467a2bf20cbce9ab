#include "common/store/lmdb_error.hpp"

#include <lmdb.h>

#include <cerrno>

#include "common/base/ensure.hpp"

namespace parley::store {
namespace {

ErrorCode code_of(int code) {
  switch (code) {
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT: return ErrorCode::disk_full;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CURSOR_FULL:
    case MDB_INCOMPATIBLE: return ErrorCode::corrupt;
    default: return ErrorCode::io;
  }
}

}  // namespace

Error lmdb_error(int code, const std::string& what) { return {code_of(code), what + ": " + mdb_strerror(code)}; }

Error lmdb_commit_error(int code, const std::string& what) {
  Error error = lmdb_error(code, what);
  if (error.code == ErrorCode::io) error.code = ErrorCode::sync_failed;
  return error;
}

void stop_unreadable(int code, const std::string& what) {
  ensure_failed(__FILE__, __LINE__, "the store's rows can be read", what + ": " + mdb_strerror(code));
}

}  // namespace parley::store
