#pragma once
#include "common/files/posix_file_system.hpp"
#include "common/wal/file_system.hpp"

namespace parley::wal {

using files::PosixFileSystem;

}  // namespace parley::wal
