#include "node/application_log.hpp"

#include <algorithm>

#include "common/base/chain.hpp"
#include "common/base/entropy.hpp"
#include "common/base/limits.hpp"
#include "common/replica/ports.hpp"

namespace parley::node {
namespace {

/// Bytes of entries that are taken from the node's own log at once.
constexpr std::size_t catch_up_bytes = 4 * limits::MiB;

/// Before the first entry there is no digest to compare: it is made of the cluster, which may not be known yet.
bool goes_on(const wal::Start& end, const Entry& next) {
  if (next.index != end.index.next() || next.term < end.term) return false;
  return end.index == Index{} || next.digest == chain_next(end.digest, next);
}

}  // namespace

Result<std::unique_ptr<ApplicationLog>> ApplicationLog::open(wal::FileSystem& files,
                                                             const std::filesystem::path& folder,
                                                             wal::Options options) {
  // The archive first: it may otherwise be given segments before anybody has begun it.
  auto archive = archive::Archive::open(files, folder, wal::OpenMode::use);
  if (!archive) return std::unexpected(archive.error());
  options.retire_into = archive->layout().sealed();
  const auto live = archive->layout().live();
  const auto exists = wal::Log::exists(files, live);
  if (!exists) return std::unexpected(exists.error());
  if (!*exists) {
    auto created = wal::Log::create(files, live, {ClusterId{}, draw_server_id()}, options);
    if (!created) return std::unexpected(created.error());
  }
  auto opened = wal::Log::open(files, live, options);
  if (!opened) return std::unexpected(opened.error());
  std::unique_ptr<ApplicationLog> log(new ApplicationLog(std::move(*archive), std::move(*opened)));
  log->tell_live_begin();
  return log;
}

const ClusterId& ApplicationLog::cluster() const { return live_.identity().cluster; }

void ApplicationLog::tell_live_begin() {
  const wal::Segment& first = live_.segments().front();
  archive_.live_begins(first.sequence, first.before);
}

// ---- what it goes on from ----

Status ApplicationLog::check_cluster(const ClusterId& cluster) const {
  if (live_.identity().cluster.is_nil() || live_.identity().cluster == cluster) return {};
  return fail(ErrorCode::usage, archive_.layout().root.string() + " holds the application log of cluster " +
                                    live_.identity().cluster.text() + ", and this node belongs to cluster " +
                                    cluster.text());
}

std::unexpected<Error> ApplicationLog::another_history(Index at) const {
  return fail(ErrorCode::corrupt, archive_.layout().root.string() + ": the application log and the log of this node " +
                                      "differ at entry " + std::to_string(at.value));
}

/// Only what is applied is compared: behind that, the node's own log may have what was never committed.
Status ApplicationLog::catch_up(const ClusterId& cluster, const wal::Log& log, Index applied) {
  if (Status same = check_cluster(cluster); !same) return same;
  while (last().index <= applied && last().index >= log.start().index) {
    const wal::Start before = last();
    if (before.index == log.start().index && before.index > Index{} && before.digest != log.start().digest)
      return another_history(before.index);
    // From the one that both have on, if there is one.
    const auto entries = log.read(std::max(before.index, log.first()), applied, catch_up_bytes);
    if (!entries) return std::unexpected(entries.error());
    const std::span<const Entry> run(*entries);
    if (Status taken = append(cluster, std::span(&run, 1)); !taken) return taken;
    if (last().index == before.index) return {};
  }
  return {};
}

// ---- entries ----

Status ApplicationLog::append(const ClusterId& cluster, std::span<const std::span<const Entry>> entries) {
  if (Status same = check_cluster(cluster); !same) return same;
  wal::Batch batch;
  const wal::Start& ours = last();
  for (std::span<const Entry> run : entries) {
    while (!run.empty() && run.front().index <= ours.index) {
      if (run.front().index == ours.index && run.front().digest != ours.digest) return another_history(ours.index);
      run = run.subspan(1);
    }
    if (run.empty()) continue;
    // What does not go on from the last one is never written: it could not be read again.
    if (batch.entries.empty() && !goes_on(ours, run.front())) return another_history(run.front().index);
    batch.entries.push_back(run);
    batch.commit = run.back().index;
    batch.hard_state = raft::HardState{run.back().term, nobody};
  }
  return batch.entries.empty() ? Status{} : write(std::move(batch), cluster);
}

Status ApplicationLog::write(wal::Batch batch, const ClusterId& cluster) {
  if (live_.identity().cluster.is_nil()) batch.adopt = cluster;
  if (Status written = live_.write(batch); !written) return written;
  return live_.sync();
}

/// The image becomes part of the archive before the log begins behind it: so no gap is without its image.
Status ApplicationLog::begin_behind(const ClusterId& cluster, const transfer::ImageHead& image) {
  if (Status same = check_cluster(cluster); !same) return same;
  if (!wants_image(image.index)) return {};
  if (image.term < live_.hard_state().term) return another_history(image.index);
  if (Status added = archive_.add_image(image.index); !added) {
    // It is of another cluster or history than the archive.
    if (added.error().code == ErrorCode::refused) added.error().code = ErrorCode::corrupt;
    return added;
  }
  wal::Batch batch;
  batch.hard_state = raft::HardState{image.term, nobody};
  if (Status written = write(std::move(batch), cluster); !written) return written;
  const Status started = live_.start_after({image.index, image.term, image.digest, image.time},
                                           {image.membership_index, Bytes(image.membership.view())});
  if (!started) return started;
  tell_live_begin();
  return {};
}

// ---- in spare time ----

Result<bool> ApplicationLog::step() {
  const auto prepared = live_.prepare();
  if (!prepared && prepared.error().code != ErrorCode::disk_full) return std::unexpected(prepared.error());
  if (prepared && *prepared) return true;
  if (Status gone = let_go(); !gone) return std::unexpected(gone.error());
  if (!archive_.has_work()) return false;
  const auto more = archive_.step();
  if (!more && more.error().code != ErrorCode::disk_full) return std::unexpected(more.error());
  return more && *more;
}

/// Segments that are full leave the live log, one batch of them at a time, so that it stays short.
Status ApplicationLog::let_go() {
  const replica::LogExtent live = replica::LogExtent::of(live_);
  if (live.first_segment == live.last_segment || archive_.manifest().next_sequence() != live.first_segment) return {};
  if (Status gone = live_.trim_before(live.last_begin.next()); !gone) return gone;
  tell_live_begin();
  return {};
}

}  // namespace parley::node
