#include "tests/sim/service.hpp"

#include <algorithm>

#include "common/base/ensure.hpp"

namespace parley::sim {
namespace {

constexpr std::uint64_t maintenance_us = 100'000;
constexpr std::uint64_t image_tick_us = 200'000;
/// Entries applied before anything else is looked at; fewer than in a real node, so that it happens.
constexpr std::size_t entries_per_round = 32;
/// How long the store takes for a flush.
constexpr std::uint64_t least_flush_us = 1'000;
constexpr std::uint64_t most_flush_us = 60'000;
/// Of log behind an image: little, so that it happens that one is given up for it.
constexpr std::uint64_t image_log_bytes = 64 * limits::KiB;
/// When a store that found no room tries again.
constexpr std::uint64_t store_retry_us = 200'000;

}  // namespace

Service::Service(World& world, Process& process, int node, ServerId server, store::Backend& backend,
                 std::unique_ptr<node::StateMachine> machine, Random& random, std::function<ClockReading()> clock,
                 Order order)
    : world_(world),
      process_(process),
      node_(node),
      server_(server),
      backend_(backend),
      machine_(std::move(machine)),
      random_(random),
      clock_(std::move(clock)),
      order_(std::move(order)),
      writes_(admission_, random.next() >> 1),
      reads_(admission_, random.next() >> 1),
      passwords_(admission_, world.plan.has_chat ? random.next() >> 1 : 1),
      changes_(std::max<std::size_t>(world.plan.change_ring_bytes, 1024)),
      key_feeds_(changes_),
      chat_feeds_([this] {
        return node::ChatFeeds::State{machine_->rows(), machine_->meta()};
      }),
      feeds_({key_feeds_, chat_feeds_}),
      images_(backend, image_calls(), random.next()),
      trim_(world.plan.retain, image_log_bytes) {
  changes_.begin_behind(machine_->applied());
  due_timer_.applied(machine_->meta().time.cluster_us, clock_().monotonic_us);
  process_.after(random_.below(maintenance_us), [this] { maintain(); });
  process_.after(random_.below(image_tick_us), [this] { tick_images(); });
}

void Service::deliver(replica::Round round) { post(std::move(round)); }

void Service::request(node::Asker asker, wire::RequestBody body, std::uint64_t deadline_us) {
  post(Asked{std::move(asker), std::move(body), deadline_us});
}

void Service::post(Item item) {
  inbox_.push_back(std::move(item));
  if (std::exchange(is_awake_, true)) return;
  process_.after(random_.below(world_.plan.hop_us), [this] { work(); });
}

/// Orders reach consensus in the order in which they were given.
void Service::order(replica::Order order) {
  last_order_us_ = std::max(last_order_us_, world_.now_us() + random_.below(world_.plan.hop_us));
  process_.after(last_order_us_ - world_.now_us(),
                 [this, order = std::move(order)]() mutable { order_(std::move(order)); });
}

void Service::work() {
  is_awake_ = false;
  for (auto& item : std::exchange(inbox_, {})) std::visit([this](auto& alternative) { on(alternative); }, item);
  apply_entries();
  if (feeds_.feeds() > 0) {
    const std::size_t from = answers_.size();
    while (feeds_.serve(answers_)) {
    }
    judge_feeds(from);
  }
  serve_reads();
  begin_hashing();
  submit();
  send_answers();
}

void Service::maintain() {
  process_.after(maintenance_us, [this] { maintain(); });
  writes_.set_leader_known(!role_.leader.is_nobody());
  reads_.set_leader_known(!role_.leader.is_nobody());
  writes_.expire(world_.now_us(), answers_);
  reads_.expire(world_.now_us(), answers_);
  passwords_.set_leader_known(!role_.leader.is_nobody());
  passwords_.expire(world_.now_us(), answers_);
  tend_feeds();
  flush_if_due();
  const auto due_us = due_timer_.ask_us(machine_->next_due_us());
  if (role_.leader == server_ && !installing_ && due_us && *due_us <= clock_().monotonic_us) {
    order(raft::ProposeTime{});
    due_timer_.asked(clock_().monotonic_us);
  }
  work();
}

void Service::on(replica::Round& round) {
  if (round.image) take_verdict(*round.image);
  for (const Entry& entry : round.committed) trim_.grow(entry_bytes(entry));
  give_up_images(trim_.take_overdue());
  if (round.disk_full == true) give_up_images(trim_.take_all());
  if (installing_) {
    std::ranges::move(round.committed, std::back_inserter(behind_image_));
  } else {
    unapplied_.insert(unapplied_.end(), round.committed.begin(), round.committed.end());
    machine_->enqueue(std::move(round.committed));
  }
  if (round.fresh) freshness_.heard(*round.fresh);
  for (const raft::ImageWanted& wanted : round.images_wanted) {
    if (installing_) {
      order(raft::ImageSent{wanted.peer, std::nullopt});
      continue;
    }
    ++world_.counters.images_begun;
    trim_.hold(wanted.peer, machine_->flushed_index());
    in_store([this, peer = wanted.peer] {
      const Status begun = images_.begin(peer, world_.now_us() / 1000);
      ENSURE(begun.has_value());
    });
  }
  for (const raft::ProposalRefused& refused : round.proposals_refused) writes_.refused(refused, answers_);
  for (const raft::ReadRefused& refused : round.reads_refused) {
    reads_.refused(refused, answers_);
    passwords_.refused(refused, answers_);
  }
  for (const raft::ReadReady& ready : round.reads_ready) {
    if (ready.by_lease) ++world_.counters.rounds_by_lease;
    reads_.ready(ready);
    passwords_.ready(ready);
  }
  for (const raft::ChangeDone& done : round.changes_done) world_.change_done(node_, done);
  if (round.membership) is_member_ = round.membership->find(server_) != nullptr;
  if (round.removed) ++world_.counters.told_removed;
  if (round.role_changed) {
    role_ = *round.role_changed;
    world_.trace.note(node_, "term {}: role {}, leader {}", role_.term.value, static_cast<int>(role_.role),
                      role_.leader.value);
    if (role_.leader != server_) {
      in_store([this] { images_.stop_sending(); });
      trim_.release_all();
    }
    writes_.leader_changed(!role_.leader.is_nobody());
    reads_.leader_changed(!role_.leader.is_nobody());
    passwords_.leader_changed(!role_.leader.is_nobody());
  }
  if (round.stable_reached && installing_) {
    if (*round.stable_reached >= *installing_) in_store([this] { install(); });
  } else if (round.stable_reached && machine_->has_frozen()) {
    asked_stable_ = false;
    flush();
  }
}

void Service::give_up_images(const std::vector<ServerId>& peers) {
  for (const ServerId peer : peers) {
    ++world_.counters.images_given_up;
    in_store([this, peer] { images_.give_up(peer); });
  }
}

void Service::apply_entries() {
  std::size_t applied = 0;
  while (!installing_ && applied < entries_per_round && machine_->can_apply()) {
    const app::Outcome outcome = machine_->apply_next();
    ++applied;
    world_.state_judge.applied(node_, unapplied_.front(), outcome, machine_->meta());
    unapplied_.pop_front();
    if (world_.plan.has_feeds()) note_changes(outcome);
    if (!outcome.command || !writes_.is_waiting(*outcome.command)) continue;
    writes_.applied(*outcome.command, {machine_->applied(), SharedBytes(Bytes(outcome.encoded))},
                    outcome.reply.word == ErrorWord::session_expired, answers_);
  }
  if (applied == 0) return;
  due_timer_.applied(machine_->meta().time.cluster_us, clock_().monotonic_us);
  order(raft::Applied{machine_->applied()});
  if (world_.plan.has_feeds()) feeds_.changed(key_feeds_);
  if (machine_->wants_flush(world_.now_us())) flush_if_due();
  if (machine_->can_apply() && !std::exchange(is_awake_, true)) {
    process_.after(random_.below(world_.plan.hop_us), [this] { work(); });
  }
}

void Service::serve_reads() {
  for (const node::PendingReads::Read& read : reads_.take_servable(machine_->applied())) {
    answer_read(read, 0);
  }
}

void Service::answer_read(const node::PendingReads::Read& read, std::uint64_t age_ms) {
  const auto query = app::decode_query(read.query.view());
  ENSURE(query.has_value());
  answers_.push_back({read.asker, wire::AppReply{machine_->applied(),
                                                 SharedBytes(app::encode_reply(machine_->query(
                                                     *query, due_timer_.cluster_us(clock_().monotonic_us)))),
                                                 age_ms}});
}

/// What is told to be so old must hold all that anybody knew to be committed so long ago.
void Service::answer_stale(const node::PendingReads::Read& read) {
  const auto age_us = freshness_.age_us(machine_->applied(), clock_().monotonic_us);
  ++world_.counters.stale_reads;
  if (age_us) {
    // In the time of the world, which this machine's clock and the leader's measure differently.
    const std::uint64_t most_us = *age_us + *age_us / 5;
    const Index known = world_.commit_times.before(world_.now_us() - std::min(world_.now_us(), most_us));
    world_.findings.must(known <= machine_->applied(), [&] {
      return "n" + std::to_string(node_) + " reads at " + std::to_string(machine_->applied().value) + ", " +
             std::to_string(*age_us) + " us old by its own account, when " + std::to_string(known.value) +
             " was committed already.";
    });
  }
  answer_read(read, node::age_ms(age_us));
}

void Service::submit() {
  admission_.set_now(world_.now_us());
  writes_.set_now(world_.now_us());
  while (auto proposal = writes_.take_proposal()) order(std::move(*proposal));
  while (const auto round = reads_.take_round()) order(*round);
  while (const auto round = passwords_.take_round()) order(*round);
}

void Service::flush_if_due() {
  if (installing_) return;
  if (machine_->wants_flush(world_.now_us())) machine_->freeze(world_.now_us());
  if (!machine_->has_frozen() || std::exchange(asked_stable_, true)) return;
  order(replica::NotifyStable{machine_->frozen_index()});
}

/// The store's own thread: a commit is durable at some moment, and reported later.
void Service::flush() {
  in_store([this, overlay = machine_->take_frozen()] {
    waiting_ = overlay;
    flush_to_store();
  });
}

/// As the store actor does it: what finds no room is tried again, what fails otherwise ends the process.
void Service::flush_to_store() {
  // An image has taken its place.
  if (!waiting_) return;
  world_.findings.must(machine_->frozen_index() <= world_.raft_judge.durable(server_),
                       [&] { return "the store of n" + std::to_string(node_) + " is written ahead of its log"; });
  const Status committed = backend_.commit(*waiting_);
  const bool is_full = !committed && committed.error().code == ErrorCode::disk_full;
  if (!committed && !is_full) return world_.died(node_);
  if (std::exchange(is_store_full_, is_full) != is_full) order(replica::StoreRoom{is_full});
  if (is_full) {
    process_.after(store_retry_us, [this] { in_store([this] { flush_to_store(); }); });
    return;
  }
  waiting_.reset();
  ++world_.counters.flushes;
  world_.trace.note(node_, "flushed up to {}", machine_->frozen_index().value);
  process_.after(random_.between(1, least_flush_us), [this] { post(Flushed{}); });
}

void Service::on(const Flushed&) {
  const auto overlay = machine_->flushed();
  ENSURE(overlay.has_value());
  trim_log();
  flush_if_due();
}

// ---- the store actor's thread: one piece of work after the other

void Service::in_store(EventQueue::Action action) {
  const std::uint64_t begin_us = std::max(store_free_us_, world_.now_us());
  store_free_us_ = begin_us + random_.between(least_flush_us, most_flush_us);
  process_.after(store_free_us_ - world_.now_us(), std::move(action));
}

node::ImageDesk::Calls Service::image_calls() {
  node::ImageDesk::Calls calls;
  calls.send = [this](ServerId to, transfer::Message message) { order(replica::SendTransfer{to, std::move(message)}); };
  calls.sent = [this](raft::ImageSent sent) {
    post(ImageOver{sent.peer});
    order(sent);
  };
  calls.received = [this](raft::ImageReceived received) { order(std::move(received)); };
  calls.said = [this](const std::string& text) { world_.trace.tell(node_, text); };
  calls.warned = calls.said;
  return calls;
}

void Service::arrived(ServerId from, transfer::Message message) {
  in_store([this, from, message = std::move(message)] { images_.take(from, message, world_.now_us() / 1000); });
}

void Service::peer_restarted(ServerId peer) {
  in_store([this, peer] { images_.peer_restarted(peer); });
}

void Service::tick_images() {
  process_.after(image_tick_us, [this] { tick_images(); });
  images_.tick(world_.now_us() / 1000);
}

void Service::install() {
  waiting_.reset();
  if (std::exchange(is_store_full_, false)) order(replica::StoreRoom{false});
  images_.stop_sending();
  const Status installed = images_.install();
  ENSURE(installed.has_value());
  ++world_.counters.images_installed;
  auto machine = node::StateMachine::open(backend_);
  ENSURE(machine.has_value());
  world_.state_judge.opened(node_, (*machine)->meta());
  post(Installed{std::move(*machine)});
}

// ---- back in the service's

void Service::on(const ImageOver& image) {
  trim_.release(image.peer);
  trim_log();
}

void Service::take_verdict(const raft::ImageVerdict& verdict) {
  if (!verdict.install) {
    ++world_.counters.images_refused;
    return in_store([this] { images_.refuse(); });
  }
  world_.trace.note(node_, "is to install the image as of {}", verdict.index.value);
  installing_ = verdict.index;
  behind_image_.clear();
  asked_stable_ = true;
  order(replica::NotifyStable{verdict.index});
}

void Service::on(Installed& installed) {
  machine_ = std::move(installed.machine);
  world_.findings.must(installing_ == machine_->applied(),
                       [&] { return "n" + std::to_string(node_) + " installed another image than it was to."; });
  installing_.reset();
  asked_stable_ = false;
  changes_.begin_behind(machine_->applied());
  due_timer_.applied(machine_->meta().time.cluster_us, clock_().monotonic_us);
  chat_feeds_.replaced();
  feeds_.changed(chat_feeds_);
  feeds_.changed(key_feeds_);
  unapplied_.assign(behind_image_.begin(), behind_image_.end());
  machine_->enqueue(std::exchange(behind_image_, {}));
  writes_.leader_changed(!role_.leader.is_nobody());
  trim_log();
}

void Service::trim_log() {
  const auto first_kept = trim_.next(machine_->flushed_index());
  if (!first_kept) return;
  ++world_.counters.trims;
  order(replica::TrimBefore{*first_kept});
}

void Service::send_answers() {
  for (node::Answer& answer : std::exchange(answers_, {})) world_.answer(node_, std::move(answer));
}

}  // namespace parley::sim
