#pragma once
#include "common/files/file_system.hpp"

/// The log's names for what it needs of a file system.
namespace parley::wal {

using files::Access;
using files::DirectoryLock;
using files::File;
using files::FileSystem;

}  // namespace parley::wal
