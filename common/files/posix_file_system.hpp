#pragma once
#include "common/files/file_system.hpp"

namespace parley::files {

/// The file system of the machine. Has no state; thread-safe.
class PosixFileSystem final : public FileSystem {
 public:
  [[nodiscard]] Result<std::unique_ptr<File>> open(const std::filesystem::path& path, Access access) override;
  [[nodiscard]] Result<std::unique_ptr<File>> create(const std::filesystem::path& path) override;
  [[nodiscard]] Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  [[nodiscard]] Status remove(const std::filesystem::path& path) override;
  [[nodiscard]] Result<std::vector<std::string>> list(const std::filesystem::path& folder) override;
  [[nodiscard]] Status make_directories(const std::filesystem::path& folder) override;
  [[nodiscard]] Status sync_directory(const std::filesystem::path& folder) override;
  [[nodiscard]] Result<std::unique_ptr<DirectoryLock>> lock_directory(const std::filesystem::path& folder) override;
  [[nodiscard]] Result<std::uint64_t> free_bytes(const std::filesystem::path& folder) override;
};

}  // namespace parley::files
