#pragma once
#include <filesystem>
#include <memory>

#include "common/store/backend.hpp"
#include "common/store/journaled_rows.hpp"

namespace parley::store {

/// The engines `memory` and `disk`: rows in a tree in memory, made durable by a journal; with `disk`, the values of
/// clients in slots of a file. An image is such a store of its own, in a folder beside this one.
class JournaledBackend final : public Backend {
 public:
  /// Opens the store in `folder`, or makes one if the folder does not exist; its parent must. An installation of an
  /// image that a crash cut short is finished first. `files`, which must be those of the machine, outlive it.
  [[nodiscard]] static Result<std::unique_ptr<JournaledBackend>> open(files::FileSystem& files,
                                                                      const std::filesystem::path& folder,
                                                                      const JournaledOptions& options);

  [[nodiscard]] Result<std::unique_ptr<Snapshot>> snapshot() override { return rows_->snapshot(); }
  [[nodiscard]] Status commit(const Overlay& overlay) override { return rows_->commit(overlay); }
  [[nodiscard]] Result<bool> step() override;

  [[nodiscard]] Result<Backend*> begin_image() override;
  [[nodiscard]] Status complete_image() override;
  [[nodiscard]] Result<std::unique_ptr<Snapshot>> completed_image() override;
  [[nodiscard]] Status install_image() override;
  void discard_image() override;
  [[nodiscard]] bool is_crowded() const override { return rows_->is_crowded(); }

  [[nodiscard]] const JournaledRows& rows() const { return *rows_; }

 private:
  JournaledBackend(files::FileSystem& files, std::filesystem::path folder, const JournaledOptions& options,
                   std::unique_ptr<JournaledRows> rows)
      : files_(&files), folder_(std::move(folder)), options_(options), rows_(std::move(rows)) {}

  [[nodiscard]] Result<bool> has_complete_image();

  files::FileSystem* files_;
  std::filesystem::path folder_;
  JournaledOptions options_;
  std::unique_ptr<JournaledRows> rows_;
  std::unique_ptr<JournaledBackend> image_;  ///< coming in, or complete
  std::unique_ptr<JournaledRows> replaced_;  ///< by an image, until nobody reads them: freeing them takes its time
};

}  // namespace parley::store
