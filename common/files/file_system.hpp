#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/result.hpp"

namespace parley::files {

/// The first bytes of a file where the system has them, without a copy. What is written to the file later shows in
/// them. They outlive the file's object, its name and later mappings. A page that the disk no longer gives, or that is
/// behind the end of a file which somebody has cut, stops the process (SIGBUS).
class Mapping {
 public:
  Mapping() = default;
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  virtual ~Mapping() = default;
  /// Lives as long as the mapping. May be read by any thread; what is read while it is written may be neither.
  [[nodiscard]] virtual BytesView bytes() const = 0;
};

/// An open file. Errors: `disk_full` when space or quota is used up, `sync_failed` from sync(), `io` for anything else;
/// the text names the file. One thread at a time. Closed by its destructor.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  /// Fills `into` from `offset` on; returns how many bytes there were, fewer than asked for only at the end of the
  /// file.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const = 0;
  /// All of `bytes`, or an error after which any part of them may have been written. Grows the file if need be.
  [[nodiscard]] virtual Status write_at(std::uint64_t offset, BytesView bytes) = 0;
  /// Sets space aside for the first `bytes` bytes, which then read as zeros where nothing was written, and makes the
  /// file at least that long. After `disk_full` some of it may be set aside: remove the file. A file system that cannot
  /// do it does nothing.
  [[nodiscard]] virtual Status reserve(std::uint64_t bytes) = 0;
  /// What was written is on stable storage on return (fdatasync). After `sync_failed` it may be lost for good, even if
  /// a later sync succeeds.
  [[nodiscard]] virtual Status sync() = 0;
  /// Bytes of the file.
  [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;
  /// The first `bytes` bytes, which the file must have.
  [[nodiscard]] virtual Result<std::shared_ptr<const Mapping>> map(std::uint64_t bytes) const = 0;
  /// The first offset from `offset` on that may hold anything but zeros; the file's size if there is none. So who reads
  /// a file that is mostly holes does not read the holes.
  [[nodiscard]] virtual Result<std::uint64_t> next_data(std::uint64_t offset) const = 0;
};

/// A folder that is held against other processes for as long as this object lives.
class DirectoryLock {
 public:
  DirectoryLock() = default;
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  virtual ~DirectoryLock() = default;
};

enum class Access { read_only, read_write };

/// What logs, archives and stores need of a file system: the real one (PosixFileSystem) and the simulated one of the
/// tests. Creating, renaming and removing are certain to outlive a crash only after sync_directory() of the folder.
class FileSystem {
 public:
  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;

  /// An existing file.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> open(const std::filesystem::path& path, Access access) = 0;
  /// A new empty file, open for reading and writing; a file of that name is emptied.
  [[nodiscard]] virtual Result<std::unique_ptr<File>> create(const std::filesystem::path& path) = 0;
  /// Within one file system. A file under the new name is replaced. From one folder to another it is one change: a
  /// crash leaves the file under exactly one of its names.
  [[nodiscard]] virtual Status rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  [[nodiscard]] virtual Status remove(const std::filesystem::path& path) = 0;
  /// The names in a folder, sorted; none if there is no such folder.
  [[nodiscard]] virtual Result<std::vector<std::string>> list(const std::filesystem::path& folder) = 0;
  /// The folder and every one above it that is missing; all of them durable on return.
  [[nodiscard]] virtual Status make_directories(const std::filesystem::path& folder) = 0;
  [[nodiscard]] virtual Status sync_directory(const std::filesystem::path& folder) = 0;
  /// `locked` if anyone, this process included, holds it. The lock is on the folder itself and ends with its process.
  [[nodiscard]] virtual Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::filesystem::path& folder) = 0;
  /// Bytes that an unprivileged process may still write there.
  [[nodiscard]] virtual Result<std::uint64_t> free_bytes(const std::filesystem::path& folder) = 0;
};

}  // namespace parley::files
