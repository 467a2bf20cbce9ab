#include "common/replica/driver.hpp"

#include <algorithm>
#include <utility>

#include "common/base/ensure.hpp"

namespace parley::replica {
namespace {

/// Election timeouts between two attempts of a full leader to hand over. It cannot know whether the others are full as
/// well, and the same data fills all disks at the same time: then leadership goes round once in so long, not all the
/// time.
constexpr std::uint32_t hand_over_timeouts = 20;

}  // namespace

bool Round::is_empty() const {
  return committed.empty() && !role_changed && !membership && reads_ready.empty() && reads_refused.empty() &&
         proposals_refused.empty() && changes_done.empty() && !stable_reached && !disk_full && status_answers.empty() &&
         !image && images_wanted.empty() && !fresh && !removed;
}

Driver::Driver(raft::Core core, DiskPort& disk, NetworkPort& network, RoundSink& sink)
    : core_(std::move(core)), disk_(disk), network_(network), sink_(sink) {}

void Driver::step(raft::Input input) {
  const bool is_tick = std::holds_alternative<raft::Tick>(input);
  core_.step(std::move(input));
  if (!is_tick) return;
  if (hand_over_wait_ > 0) --hand_over_wait_;
  hand_over_if_full();
}

void Driver::on_disk(DiskDone done) {
  if (const auto* persisted = std::get_if<PersistDone>(&done)) {
    ENSURE_EQ(persisted->sequence, synced_ + 1);
    synced_ = persisted->sequence;
    hard_state_synced_ = std::max(hard_state_synced_, synced_);
    core_.step(raft::Persisted{persisted->sequence});
    send_promises();
  } else if (const auto* hard_state = std::get_if<HardStateDone>(&done)) {
    hard_state_synced_ = hard_state->sequence;
    core_.step(raft::HardStatePersisted{hard_state->sequence});
    send_promises();
  } else if (auto* read = std::get_if<raft::EntriesRead>(&done)) {
    core_.step(std::move(*read));
  } else if (const auto* trimmed = std::get_if<raft::Trimmed>(&done)) {
    core_.step(*trimmed);
  } else {
    is_log_full_ = std::get<DiskFullChanged>(done).is_full;
    room_changed();
  }
}

void Driver::store_room_changed(bool is_full) {
  is_store_full_ = is_full;
  room_changed();
}

void Driver::application_log_room_changed(bool is_full) {
  is_application_log_full_ = is_full;
  room_changed();
}

/// A log that can still be written takes entries while the store waits to be flushed: they are kept for it.
void Driver::room_changed() {
  core_.step(raft::Room{!is_full(), !is_log_full_});
  hand_over_if_full();
  round_.disk_full = is_full();
}

/// A leader that can take no writes makes room for one that can, also if it was elected by those that cannot know.
void Driver::hand_over_if_full() {
  if (!is_full() || hand_over_wait_ > 0) return;
  const ServerId next = next_to_lead();
  if (next.is_nobody()) return;
  handed_to_ = next;
  hand_over_wait_ = hand_over_timeouts * core_.options().election_ticks;
  core_.step(raft::TransferLeadership{next});
}

/// In turn, so that the one that has room is found among some that have none: the voter after the last one that was
/// asked, or after itself, of those that follow closely and have not said that they have no room.
ServerId Driver::next_to_lead() const {
  const auto* leader = std::get_if<raft::Leader>(&core_.role_state());
  if (leader == nullptr) return nobody;
  const ServerId last = handed_to_.is_nobody() ? core_.self() : handed_to_;
  ServerId first = nobody;
  for (const auto& [server, progress] : leader->peers) {
    const bool is_able = core_.membership().is_voter(server) && !progress.lacks_room() &&
                         progress.state() == raft::Progress::State::replicate &&
                         progress.ticks_unheard < core_.options().election_ticks;
    if (!is_able) continue;
    if (server > last) return server;
    if (first.is_nobody()) first = server;
  }
  return first;
}

void Driver::ask_status(std::uint64_t ticket) {
  ReplicaStatus status{core_.role(),       core_.term(),   core_.leader(), core_.log().first(),
                       core_.log().last(), core_.stable(), core_.commit(), {}};
  if (const auto* leader = std::get_if<raft::Leader>(&core_.role_state())) {
    for (const auto& [server, progress] : leader->peers) {
      status.peers.push_back({server, progress.match(), progress.ticks_unheard});
    }
  }
  round_.status_answers.push_back({ticket, std::move(status)});
}

void Driver::hold_or_send(std::vector<raft::Message> messages) {
  for (raft::Message& message : messages) promises_.push_back({submitted_, std::move(message)});
  send_promises();
}

bool Driver::may_go(const Promise& promise) const {
  const bool is_of_entries = std::holds_alternative<raft::AppendAccepted>(promise.message.body);
  return promise.after_sequence <= (is_of_entries ? synced_ : hard_state_synced_);
}

void Driver::send_promises() {
  while (!promises_.empty() && may_go(promises_.front())) {
    network_.send(std::move(promises_.front().message));
    promises_.pop_front();
  }
  // What is left waits for the disk; while that is full, some wait less long than those before them.
  if (hard_state_synced_ == synced_) return;
  std::erase_if(promises_, [this](Promise& promise) {
    if (!may_go(promise)) return false;
    network_.send(std::move(promise.message));
    return true;
  });
}

void Driver::perform() {
  raft::Output output = core_.take_output();
  if (output.membership_changed) network_.members_changed(*output.membership_changed);
  for (raft::Message& message : output.send_now) network_.send(std::move(message));
  if (output.persist) {
    submitted_ = output.persist->sequence;
    disk_.submit(std::move(*output.persist));
  }
  hold_or_send(std::move(output.send_after_persist));
  for (raft::EntriesWanted& wanted : output.entries_wanted) disk_.submit(wanted);

  round_.image = output.image;
  round_.images_wanted = std::move(output.images_wanted);
  round_.fresh = output.fresh;
  round_.removed = output.removed;
  round_.committed = std::move(output.committed);
  round_.reads_ready = std::move(output.reads_ready);
  round_.reads_refused = std::move(output.reads_refused);
  round_.proposals_refused = std::move(output.proposals_refused);
  round_.changes_done = std::move(output.changes_done);
  round_.role_changed = output.role_changed;
  round_.membership = std::move(output.membership_changed);
  round_.cluster = core_.cluster();
  if (stable_wanted_ && core_.stable() >= *stable_wanted_)
    round_.stable_reached = std::exchange(stable_wanted_, std::nullopt);
  if (!round_.is_empty()) sink_.deliver(std::exchange(round_, Round{}));
}

}  // namespace parley::replica
