#pragma once
#include <string>

#include "common/base/result.hpp"

namespace parley::store {

/// What a return code of LMDB means: `what` names the call and the file.
[[nodiscard]] Error lmdb_error(int code, const std::string& what);
/// The same for the commit of a write transaction, where any failure of the system may be that of the sync.
[[nodiscard]] Error lmdb_commit_error(int code, const std::string& what);

/// For a read within apply or a query, which has no answer to give: prints the cause and aborts.
[[noreturn]] void stop_unreadable(int code, const std::string& what);

}  // namespace parley::store
