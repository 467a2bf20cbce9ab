#include "common/replica/consensus_actor.hpp"

#include <utility>

#include "common/base/entropy.hpp"
#include "common/base/limits.hpp"
#include "common/mq/poller.hpp"
#include "common/replica/driver.hpp"

namespace parley::replica {
namespace {

/// Orders that may wait: every request of every client as an order of its own, twice.
constexpr std::size_t mailbox_capacity = 2 * limits::requests_in_all;
/// Frames taken from peers before orders and ticks are looked at.
constexpr std::size_t frames_per_round = 256;

}  // namespace

/// What lives in the actor's thread.
class ConsensusActor::Loop final : public NetworkPort {
 public:
  Loop(const ConsensusOptions& options, transport::PeerLinks links, raft::Restored restored, DiskPort& disk,
       RoundSink& sink, ImagePort& images, mq::Mailbox<Order>& mailbox, const Clock& clock, obs::Logger logger)
      : options_(options),
        links_(std::move(links)),
        driver_(raft::Core(options.raft, std::move(restored)), disk, *this, sink),
        images_(images),
        mailbox_(mailbox),
        clock_(clock),
        logger_(std::move(logger)) {}

  Status run(const std::stop_token& stop);

  void send(raft::Message message) override { links_.send(std::move(message)); }
  void members_changed(const raft::Membership& membership) override;

 private:
  void read_clock();
  bool take_messages();
  bool take_orders();
  void take(AdoptCluster& adopt);
  void maybe_tick();
  void take_link_events();
  void on(const transport::PeerUp& event);
  void on(const transport::PeerDown& event);
  void on(const transport::PeerRestarted& event);
  void on(const transport::PeerMoved& event);
  void on(const transport::FrameRefused& event);
  void on(const transport::RefusedByPeer& event);
  void set_peer(ServerId server, const std::string& name, const std::string& address);
  [[nodiscard]] std::string name_of(ServerId server) const;

