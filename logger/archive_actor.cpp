#include "logger/archive_actor.hpp"

#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/limits.hpp"

namespace parley::logger {
namespace {

/// Rounds of consensus that may wait; the entries that they hold are bounded by what consensus hands over before it is
/// told that they were taken.
constexpr std::size_t mailbox_capacity = 65536;
constexpr std::uint64_t idle_us = 3'600'000'000;

}  // namespace

ArchiveActor::ArchiveActor(obs::Logger logger) : logger_(std::move(logger)), mailbox_(mailbox_capacity) {}

Status ArchiveActor::start(Index archived, Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  committed_ = archived_ = archived;
  auto actor = mq::Actor::start(
      "archive", [this] { mailbox_.wake(); }, []() -> Result<int> { return 0; },
      [this](int&, const std::stop_token& stop) { return run(stop); });
  if (!actor) return std::unexpected(actor.error());
  actor_ = std::move(*actor);
  return {};
}

Status ArchiveActor::run(const std::stop_token& stop) {
  std::vector<Work> items;
  while (!stop.stop_requested()) {
    if (mailbox_.drain(items)) {
      for (Work& item : items) std::visit([this](auto& each) { on(each); }, item);
    } else {
      mailbox_.wait(idle_us);
    }
  }
  return {};
}

void ArchiveActor::on(replica::Round& round) {
  if (round.membership) callbacks_.members(round.cluster, *round.membership);
  if (!round.committed.empty()) take_committed(round.committed);
  if (round.disk_full)
    logger_.warn("{}", *round.disk_full ? "the disk is full: nothing more is archived until there is room"
                                        : "there is room on the disk again");
  if (round.stable_reached) {
    asked_ = false;
    archived_ = std::max(archived_, std::min(*round.stable_reached, committed_));
    callbacks_.archived(archived_);
  }
  if (!asked_ && archived_ < committed_) {
    asked_ = true;
    callbacks_.order(replica::NotifyStable{committed_});
  }
}

/// All of it is in the log already, or on its way there. So nothing is kept back.
void ArchiveActor::take_committed(const std::vector<Entry>& committed) {
  ENSURE_EQ(committed.front().index, committed_.next());
  committed_ = committed.back().index;
  callbacks_.order(raft::Applied{committed_});
}

void ArchiveActor::on(Arrived&) {}
void ArchiveActor::on(Restarted&) {}

}  // namespace parley::logger
