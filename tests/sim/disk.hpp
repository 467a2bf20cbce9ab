#pragma once
#include "common/replica/disk_worker.hpp"
#include "tests/sim/process.hpp"
#include "tests/sim/world.hpp"

namespace parley::sim {

/// The disk actor of a simulated node: works off what has gathered, takes its time, and may die at any operation of the
/// file system.
class Disk final : public replica::DiskPort {
 public:
  using Report = std::function<void(replica::DiskDone done)>;
  /// The machine below.
  struct Doom {
    std::function<bool()> is_dying;                           ///< files fail because it dies at this point
    std::function<void(std::uint64_t operations)> die_after;  ///< it is to die at one of the next operations on files
  };

  Disk(World& world, Process& process, int node, ServerId server, replica::DiskWorker worker, Random& random,
       Report report, Doom doom);

  void submit(replica::DiskRequest request) override;
  /// What is under way takes no longer than usual from now on.
  void hurry();
  void set_quality(const DiskQuality& quality) { quality_ = quality; }
  [[nodiscard]] const wal::Log& log() const { return worker_.log(); }

 private:
  /// Of what it is busy with.
  enum class State { begun, worked, prepares, broken };

  void maybe_doom(const raft::Persist& persist);
  void begin();
  void work(std::uint64_t report_after_us);
  void report(std::vector<replica::DiskDone> done);
  void prepare();
  void prepared();
  void fail(const Error& error);
  [[nodiscard]] std::uint64_t draw_latency_us();

  World& world_;
  Process& process_;
  const int node_;
  const ServerId server_;
  replica::DiskWorker worker_;
  Random& random_;
  Report report_;
  Doom doom_;
  DiskQuality quality_;
  std::vector<replica::DiskRequest> waiting_;
  std::vector<replica::DiskRequest> taken_;  ///< what is being worked off
  bool is_busy_ = false;
  State state_ = State::begun;
  bool wants_spare_ = true;
  std::uint64_t turn_ = 0;  ///< counts completions, so that one that was hurried does not come twice
  std::vector<replica::DiskDone> unreported_;
};

}  // namespace parley::sim
