#include "common/replica/disk_actor.hpp"

#include <utility>

namespace parley::replica {
namespace {

/// Requests beyond which consensus would have a bug: it has a bounded number of entries, and so of writes, in flight.
constexpr std::size_t mailbox_capacity = 65536;
/// How long the actor waits before it looks whether a full disk has room again.
constexpr std::uint64_t full_retry_us = 200'000;
/// Otherwise it waits for whatever comes.
constexpr std::uint64_t idle_us = 3'600'000'000;

}  // namespace

DiskActor::DiskActor(obs::Logger logger) : logger_(std::move(logger)), mailbox_(mailbox_capacity) {}

Status DiskActor::start(wal::Log log, Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  auto actor = mq::Actor::start(
      "disk", [this] { mailbox_.wake(); },
      [log = std::move(log)]() mutable -> Result<DiskWorker> { return DiskWorker(std::move(log)); },
      [this](DiskWorker& worker, const std::stop_token& stop) { return run(worker, stop); });
  if (!actor) return std::unexpected(actor.error());
  actor_ = std::move(*actor);
  return {};
}

Status DiskActor::run(DiskWorker& worker, const std::stop_token& stop) {
  std::vector<DiskRequest> requests;
  bool has_spare_work = true;
  say_if_changed(worker);
  while (true) {
    const bool has_work = mailbox_.drain(requests);
    Status status;
    if (has_work || worker.is_full()) {
      status = work(worker, std::exchange(requests, {}));
      has_spare_work = true;
    }
    if (status && has_spare_work && (!has_work || worker.is_preparation_due())) {
      std::vector<DiskDone> done;
      const auto more = worker.prepare(done);
      for (DiskDone& each : done) callbacks_.done(std::move(each));
      if (!more) status = std::unexpected(more.error());
      has_spare_work = more && *more;
    }
    if (!status) {
      logger_.error("{}; the disk can no longer be trusted, this replica stops", status.error().what);
      callbacks_.failed(status.error());
      return status;
    }
    // What was asked for before the stop is written; a replica that stops has then forgotten nothing.
    if (stop.stop_requested() && !has_work) return {};
    if (!has_work && !has_spare_work) mailbox_.wait(worker.is_full() ? full_retry_us : idle_us);
  }
}

Status DiskActor::work(DiskWorker& worker, std::vector<DiskRequest> requests) {
  auto done = worker.work(std::move(requests));
  if (!done) return std::unexpected(done.error());
  say_if_changed(worker);
  for (DiskDone& each : *done) callbacks_.done(std::move(each));
  return {};
}

void DiskActor::say_if_changed(const DiskWorker& worker) {
  const LogExtent extent = LogExtent::of(worker.log());
  if (callbacks_.changed && extent != std::exchange(extent_, extent)) callbacks_.changed(extent);
}

}  // namespace parley::replica
