#pragma once
#include <filesystem>
#include <memory>

#include "common/app/settings.hpp"
#include "common/obs/logger.hpp"
#include "common/raft/options.hpp"
#include "common/store/backend.hpp"
#include "common/wal/log.hpp"
#include "common/wal/posix_file_system.hpp"
#include "node/state_machine.hpp"

namespace parley::node {

/// What a replica does when its disk has damaged what it once promised.
enum class Damage {
  refuses,  ///< to start: somebody must look
  /// It puts everything aside and begins anew, as another incarnation that has promised nothing: a learner that votes
  /// again once it was promoted (a corrupt minority must never elect a leader that lacks what was committed).
  begins_anew,
};

/// What stands in a data folder, opened for use: `log/` and `store/`. Members are in the order in which they depend on
/// each other.
struct DataFolder {
  std::unique_ptr<wal::PosixFileSystem> files;
  std::unique_ptr<store::Backend> backend;
  std::unique_ptr<StateMachine> machine;
  wal::Log log;
  raft::Restored restored;
  ServerId server;
  bool is_new = false;

  [[nodiscard]] static std::filesystem::path log_of(const std::filesystem::path& folder) { return folder / "log"; }
  [[nodiscard]] static std::filesystem::path store_of(const std::filesystem::path& folder) { return folder / "store"; }

  /// True if a replica was ever made there, whatever is left of it.
  [[nodiscard]] static Result<bool> exists(const std::filesystem::path& folder);
  /// Opens the folder, or makes it with a new incarnation. A damaged store whose log is whole from the first entry is
  /// put aside and made again from that. Errors: `locked` by another process; `usage` if the folder cannot be one or
  /// cannot be made, or if `settings` are not those of the cluster it belongs to, naming each difference; `corrupt` for
  /// other damage, naming file and place; `io`.
  [[nodiscard]] static Result<DataFolder> open(const std::filesystem::path& folder, const app::Settings& settings,
                                               const wal::Options& options, Damage damage, const obs::Logger& logger);

 private:
  [[nodiscard]] static Result<DataFolder> open_whole(const std::filesystem::path& folder, const app::Settings& settings,
                                                     const wal::Options& options, const obs::Logger& logger,
                                                     bool& is_store_damaged);
};

}  // namespace parley::node
