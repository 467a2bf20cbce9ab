#pragma once
#include <filesystem>
#include <memory>
#include <span>

#include "common/store/backend.hpp"
#include "common/store/lmdb_environment.hpp"

namespace parley::store {

/// Rows in LMDB, in `data.mdb` of a folder (`store/` of a data folder). LMDB lets one thread write while others read.
class LmdbBackend final : public Backend {
 public:
  /// Opens the store in `folder`, or makes one if the folder does not exist; its parent must. The map is
  /// limits::map_per_quota times the quota. An installation of an image that a crash cut short is finished first.
  /// `corrupt` if the folder is there and `data.mdb` is not what LMDB left.
  [[nodiscard]] static Result<std::unique_ptr<LmdbBackend>> open(const std::filesystem::path& folder,
                                                                 std::uint64_t quota_bytes);

  [[nodiscard]] Result<std::unique_ptr<Snapshot>> snapshot() override;
  [[nodiscard]] Status commit(const Overlay& overlay) override;
  /// The same for several, which have no key in common: all of them, or none.
  [[nodiscard]] Status commit(std::span<const std::shared_ptr<const Overlay>> overlays);

  /// LMDB does all there is to do in its commits.
  [[nodiscard]] Result<bool> step() override { return false; }

  [[nodiscard]] Result<Backend*> begin_image() override;
  [[nodiscard]] Status complete_image() override;
  [[nodiscard]] Result<std::unique_ptr<Snapshot>> completed_image() override;
  [[nodiscard]] Status install_image() override;
  void discard_image() override;
  [[nodiscard]] bool is_crowded() const override;

  [[nodiscard]] LmdbEnvironment::MapUsage usage() const { return environment_->usage(); }

 private:
  LmdbBackend(std::filesystem::path folder, std::uint64_t quota_bytes, std::shared_ptr<LmdbEnvironment> environment)
      : folder_(std::move(folder)), quota_bytes_(quota_bytes), environment_(std::move(environment)) {}
  [[nodiscard]] static Status commit(LmdbWriteTransaction& transaction,
                                     std::span<const std::shared_ptr<const Overlay>> overlays);

  std::filesystem::path folder_;
  std::uint64_t quota_bytes_;
  std::shared_ptr<LmdbEnvironment> environment_;
  std::unique_ptr<LmdbBackend> image_;
};

/// A snapshot of an environment, for those who open one without a backend.
[[nodiscard]] Result<std::unique_ptr<Snapshot>> lmdb_snapshot(std::shared_ptr<LmdbEnvironment> environment);

}  // namespace parley::store
