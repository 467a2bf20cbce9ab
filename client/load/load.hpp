#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "client/load/target.hpp"

namespace parley::client::load {

/// The load of `bench`: all targets at once, in the same phases. For one thread.
class Load {
 public:
  /// Called once a second, and at the end of a phase, with what has ended since the last call, by target. `phase`:
  /// "prepare", "warmup", "load".
  using Observer = std::function<void(const char* phase, const std::vector<Second>& seconds)>;

  /// `settings`: but for the servers, which the targets have. All but the options must outlive it.
  Load(Network& network, const Clock& clock, const ClientSettings& settings, const LoadOptions& options,
       const std::vector<TargetName>& targets, Observer observer);

  /// What the mix needs: writes every key once to each cluster, as fast as the sessions allow, and makes the users and
  /// chats. The first error ends it, and is the result.
  [[nodiscard]] Outcome prepare();
  /// Warms up, measures, and waits for what is still outstanding. By target.
  [[nodiscard]] std::vector<LoadResult> run();

 private:
  void enter(Target::Phase phase, const char* name);
  /// Steps all targets once. Gives when they must be stepped again at the latest.
  [[nodiscard]] std::uint64_t step();
  void wait(std::uint64_t until_us);
  void report_if_due();
  void report();
  template <class IsDone>
  void run_until(std::uint64_t until_us, IsDone is_done);

  Network& network_;
  const Clock& clock_;
  LoadOptions options_;
  Observer observer_;
  std::vector<std::unique_ptr<Target>> targets_;
  const char* phase_ = "";
  std::uint64_t now_us_ = 0;
  std::uint64_t phase_since_us_ = 0;
  std::uint64_t reported_us_ = 0;     ///< when it was told last
  std::uint64_t next_report_us_ = 0;  ///< on the seconds of the phase
};

}  // namespace parley::client::load
