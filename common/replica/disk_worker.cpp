#include "common/replica/disk_worker.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace parley::replica {

RunRead read_run(const wal::Log& log, const ReadRun& wanted) {
  if (wanted.from < log.first()) return EntriesGone{log.first()};
  transfer::EntryRun run;
  run.before = log.start().digest;
  if (wanted.from > log.first()) {
    const Index previous = wanted.from.previous();
    const auto before = log.read(previous, previous, 0);
    if (!before) return before.error();
    if (before->empty()) return EntriesGone{};
    run.before = before->front().digest;
  }
  auto entries = log.read(wanted.from, wanted.to, wanted.max_bytes);
  if (!entries) return std::move(entries.error());
  if (entries->empty()) return EntriesGone{};
  run.entries.reserve(entries->size());
  for (Entry& entry : *entries) run.entries.push_back({std::move(entry), std::nullopt});
  return run;
}

Result<std::vector<DiskDone>> DiskWorker::work(std::vector<DiskRequest> requests) {
  std::vector<DiskDone> done;
  std::vector<raft::EntriesWanted> reads;
  std::vector<ReadRun> runs;
  for (DiskRequest& request : requests) {
    if (auto* persist = std::get_if<raft::Persist>(&request)) {
      unwritten_.push_back(std::move(*persist));
    } else if (const auto* trim = std::get_if<TrimBefore>(&request)) {
      trim_ = std::max(trim_.value_or(Index{}), trim->first_kept);
    } else if (auto* run = std::get_if<ReadRun>(&request)) {
      runs.push_back(std::move(*run));
    } else {
      reads.push_back(std::get<raft::EntriesWanted>(request));
    }
  }
  if (const Status written = persist(done); !written) return std::unexpected(written.error());
  if (const Status written = write_hard_state(done); !written) return std::unexpected(written.error());
  // Reads are of entries that left memory, so they were written long before.
  for (const raft::EntriesWanted& wanted : reads) {
    auto entries = log_.read(wanted.from, wanted.to, wanted.max_bytes);
    if (!entries) return std::unexpected(entries.error());
    done.push_back(raft::EntriesRead{wanted.peer, wanted.term, wanted.from, std::move(*entries)});
  }
  for (const ReadRun& run : runs) run.done(read_run(log_, run));
  if (const Status trimmed = trim(done); !trimmed) return std::unexpected(trimmed.error());
  return done;
}

/// Up to the next restart of the log at once, then that, and so on: a restart is a step of its own.
Status DiskWorker::persist(std::vector<DiskDone>& done) {
  while (!unwritten_.empty()) {
    if (unwritten_.front().restart) {
      const raft::LogRestart& restart = *unwritten_.front().restart;
      const raft::LogStart& start = restart.start;
      const Status restarted =
          log_.start_after({start.index, start.term, start.digest, start.time},
                           {restart.membership.index, raft::encode_membership(restart.membership.membership)});
      if (!restarted && restarted.error().code == ErrorCode::disk_full) {
        set_full(true, done);
        return {};
      }
      if (!restarted) return restarted;
      unwritten_.front().restart.reset();
    }
    const auto next_restart =
        std::ranges::find_if(unwritten_, [](const auto& each) { return each.restart.has_value(); });
    const auto count = static_cast<std::size_t>(next_restart - unwritten_.begin());
    const std::size_t before = unwritten_.size();
    if (Status written = write(count, done); !written) return written;
    if (unwritten_.size() == before) return {};  // no room: later again
  }
  return {};
}

Status DiskWorker::write(std::size_t count, std::vector<DiskDone>& done) {
  wal::Batch batch;
  for (const raft::Persist& persist : std::span(unwritten_).first(count)) {
    if (persist.hard_state) batch.hard_state = persist.hard_state;
    if (persist.adopt) batch.adopt = persist.adopt;
    if (!persist.entries.empty()) batch.entries.emplace_back(persist.entries);
    batch.commit = std::max(batch.commit, persist.commit);
  }
  Status written = log_.write(batch);
  if (!written && written.error().code == ErrorCode::disk_full) {
    set_full(true, done);
    return {};
  }
  if (written) written = log_.sync();
  if (!written) return written;
  const auto end = unwritten_.begin() + static_cast<std::ptrdiff_t>(count);
  for (auto persist = unwritten_.begin(); persist != end; ++persist) done.push_back(PersistDone{persist->sequence});
  unwritten_.erase(unwritten_.begin(), end);
  return {};
}

/// What is left has no room. Terms and votes do not wait for the entries before them: the log has some room for them
/// alone. No term or vote may be written after a later one, so what is written here is taken out.
Status DiskWorker::write_hard_state(std::vector<DiskDone>& done) {
  wal::Batch batch;
  for (const raft::Persist& persist : unwritten_) {
    if (persist.hard_state) batch.hard_state = persist.hard_state;
    if (persist.adopt) batch.adopt = persist.adopt;
  }
  if (!batch.hard_state && !batch.adopt) return {};
  Status written = log_.write(batch);
  if (!written && written.error().code == ErrorCode::disk_full) return {};
  if (written) written = log_.sync();
  if (!written) return written;
  for (raft::Persist& persist : unwritten_) {
    persist.hard_state.reset();
    persist.adopt.reset();
  }
  done.push_back(HardStateDone{unwritten_.back().sequence});
  return {};
}

Status DiskWorker::trim(std::vector<DiskDone>& done) {
  if (!trim_) return {};
  const Index before = log_.start().index;
  if (Status trimmed = log_.trim_before(*std::exchange(trim_, std::nullopt)); !trimmed) return trimmed;
  const wal::Start& start = log_.start();
  if (start.index > before) done.push_back(raft::Trimmed{{start.index, start.term, start.digest, start.time}});
  return {};
}

void DiskWorker::set_full(bool is_full, std::vector<DiskDone>& done) {
  if (std::exchange(is_full_, is_full) != is_full) done.push_back(DiskFullChanged{is_full});
}

Result<bool> DiskWorker::prepare(std::vector<DiskDone>& done) {
  const auto more = log_.prepare();
  if (more) {
    if (log_.has_spare()) set_full(false, done);
    return *more;
  }
  if (more.error().code != ErrorCode::disk_full) return std::unexpected(more.error());
  set_full(true, done);
  return false;
}

}  // namespace parley::replica
