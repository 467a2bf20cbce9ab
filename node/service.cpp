#include "node/service.hpp"

#include <algorithm>
#include <utility>

#include "common/base/ensure.hpp"
#include "common/base/feed_limits.hpp"
#include "common/base/entropy.hpp"
#include "common/base/limits.hpp"
#include "node/effect_marks.hpp"

namespace parley::node {
namespace {

/// Frames taken from one port before anything else is looked at: no port starves another, nor apply.
constexpr std::size_t frames_per_round = 256;
/// Entries applied before the ports are looked at again: about ten milliseconds of work.
constexpr std::size_t entries_per_round = 4096;
/// How often deadlines are looked at, flushes begun, and lost questions asked again.
constexpr std::uint64_t maintenance_us = 100'000;
/// Bytes of replies at which those that there are go to the ports: a burst of large ones is then never in memory as a
/// whole, since a port drops what its client does not read.
constexpr std::size_t answer_bytes_at_once = limits::reply_frame_bytes;

/// A number that no earlier life of this node has used, with room to count on from it.
std::uint64_t fresh_number() { return draw_u64() >> 1; }

std::string_view why_resigned(raft::Resigned resigned) {
  switch (resigned) {
    case raft::Resigned::no: return "";
    case raft::Resigned::unheard: return "no majority was heard for an election timeout";
    case raft::Resigned::slow_disk:
      return "its disk has confirmed nothing for an election timeout, and another can lead meanwhile";
  }
  return "";
}

}  // namespace

Service::Service(ServiceOptions options, ServiceCalls calls, std::unique_ptr<StateMachine> machine,
                 std::unique_ptr<ApplicationLog> log, std::vector<transport::ServicePort> ports,
                 ServiceMailbox& mailbox, const Clock& clock, obs::Logger logger)
    : options_(std::move(options)),
      calls_(std::move(calls)),
      machine_(std::move(machine)),
      log_(std::move(log)),
      ports_(std::move(ports)),
      mailbox_(mailbox),
      clock_(clock),
      logger_(std::move(logger)),
      writes_(admission_, fresh_number()),
      reads_(admission_, fresh_number()),
      passwords_(admission_, fresh_number()),
      admin_(options_.self, fresh_number()),
      changes_(limits::change_ring_bytes),
      key_feeds_(changes_),
      chat_feeds_([this] {
        return ChatFeeds::State{machine_->rows(), machine_->meta()};
      }),
      feeds_({key_feeds_, chat_feeds_}),
      trim_(options_.retain) {
  changes_.begin_behind(machine_->applied());
  due_timer_.applied(machine_->meta().time.cluster_us, clock_.now().monotonic_us);
  if (calls_.ranges) ranges_.emplace(options_.name.text(), *calls_.ranges);
  announce_state();
}

Status Service::run(const std::stop_token& stop) {
  mq::Poller poller;
  for (transport::ServicePort& port : ports_) {
    poller.watch(port.socket());
    poller.watch_connections(port.socket());
  }
  poller.watch(mailbox_.fd());
  while (!stop.stop_requested()) {
    now_us_ = clock_.now().monotonic_us;
    admission_.set_now(now_us_);
    writes_.set_now(now_us_);
    bool is_busy = take_messages();
    is_busy = take_requests() || is_busy;
    is_busy = apply_entries() || is_busy;
    is_busy = feeds_.serve(answers_) || is_busy;
    is_busy = serve_reads() || is_busy;
    begin_hashing();
    submit();
    propose_time_if_due();
    if (now_us_ >= next_maintenance_us_) maintain();
    send_answers();
    is_busy = maintain_log(is_busy) || is_busy;
    poller.wait(!is_busy && mailbox_.prepare_to_sleep() ? sleep_us() : 0);
    mailbox_.awake();
  }
  return {};
}

std::uint64_t Service::sleep_us() const {
  std::uint64_t until_us = std::min(next_maintenance_us_, due_us().value_or(next_maintenance_us_));
  for (const transport::ServicePort& port : ports_)
    until_us = std::min(until_us, port.next_look_us().value_or(until_us));
  return until_us - std::min(until_us, now_us_);
}

bool Service::take_messages() {
  if (!mailbox_.drain(batch_)) return false;
  for (ToService& message : batch_) std::visit([this](auto& alternative) { on(alternative); }, message);
  batch_.clear();
  return true;
}

bool Service::take_requests() {
  bool took_any = false;
  for (std::size_t port = 0; port < ports_.size(); ++port) {
    took_any = ports_[port].receive(frames_per_round, now_us_, arrivals_) > 0 || took_any;
    for (transport::Arrival& arrival : arrivals_) {
      for (wire::Request& request : arrival.frame.requests) {
        take({static_cast<std::uint8_t>(port), Bytes(arrival.client.routing_id()), request.id}, request);
      }
    }
    arrivals_.clear();
    if (const auto warning = ports_[port].take_warning()) logger_.warn("{}", *warning);
  }
  return took_any;
}

bool Service::apply_entries() {
  std::size_t applied = 0;
  const Index end = log_what_waits();
  while (!installing_ && applied < entries_per_round && machine_->applied() < end && machine_->can_apply()) {
    const app::Outcome outcome = machine_->apply_next();
    ++applied;
    note_changes(outcome);
    if (!outcome.command || !writes_.is_waiting(*outcome.command)) continue;
    writes_.applied(*outcome.command, {machine_->applied(), SharedBytes(Bytes(outcome.encoded))},
                    outcome.reply.word == ErrorWord::session_expired, answers_);
    send_if_many(outcome.encoded.size());
  }
  if (applied == 0) return false;
  due_timer_.applied(machine_->meta().time.cluster_us, now_us_);
  calls_.order_quietly(raft::Applied{machine_->applied()});
  feeds_.changed(key_feeds_);
  announce_applied();
  if (machine_->wants_flush(now_us_)) flush_if_due();
  return true;
}

void Service::note_changes(const app::Outcome& outcome) {
  const app::Meta& meta = machine_->meta();
  changes_.add(meta.applied, meta.time, outcome.changes);
  chat_feeds_.note(*outcome.chats);
  for (const app::chat::ChatId chat : outcome.chats->chats) feeds_.changed(ChatFeeds::topic_of(chat));
  if (outcome.chats->is_access_changed) feeds_.changed(chat_feeds_);
}

/// Who follows a node that is not told what is committed would wait for ever.
bool Service::is_told_of_commits() {
  const auto age_us = freshness_.age_us(machine_->applied(), now_us_);
  return age_us && *age_us <= limits::feed_stale_ms * 1000;
}

void Service::tend_feeds() {
  if (now_us_ < next_beat_us_) return;
  next_beat_us_ = now_us_ + limits::feed_beat_ms * 1000;
  if (!is_told_of_commits()) {
    feeds_.end_all({ErrorWord::no_leader, "this node has not been told for some time what is committed", 0}, answers_);
  }
  feeds_.beat(answers_);
}

void Service::drop_lost_feeds() {
  for (std::size_t port = 0; port < ports_.size(); ++port) {
    for (const transport::ClientKey& client : ports_[port].take_lost()) {
      if (port == client_port) feeds_.lost(Bytes(client.routing_id()));
    }
  }
}

/// True if more are to be served.
bool Service::serve_reads() {
  for (const PendingReads::Read& read : reads_.take_servable(machine_->applied())) answer_read(read);
  return reads_.has_servable();
}

void Service::submit() {
  while (auto proposal = writes_.take_proposal()) calls_.order(std::move(*proposal));
  while (const auto round = reads_.take_round()) calls_.order(*round);
  while (const auto round = passwords_.take_round()) calls_.order(*round);
}

/// When this node has to put the time into the log; nothing if it does not lead, or nothing falls due.
std::optional<std::uint64_t> Service::due_us() const {
  if (role_.leader != options_.self || installing_) return std::nullopt;
  return due_timer_.ask_us(machine_->next_due_us());
}

void Service::propose_time_if_due() {
  const auto due = due_us();
  if (!due || *due > now_us_) return;
  calls_.order(raft::ProposeTime{});
  due_timer_.asked(now_us_);
}

void Service::maintain() {
  next_maintenance_us_ = now_us_ + maintenance_us;
  writes_.set_leader_known(!role_.leader.is_nobody());
  reads_.set_leader_known(!role_.leader.is_nobody());
  passwords_.set_leader_known(!role_.leader.is_nobody());
  writes_.expire(now_us_, answers_);
  reads_.expire(now_us_, answers_);
  passwords_.expire(now_us_, answers_);
  admin_.expire(now_us_, answers_);
  tend_feeds();
  std::erase_if(status_asked_, [&](const auto& asked) { return asked.second.deadline_us <= now_us_; });
  flush_if_due();
}

/// Rows are frozen first and written once the own log has been synced up to them.
void Service::flush_if_due() {
  if (installing_) return;
  if (machine_->wants_flush(now_us_)) machine_->freeze(now_us_);
  if (!machine_->has_frozen() || std::exchange(asked_stable_, true)) return;
  calls_.order(replica::NotifyStable{machine_->frozen_index()});
}

void Service::on(const Flushed&) {
  auto overlay = machine_->flushed();
  if (!overlay) return calls_.failed(overlay.error());
  calls_.free(std::move(*overlay));
  if (ranges_) ranges_->flushed(machine_->flushed_index());
  trim_log();
  vote_on_archives();
  flush_if_due();
}

/// What is flushed here need not be recovered from an archive. It is said again as it grows, since a logger that was
/// restarted has forgotten who has asked.
void Service::vote_on_archives() {
  const Index flushed = machine_->flushed_index();
  if (options_.retain_archives == 0 || flushed.value <= options_.retain_archives) return;
  const Index first_kept{flushed.value - options_.retain_archives + 1};
  if (first_kept <= voted_) return;
  ArchiveVote vote{cluster_, first_kept, {}};
  for (const raft::Member& member : admin_.membership().members) {
    const auto address = Address::parse(member.addresses.recovery);
    if (!member.wants_vote && address && address->port() != 0) vote.loggers.push_back(*address);
  }
  if (vote.loggers.empty() || !admin_.membership().is_voter(options_.self)) return;
  voted_ = first_kept;
  calls_.vote(std::move(vote));
}

void Service::on(const LogBegins& begins) {
  if (ranges_) ranges_->log_begins(begins.before);
}

/// What the log does not tell, the state does: which entries took effect.
void Service::on(RunPasses& passes) {
  if (auto* run = std::get_if<transfer::EntryRun>(&passes.outcome)) mark_effects(*machine_, *run);
  calls_.ranges->serve(replica::ReadDone{passes.ticket, std::move(passes.outcome)});
}

void Service::announce_applied() {
  if (!ranges_) return;
  const app::Meta& meta = machine_->meta();
  ranges_->advanced({meta.applied, meta.applied_term, meta.time, meta.digest});
}

void Service::announce_state() {
  if (!ranges_) return;
  announce_applied();
  ranges_->flushed(machine_->flushed_index());
}

void Service::trim_log() {
  if (const auto first_kept = trim_.next(machine_->flushed_index()))
    calls_.order_quietly(replica::TrimBefore{*first_kept});
}

void Service::on(const ImageOver& image) {
  trim_.release(image.peer);
  trim_log();
}

/// Elected while its own state is being replaced, this node has none that others could go on from: they ask again.
void Service::want_image(ServerId peer) {
  if (installing_) return calls_.order(raft::ImageSent{peer, std::nullopt});
  trim_.hold(peer, machine_->flushed_index());
  calls_.send_image(peer);
}

void Service::give_up_images(const std::vector<ServerId>& peers, const char* why) {
  for (const ServerId peer : peers) {
    logger_.warn("gives up the image for server {}: {}", peer.text(), why);
    calls_.give_up_image(peer);
  }
}

/// The state of now stays until the log is stable up to the image, and serves stale reads meanwhile.
void Service::take_verdict(const raft::ImageVerdict& verdict) {
  if (!verdict.install) return calls_.refuse_image();
  logger_.info("this node was far behind: its state is to be replaced by an image as of entry {}", verdict.index.value);
  installing_ = verdict.index;
  behind_image_.clear();
  asked_stable_ = true;
  calls_.order(replica::NotifyStable{verdict.index});
}

/// What was proposed and not answered is proposed again: its session, which came with the image, knows whether it has
/// taken effect.
void Service::on(Installed& installed) {
  machine_ = std::move(installed.machine);
  ENSURE(installing_ == machine_->applied());
  installing_.reset();
  asked_stable_ = false;
  changes_.begin_behind(machine_->applied());
  due_timer_.applied(machine_->meta().time.cluster_us, now_us_);
  chat_feeds_.replaced();
  feeds_.changed(chat_feeds_);
  feeds_.changed(key_feeds_);
  is_log_image_asked_ = false;
  machine_->enqueue(std::exchange(behind_image_, {}));
  writes_.leader_changed(!role_.leader.is_nobody());
  announce_state();
  trim_log();
}

void Service::on(replica::Round& round) {
  if (round.image) take_verdict(*round.image);
  for (const Entry& entry : round.committed) trim_.grow(entry_bytes(entry));
  give_up_images(trim_.take_overdue(), "more of the log is kept for it than may be");
  if (installing_) {
    std::ranges::move(round.committed, std::back_inserter(behind_image_));
  } else {
    machine_->enqueue(std::move(round.committed));
  }
  if (round.fresh) freshness_.heard(*round.fresh);
  for (const raft::ImageWanted& wanted : round.images_wanted) want_image(wanted.peer);
  // Refusals first: they belong to the leader that was.
  for (const raft::ProposalRefused& refused : round.proposals_refused) writes_.refused(refused, answers_);
  for (const raft::ReadRefused& refused : round.reads_refused) {
    reads_.refused(refused, answers_);
    passwords_.refused(refused, answers_);
  }
  for (const raft::ReadReady& ready : round.reads_ready) {
    reads_.ready(ready);
    passwords_.ready(ready);
  }
  for (const raft::ChangeDone& done : round.changes_done) admin_.change_done(done, answers_);
  if (round.membership) {
    cluster_ = round.cluster;
    if (ranges_) ranges_->belongs_to(cluster_);
    admin_.membership_changed(round.cluster, *round.membership, answers_);
  }
  if (round.removed) admin_.removed();
  if (round.role_changed) {
    // Whoever hears nobody campaigns several times a second, perhaps for days, without anything that is new to people.
    const bool is_news = round.role_changed->term != role_.term || round.role_changed->leader != role_.leader;
    role_ = *round.role_changed;
    const bool is_known = !role_.leader.is_nobody();
    admin_.leader_changed(role_.leader, answers_);
    if (const auto why = why_resigned(role_.resigned); !why.empty()) logger_.warn("steps down: {}", why);
    if (role_.leader != options_.self) {
      calls_.stop_sending_images();
      trim_.release_all();
    }
    if (is_news) {
      logger_.info("term {}: {}", role_.term.value,
                   is_known ? (role_.leader == options_.self ? "this node leads" : "the leader is " + leader_name())
                            : "no leader");
    }
    writes_.leader_changed(is_known);
    reads_.leader_changed(is_known);
    passwords_.leader_changed(is_known);
  }
  if (round.membership || round.removed || round.role_changed) note_membership(round);
  if (round.membership || round.role_changed) tell_ports_who_leads();
  if (round.disk_full) {
    is_disk_full_ = *round.disk_full;
    logger_.warn("{}", is_disk_full_ ? "the disk is full: while this node leads, writes are refused"
                                     : "there is room on the disk again");
    if (is_disk_full_) give_up_images(trim_.take_all(), "the disk is full, and it keeps the log from being trimmed");
  }
  if (round.stable_reached && installing_) {
    // An answer to a flush of before may still have been on its way.
    if (*round.stable_reached >= *installing_) calls_.install_image();
  } else if (round.stable_reached && machine_->has_frozen()) {
    asked_stable_ = false;
    calls_.flush(machine_->take_frozen());
  }
  for (const replica::StatusAnswer& status : round.status_answers) answer_status(status);
}

void Service::note_membership(const replica::Round& round) {
  const bool is_member = admin_.is_member();
  if (is_member && !std::exchange(was_member_, true)) calls_.became_member();
  const bool was_removed = std::exchange(is_removed_, was_member_ && !is_member);
  if (is_removed_ && !was_removed) {
    logger_.error(
        "this node was removed from cluster {}{}: it serves nobody and votes no more; to have it taken in again, "
        "stop it and start it with an empty data folder and -join",
        cluster_.text(), round.removed ? " by entry " + std::to_string(round.removed->value) : "");
  } else if (was_removed && !is_removed_) {
    logger_.info("this node is a member of cluster {} again", cluster_.text());
  }
}

std::string Service::leader_name() const {
  const raft::Member* leader = admin_.leading_member();
  return leader != nullptr ? leader->name.text() : "a server that this log does not know yet";
}

void Service::send_if_many(std::size_t more_bytes) {
  answer_bytes_ += more_bytes;
  if (answer_bytes_ >= answer_bytes_at_once) send_answers();
}

void Service::send_answers() {
  for (Answer& answer : answers_) {
    ports_[answer.to.port].reply(transport::ClientKey(answer.to.connection),
                                 {answer.to.request, std::move(answer.body)});
  }
  answers_.clear();
  answer_bytes_ = 0;
  for (transport::ServicePort& port : ports_) port.flush();
  drop_lost_feeds();
}

/// Every answer says who leads: a client goes to where the leader serves clients, a joiner to where it takes joins.
void Service::tell_ports_who_leads() {
  transport::ReplyHeader header{cluster_, options_.name.text(), {}, {}};
  const raft::Member* leader = admin_.leading_member();
  if (leader != nullptr) header.leader = leader->name.text();
  for (std::size_t port = 0; port < ports_.size(); ++port) {
    if (leader != nullptr)
      header.leader_address = port == client_port ? leader->addresses.client : leader->addresses.join;
    ports_[port].set_header(header);
  }
}

}  // namespace parley::node
