#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "common/store/backend.hpp"

namespace parley::sim {

/// A backend in memory that outlives the simulated process: what was committed is there after a crash, all of a
/// commit or nothing. Snapshots see the rows as of their commit, as LMDB's do. One thread.
class SimulatedBackend final : public store::Backend {
 public:
  SimulatedBackend();
  ~SimulatedBackend() override;

  [[nodiscard]] Result<std::unique_ptr<store::Snapshot>> snapshot() override;
  [[nodiscard]] Status commit(const store::Overlay& overlay) override;
  [[nodiscard]] Result<bool> step() override { return false; }

  [[nodiscard]] Result<store::Backend*> begin_image() override;
  [[nodiscard]] Status complete_image() override;
  [[nodiscard]] Result<std::unique_ptr<store::Snapshot>> completed_image() override;
  [[nodiscard]] Status install_image() override;
  void discard_image() override;
  [[nodiscard]] bool is_crowded() const override { return false; }

  [[nodiscard]] bool has_complete_image() const { return is_image_complete_; }

  /// The next commit fails with this error and changes nothing.
  void fail_next_commit(Error error) { failure_ = std::move(error); }
  /// While it is so, every commit fails with `disk_full` and changes nothing.
  void set_full(bool is_full) { is_full_ = is_full; }
  /// The process died: nothing committed is lost but an image that was not complete, and a failure that was still to
  /// come is forgotten. The process's snapshots must be gone.
  void crash();
  /// An empty disk in place of this one. The same of snapshots.
  void wipe();

  [[nodiscard]] std::uint64_t commits() const;
  /// The rows as of the last commit.
  [[nodiscard]] std::map<Bytes, Bytes> rows() const;

  /// Rows with their history, as far back as a snapshot looks; shared with the snapshots.
  struct Disk;

 private:
  std::shared_ptr<Disk> disk_;
  std::optional<Error> failure_;
  std::unique_ptr<SimulatedBackend> image_;
  bool is_image_complete_ = false;
  bool is_full_ = false;
};

}  // namespace parley::sim