  const ConsensusOptions options_;
  transport::PeerLinks links_;
  Driver driver_;
  ImagePort& images_;
  mq::Mailbox<Order>& mailbox_;
  const Clock& clock_;
  obs::Logger logger_;
  raft::Membership membership_;
  std::vector<raft::Message> messages_;
  std::vector<Order> orders_;
  std::uint64_t now_us_ = 0;
  std::uint64_t next_tick_us_ = 0;
};

ConsensusActor::ConsensusActor() : mailbox_(mailbox_capacity) {}

Result<std::unique_ptr<ConsensusActor>> ConsensusActor::start(mq::Context& context, transport::PeerListener listener,
                                                              ConsensusOptions options, raft::Restored restored,
                                                              DiskPort& disk, RoundSink& sink, ImagePort& images,
                                                              const Clock& clock, obs::Logger logger) {
  std::unique_ptr<ConsensusActor> self(new ConsensusActor());
  ConsensusActor* const consensus = self.get();
  self->bound_ = listener.address;
  auto setup = [&, consensus]() -> Result<std::unique_ptr<Loop>> {
    const transport::SelfInfo who{options.raft.self, options.name, draw_boot_id(), options.advertised};
    return std::make_unique<Loop>(options, transport::PeerLinks(context, std::move(listener), who), std::move(restored),
                                  disk, sink, images, consensus->mailbox_, clock, logger);
  };
  auto actor = mq::Actor::start(
      "consensus", [consensus] { consensus->mailbox_.wake(); }, setup,
      [](std::unique_ptr<Loop>& loop, const std::stop_token& stop) { return loop->run(stop); });
  if (!actor) return std::unexpected(actor.error());
  self->actor_ = std::move(*actor);
  return self;
}

Status ConsensusActor::Loop::run(const std::stop_token& stop) {
  mq::Poller poller;
  poller.watch(links_.socket());
  poller.watch_connections(links_.socket());
  poller.watch(mailbox_.fd());
  if (!driver_.core().cluster().is_nil()) links_.set_cluster(driver_.core().cluster());
  next_tick_us_ = clock_.now().monotonic_us + options_.tick_us;
  while (!stop.stop_requested()) {
    read_clock();
    bool is_busy = take_messages();
    is_busy = take_orders() || is_busy;
    take_link_events();
    maybe_tick();
    driver_.perform();
    links_.flush(now_us_);
    const std::uint64_t until_us = std::min(next_tick_us_, links_.next_look_us().value_or(next_tick_us_));
    const std::uint64_t sleep_us = until_us - std::min(until_us, now_us_);
    poller.wait(!is_busy && mailbox_.prepare_to_sleep() ? sleep_us : 0);
    mailbox_.awake();
  }
  return {};
}

/// After inputs have arrived and before the core takes them: if this thread stands still, it is not in between.
void ConsensusActor::Loop::read_clock() {
  const ClockReading now = clock_.now();
  now_us_ = now.monotonic_us;
  driver_.step(raft::ClockInput{now});
}

bool ConsensusActor::Loop::take_messages() {
  const std::size_t frames = links_.receive(frames_per_round, now_us_, messages_);
  if (!messages_.empty()) read_clock();
  for (raft::Message& message : messages_) driver_.step(std::move(message));
  messages_.clear();
  for (transport::TransferArrival& arrival : links_.take_transfers())
    images_.arrived(arrival.from, std::move(arrival.message));
  return frames > 0;
}

bool ConsensusActor::Loop::take_orders() {
  if (!mailbox_.drain(orders_)) return false;
  read_clock();
  for (Order& order : orders_) {
    if (auto* done = std::get_if<DiskDone>(&order)) {
      driver_.on_disk(std::move(*done));
    } else if (auto* adopt = std::get_if<AdoptCluster>(&order)) {
      take(*adopt);
    } else if (const auto* stable = std::get_if<NotifyStable>(&order)) {
      driver_.notify_stable(stable->index);
    } else if (const auto* trim = std::get_if<TrimBefore>(&order)) {
      driver_.trim_before(trim->first_kept);
    } else if (const auto* send_order = std::get_if<SendTransfer>(&order)) {
      links_.send_transfer(send_order->to, send_order->message);
    } else if (const auto* room = std::get_if<StoreRoom>(&order)) {
      driver_.store_room_changed(room->is_full);
    } else if (const auto* log_room = std::get_if<ApplicationLogRoom>(&order)) {
      driver_.application_log_room_changed(log_room->is_full);
    } else if (const auto* query = std::get_if<StatusQuery>(&order)) {
      driver_.ask_status(query->ticket);
    } else {
      std::visit(
          [this](auto& input) {
            if constexpr (std::is_constructible_v<raft::Input, decltype(input)>) driver_.step(std::move(input));
          },
          order);
    }
  }
  orders_.clear();
  return true;
}

void ConsensusActor::Loop::take(AdoptCluster& adopt) {
  const ClusterId& ours = driver_.core().cluster();
  if (!ours.is_nil() && ours != adopt.cluster) return;
  logger_.info("taken in by cluster {}", adopt.cluster.text());
  links_.set_cluster(adopt.cluster);
  for (const KnownPeer& peer : adopt.peers) set_peer(peer.server, peer.name, peer.raft_address);
  driver_.step(raft::Adopt{adopt.cluster});
}

/// A thread that was late, on a machine that was paused or overloaded, does not make up for ticks that it missed:
/// whoever would be suspected because of them was not heard for the same reason.
void ConsensusActor::Loop::maybe_tick() {
  if (now_us_ < next_tick_us_) return;
  next_tick_us_ = now_us_ + options_.tick_us;
  driver_.step(raft::Tick{});
  links_.tick(now_us_);
}

void ConsensusActor::Loop::take_link_events() {
  for (const transport::PeerEvent& event : links_.take_events())
    std::visit([this](const auto& each) { on(each); }, event);
}

void ConsensusActor::Loop::on(const transport::PeerUp& event) { logger_.info("linked to {}", name_of(event.peer)); }

void ConsensusActor::Loop::on(const transport::PeerDown& event) {
  logger_.info("lost {}", name_of(event.peer));
  driver_.step(raft::Unreachable{event.peer});
}

void ConsensusActor::Loop::on(const transport::PeerRestarted& event) {
  logger_.info("{} has restarted", name_of(event.peer));
  images_.peer_restarted(event.peer);
}

void ConsensusActor::Loop::on(const transport::PeerMoved& event) {
  logger_.info("{} is now at {}", name_of(event.peer), event.address.text());
}

void ConsensusActor::Loop::on(const transport::FrameRefused& event) { logger_.warn("{}", event.text); }

void ConsensusActor::Loop::on(const transport::RefusedByPeer& event) {
  logger_.warn("{} refuses us: {}", name_of(event.peer), event.text);
}

std::string ConsensusActor::Loop::name_of(ServerId server) const {
  const raft::Member* member = membership_.find(server);
  return member != nullptr ? member->name.text() : "server " + server.text();
}

void ConsensusActor::Loop::set_peer(ServerId server, const std::string& name, const std::string& address) {
  if (server == options_.raft.self) return;
  const auto parsed = Address::parse(address);
  const Status linked = parsed ? links_.set_peer(server, name, *parsed, now_us_) : std::unexpected(parsed.error());
  if (!linked) logger_.warn("{} cannot be reached at {}: {}", name, address, linked.error().what);
}

/// Lets go only of those that were members and are no more: while a joiner reads how its cluster came to be, the leader
/// that it hears may not be a member yet.
void ConsensusActor::Loop::members_changed(const raft::Membership& membership) {
  // A cluster that was founded here has only now a name.
  if (!driver_.core().cluster().is_nil()) links_.set_cluster(driver_.core().cluster());
  for (const raft::Member& member : membership.members)
    set_peer(member.server, member.name.text(), member.addresses.raft);
  for (const raft::Member& member : membership_.members) {
    if (membership.find(member.server) == nullptr) links_.forget_peer(member.server);
  }
  membership_ = membership;
}

}  // namespace parley::replica
