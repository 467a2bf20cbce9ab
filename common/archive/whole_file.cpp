#include "common/archive/whole_file.hpp"

#include <algorithm>

#include "common/archive/fault.hpp"
#include "common/archive/layout.hpp"

namespace parley::archive {
namespace {

Status write_and_sync(wal::FileSystem& files, const std::filesystem::path& file, BytesView bytes) {
  auto created = files.create(file);
  if (!created) return std::unexpected(created.error());
  if (Status written = (*created)->write_at(0, bytes); !written) return written;
  return (*created)->sync();
}

}  // namespace

Result<Bytes> read_whole(wal::FileSystem& files, const std::filesystem::path& file, std::size_t most) {
  const auto opened = files.open(file, wal::Access::read_only);
  if (!opened) return std::unexpected(opened.error());
  const auto size = (*opened)->size();
  if (!size) return std::unexpected(size.error());
  if (*size > most) return damaged(file, most, std::nullopt, "the file is too long");
  Bytes bytes(static_cast<std::size_t>(*size), '\0');
  const auto count = (*opened)->read_at(0, bytes);
  if (!count) return std::unexpected(count.error());
  bytes.resize(*count);
  return bytes;
}

Status replace_file(wal::FileSystem& files, const std::filesystem::path& file, BytesView bytes) {
  const std::filesystem::path temporary = file.string() + std::string(temporary_suffix);
  Status done = write_and_sync(files, temporary, bytes);
  if (done) done = files.rename(temporary, file);
  if (!done) {
    // What cannot be removed is removed at the next opening.
    static_cast<void>(files.remove(temporary));
    return done;
  }
  return files.sync_directory(file.parent_path());
}

Result<bool> is_there(wal::FileSystem& files, const std::filesystem::path& file) {
  const auto names = files.list(file.parent_path());
  if (!names) return std::unexpected(names.error());
  return std::ranges::binary_search(*names, file.filename().string());
}

}  // namespace parley::archive
