#pragma once
#include <expected>
#include <string>
#include <utility>

namespace parley {

/// What kind of failure the environment reported; it decides the exit code of a process.
enum class ErrorCode {
  usage,        ///< a flag, key, address or file that a person must correct; exit 2
  io,           ///< the operating system refused a read, write or rename
  sync_failed,  ///< a sync failed: what was written may be lost, the process must stop (never retried)
  disk_full,    ///< no space; nothing half-written is left behind
  corrupt,      ///< bytes that were synced once no longer read back; exit 4
  locked,       ///< another process uses the folder; exit 2
  unreachable,  ///< nobody answers there; exit 3
  protocol,     ///< bytes from outside that do not follow the grammar
  refused,      ///< the other side answered no; exit 1
};

/// A failure of the environment, with a text for a person that names the cause: which file, address, flag or offset.
struct Error {
  ErrorCode code;
  std::string what;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string what) {
  return std::unexpected(Error{code, std::move(what)});
}

}  // namespace parley
