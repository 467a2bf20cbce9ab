#pragma once
#include <memory>
#include <optional>

#include "tests/sim/files/simulated_file_system.hpp"
#include "tests/sim/replica.hpp"
#include "tests/sim/store/simulated_backend.hpp"

namespace parley::sim {

/// What may become of what a disk has kept.
enum class Rot {
  flipped_bit,   ///< in the log, in what was synced long ago
  missing_file,  ///< of the log
  lost_store,    ///< the store is gone, the log is whole
  nothing_left,
};

/// What a machine is for.
enum class Purpose { node, logger };

/// A machine with a disk, a store and clocks, on which a replica runs or does not.
class Machine {
 public:
  Machine(World& world, int number, ServerId server, Purpose purpose);

  /// Opens what the disk holds, as a node does, and goes on from there. May die in the middle of it.
  void start();
  /// The process dies, and the machine with it: what was not synced is lost in part or in whole.
  void crash();
  /// The machine dies at one of its next operations on files.
  void crash_at_operation(std::uint64_t operation) { files_->stop_after(operation); }
  static constexpr std::uint64_t never = std::uint64_t{1} << 60;
  void stop_until(std::uint64_t time_us) {
    if (replica_) replica_->stop_until(time_us);
  }
  /// While it is down. False if there is nothing on its disk that this could happen to.
  bool rot(Rot kind);
  /// On an empty disk.
  void begin_anew(ServerId server);
  /// The disk takes so many more bytes; without a number, as many as before.
  void limit_disk(std::optional<std::uint64_t> more_bytes);
  /// The next write or sync of the log, or the next commit of the store, fails, and the process stops.
  void fail_disk();
  void jump_wall_clock(std::int64_t by_us) { wall_offset_us_ += by_us; }

  /// Something on its disk is not what it was, and it has not begun anew.
  [[nodiscard]] bool is_rotten() const { return is_rotten_; }
  [[nodiscard]] bool is_failing() const { return is_failing_; }
  [[nodiscard]] bool is_up() const { return replica_ != nullptr; }
  /// Which life of its process this is.
  [[nodiscard]] std::uint64_t life() const { return life_; }
  /// Null while the machine is down.
  [[nodiscard]] Replica* replica() { return replica_.get(); }
  [[nodiscard]] const Replica* replica() const { return replica_.get(); }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_logger() const { return purpose_ == Purpose::logger; }
  [[nodiscard]] raft::Member member() const;
  [[nodiscard]] ServerId server() const { return server_; }

 private:
  void count(const wal::Counters& counters);
  bool flip_a_bit();
  bool lose_a_file();
  void report_failed_start(const Error& error);
  Result<ReplicaParts> open();
  Result<wal::OpenedLog> open_log();
  Result<DurableRecord> read_record(const wal::OpenedLog& opened) const;
  [[nodiscard]] ClockReading read_clock() const;
  [[nodiscard]] std::uint64_t tick_us() const;

  World& world_;
  const int number_;
  const Purpose purpose_;
  ServerId server_;
  Random random_;
  bool is_rotten_ = false;  ///< something on its disk is not what it was
  bool has_only_lost_store_ = false;
  bool is_limited_ = false;  ///< in the room on its disk
  bool is_failing_ = false;  ///< its disk is to fail once in this life
  std::unique_ptr<SimulatedFileSystem> files_ = std::make_unique<SimulatedFileSystem>();
  SimulatedBackend backend_;
  std::int64_t wall_offset_us_;
  std::int64_t drift_ppm_;
  std::uint64_t life_ = 0;
  std::unique_ptr<Replica> replica_;
};

}  // namespace parley::sim
