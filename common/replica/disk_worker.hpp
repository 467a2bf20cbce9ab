#pragma once
#include <vector>

#include "common/replica/ports.hpp"
#include "common/wal/log.hpp"

namespace parley::replica {

/// What was asked for, as this log has it. What is not there yet, for want of room on the disk, is gone with no first.
[[nodiscard]] RunRead read_run(const wal::Log& log, const ReadRun& wanted);

/// Does the disk's work on the log, without a thread of its own: the disk actor and the simulation call it. One thread
/// at a time.
class DiskWorker {
 public:
  explicit DiskWorker(wal::Log log) : log_(std::move(log)) {}

  /// Does all requests in order: one write and one sync for everything that is to be persisted, then the reads. Returns
  /// what is done. While the disk is full what could not be written is kept, and tried again with the next call, which
  /// may bring nothing new; terms and votes are written alone meanwhile. An error is fatal: nothing that was asked for
  /// since the last success may be counted on.
  [[nodiscard]] Result<std::vector<DiskDone>> work(std::vector<DiskRequest> requests);

  /// A step of what can be done in advance, some milliseconds at most; true if there is more to do.
  [[nodiscard]] Result<bool> prepare(std::vector<DiskDone>& done);

  /// True if a step of prepare() must not wait for spare time any longer.
  [[nodiscard]] bool is_preparation_due() const { return !is_full_ && log_.is_spare_due(); }

  /// True while the disk was full when last asked: work() and prepare() are to be tried again from time to time.
  [[nodiscard]] bool is_full() const { return is_full_; }
  [[nodiscard]] const wal::Log& log() const { return log_; }

 private:
  [[nodiscard]] Status persist(std::vector<DiskDone>& done);
  [[nodiscard]] Status write(std::size_t count, std::vector<DiskDone>& done);
  [[nodiscard]] Status write_hard_state(std::vector<DiskDone>& done);
  [[nodiscard]] Status trim(std::vector<DiskDone>& done);
  void set_full(bool is_full, std::vector<DiskDone>& done);

  wal::Log log_;
  std::vector<raft::Persist> unwritten_;
  std::optional<Index> trim_;
  bool is_full_ = false;
};

}  // namespace parley::replica
