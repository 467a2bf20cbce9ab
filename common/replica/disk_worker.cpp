#include "common/replica/disk_worker.hpp"

#include <algorithm>
#include <utility>

namespace parley::replica {

Result<std::vector<DiskDone>> DiskWorker::work(std::vector<DiskRequest> requests) {
  std::vector<DiskDone> done;
  std::vector<raft::EntriesWanted> reads;
  for (DiskRequest& request : requests) {
    if (auto* persist = std::get_if<raft::Persist>(&request)) {
      unwritten_.push_back(std::move(*persist));
    } else {
      reads.push_back(std::get<raft::EntriesWanted>(request));
    }
  }
  if (const Status written = persist(done); !written) return std::unexpected(written.error());
  // Reads are of entries that left memory, so they were written long before.
  for (const raft::EntriesWanted& wanted : reads) {
    auto entries = log_.read(wanted.from, wanted.to, wanted.max_bytes);
    if (!entries) return std::unexpected(entries.error());
    done.push_back(raft::EntriesRead{wanted.peer, wanted.term, wanted.from, std::move(*entries)});
  }
  return done;
}

Status DiskWorker::persist(std::vector<DiskDone>& done) {
  if (unwritten_.empty()) return {};
  wal::Batch batch;
  for (const raft::Persist& persist : unwritten_) {
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
  for (const raft::Persist& persist : std::exchange(unwritten_, {})) done.push_back(PersistDone{persist.sequence});
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
