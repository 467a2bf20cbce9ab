#include "common/files/posix_file_system.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace parley::files {
namespace {

using std::filesystem::path;

// A data folder holds what users wrote and hashes of their passwords: nothing for others to read.
constexpr mode_t file_mode = 0640;
constexpr mode_t folder_mode = 0750;

std::unexpected<Error> failure(int error, const std::string& doing, const path& where) {
  const ErrorCode code = error == ENOSPC || error == EDQUOT ? ErrorCode::disk_full : ErrorCode::io;
  return fail(code, "cannot " + doing + " " + where.string() + ": " + std::system_category().message(error));
}

/// Repeats a system call that a signal interrupted.
template <class Call>
auto retried(Call call) {
  auto answer = call();
  while (answer == -1 && errno == EINTR) answer = call();
  return answer;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_;
};

Result<Descriptor> open_descriptor(const path& where, int flags, const std::string& doing) {
  const int number = retried([&] { return ::open(where.c_str(), flags | O_CLOEXEC, file_mode); });
  if (number < 0) return failure(errno, doing, where);
  return Descriptor(number);
}

class PosixMapping final : public Mapping {
 public:
  PosixMapping(void* address, std::size_t size) : address_(address), size_(size) {}
  PosixMapping(const PosixMapping&) = delete;
  PosixMapping& operator=(const PosixMapping&) = delete;
  ~PosixMapping() override {
    if (size_ > 0) ::munmap(address_, size_);
  }
  [[nodiscard]] BytesView bytes() const override { return {static_cast<const char*>(address_), size_}; }

 private:
  void* address_;
  std::size_t size_;
};

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, path where) : descriptor_(std::move(descriptor)), path_(std::move(where)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t count = retried([&] {
        return ::pread(descriptor_.number(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      });
      if (count < 0) return failure(errno, "read", path_);
      if (count == 0) break;
      done += static_cast<std::size_t>(count);
    }
    return done;
  }

  Status write_at(std::uint64_t offset, BytesView bytes) override {
    while (!bytes.empty()) {
      const ssize_t count = retried(
          [&] { return ::pwrite(descriptor_.number(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
      if (count < 0) return failure(errno, "write", path_);
      offset += static_cast<std::uint64_t>(count);
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  }

  Status reserve(std::uint64_t bytes) override {
    // Not posix_fallocate: where the file system cannot, that one writes to every block and takes seconds.
    const int failed = retried([&] { return ::fallocate(descriptor_.number(), 0, 0, static_cast<off_t>(bytes)); });
    if (failed != 0 && errno != EOPNOTSUPP && errno != ENOSYS) return failure(errno, "reserve space for", path_);
    return {};
  }

  Status sync() override {
    // Once: after a failure the kernel may have dropped the pages, and a second call would answer that all is well.
    if (::fdatasync(descriptor_.number()) == 0) return {};
    return fail(ErrorCode::sync_failed, failure(errno, "sync", path_).error().what);
  }

  Result<std::uint64_t> size() const override {
    struct stat status = {};
    if (::fstat(descriptor_.number(), &status) != 0) return failure(errno, "read the size of", path_);
    return static_cast<std::uint64_t>(status.st_size);
  }

  Result<std::shared_ptr<const Mapping>> map(std::uint64_t bytes) const override {
    if (bytes == 0) return std::make_shared<PosixMapping>(nullptr, 0);
    void* const address = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor_.number(), 0);
    if (address == MAP_FAILED) return failure(errno, "map", path_);
    // Reads are of single records; read-ahead would drop other pages for neighbours that nobody wants.
    static_cast<void>(::madvise(address, bytes, MADV_RANDOM));
    return std::make_shared<PosixMapping>(address, bytes);
  }

  Result<std::uint64_t> next_data(std::uint64_t offset) const override {
    const off_t data = ::lseek(descriptor_.number(), static_cast<off_t>(offset), SEEK_DATA);
    if (data >= 0) return static_cast<std::uint64_t>(data);
    if (errno == ENXIO) return size();
    // A file system that knows of no holes.
    if (errno == EINVAL) return offset;
    return failure(errno, "look for data in", path_);
  }

 private:
  Descriptor descriptor_;
  path path_;
};

class PosixDirectoryLock final : public DirectoryLock {
 public:
  explicit PosixDirectoryLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

Result<std::unique_ptr<File>> open_file(const path& where, int flags, const std::string& doing) {
  auto descriptor = open_descriptor(where, flags, doing);
  if (!descriptor) return std::unexpected(descriptor.error());
  return std::make_unique<PosixFile>(std::move(*descriptor), where);
}

}  // namespace

Result<std::unique_ptr<File>> PosixFileSystem::open(const path& where, Access access) {
  return open_file(where, access == Access::read_only ? O_RDONLY : O_RDWR, "open");
}

Result<std::unique_ptr<File>> PosixFileSystem::create(const path& where) {
  return open_file(where, O_RDWR | O_CREAT | O_TRUNC, "create");
}

Status PosixFileSystem::rename(const path& from, const path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failure(errno, "rename " + from.string() + " to", to);
  return {};
}

Status PosixFileSystem::remove(const path& where) {
  if (::unlink(where.c_str()) != 0) return failure(errno, "remove", where);
  return {};
}

Result<std::vector<std::string>> PosixFileSystem::list(const path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator at(folder, error);
  if (error == std::errc::no_such_file_or_directory) return names;
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
    names.push_back(at->path().filename().string());
  }
  if (error) return failure(error.value(), "list", folder);
  std::ranges::sort(names);
  return names;
}

Status PosixFileSystem::make_directories(const path& folder) {
  struct stat status = {};
  if (folder.empty() || ::stat(folder.c_str(), &status) == 0) return {};
  const path parent = folder.has_parent_path() ? folder.parent_path() : path(".");
  if (Status made = make_directories(parent); !made) return made;
  if (folder.filename().empty()) return {};  // "a/b/" is "a/b", which was just made
  if (::mkdir(folder.c_str(), folder_mode) != 0 && errno != EEXIST) return failure(errno, "create folder", folder);
  return sync_directory(parent);
}

Status PosixFileSystem::sync_directory(const path& folder) {
  auto descriptor = open_descriptor(folder, O_RDONLY | O_DIRECTORY, "open folder");
  if (!descriptor) return std::unexpected(descriptor.error());
  if (::fsync(descriptor->number()) == 0) return {};
  return fail(ErrorCode::sync_failed, failure(errno, "sync folder", folder).error().what);
}

Result<std::unique_ptr<DirectoryLock>> PosixFileSystem::lock_directory(const path& folder) {
  auto descriptor = open_descriptor(folder, O_RDONLY | O_DIRECTORY, "open folder");
  if (!descriptor) return std::unexpected(descriptor.error());
  if (retried([&] { return ::flock(descriptor->number(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno == EWOULDBLOCK) return fail(ErrorCode::locked, folder.string() + " is used by another process");
    return failure(errno, "lock", folder);
  }
  return std::make_unique<PosixDirectoryLock>(std::move(*descriptor));
}

Result<std::uint64_t> PosixFileSystem::free_bytes(const path& folder) {
  struct statvfs status = {};
  if (retried([&] { return ::statvfs(folder.c_str(), &status); }) != 0)
    return failure(errno, "read the free space of", folder);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

}  // namespace parley::files
