#include "common/store/folder_sync.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace parley::store {

Error system_error(int code, const std::string& what) {
  return {code == ENOSPC ? ErrorCode::disk_full : ErrorCode::io, what + ": " + std::strerror(code)};
}

Status sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return std::unexpected(system_error(errno, "cannot open " + folder.string()));
  const int failed = ::fsync(descriptor);
  const int code = errno;
  ::close(descriptor);
  if (failed != 0) return fail(ErrorCode::sync_failed, "cannot sync " + folder.string() + ": " + std::strerror(code));
  return {};
}

}  // namespace parley::store
