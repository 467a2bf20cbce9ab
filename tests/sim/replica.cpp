#include "tests/sim/replica.hpp"

#include <utility>

namespace parley::sim {
namespace {

raft::Options core_options(const World& world, ServerId server, std::uint64_t seed) {
  raft::Options options = world.plan.core;
  options.self = server;
  options.seed = seed;
  return options;
}

}  // namespace

Replica::Replica(World& world, ReplicaParts parts, ReadClock clock, std::uint64_t tick_us, std::uint64_t seed)
    : world_(world),
      node_(parts.node),
      server_(parts.server),
      clock_(std::move(clock)),
      tick_us_(tick_us),
      random_(seed),
      process_(world.queue),
      disk_(
          world, process_, node_, server_, replica::DiskWorker(std::move(parts.log)), random_,
          [this](replica::DiskDone done) {
            post([done = std::move(done)](replica::Driver& driver) mutable { driver.on_disk(std::move(done)); });
          },
          std::move(parts.doom)),
      service_(
          world, process_, node_, server_, parts.backend, std::move(parts.machine), random_,
          [this] { return clock_(); }, [this](replica::Order order) { take(std::move(order)); }),
      driver_(raft::Core(core_options(world, server_, random_.next()), std::move(parts.restored)), disk_, *this,
              service_) {
  world_.raft_judge.began(driver_.core(), std::move(parts.durable));
  process_.after(random_.below(tick_us_), [this] { tick(); });
}

Replica::~Replica() { world_.raft_judge.ended(server_); }

void Replica::send(raft::Message message) {
  world_.raft_judge.sent(message);
  world_.send(node_, std::move(message));
}

void Replica::members_changed(const raft::Membership& membership) {
  world_.trace.note(node_, "membership: {} members, {} voters, {} outgoing", membership.members.size(),
                    membership.voters.size(), membership.outgoing.size());
}

void Replica::receive(raft::Message message) {
  messages_.push_back(std::move(message));
  wake();
}

/// Through consensus, as all that comes from peers.
void Replica::receive_transfer(ServerId from, transfer::Message message) {
  post([this, from, message = std::move(message)](replica::Driver&) mutable {
    service_.arrived(from, std::move(message));
  });
}

void Replica::order(raft::Input input) {
  post([input = std::move(input)](replica::Driver& driver) mutable { driver.step(std::move(input)); });
}

void Replica::post(Order order) {
  orders_.push_back(std::move(order));
  wake();
}

/// What the service orders.
void Replica::take(replica::Order order) {
  std::visit(
      [this](auto& alternative) {
        using Given = std::remove_cvref_t<decltype(alternative)>;
        if constexpr (std::is_constructible_v<raft::Input, Given>) {
          this->order(std::move(alternative));
        } else if constexpr (std::is_same_v<Given, replica::NotifyStable>) {
          post([index = alternative.index](replica::Driver& driver) { driver.notify_stable(index); });
        } else if constexpr (std::is_same_v<Given, replica::StoreRoom>) {
          post([is_full = alternative.is_full](replica::Driver& driver) { driver.store_room_changed(is_full); });
        } else if constexpr (std::is_same_v<Given, replica::TrimBefore>) {
          post([first = alternative.first_kept](replica::Driver& driver) { driver.trim_before(first); });
        } else if constexpr (std::is_same_v<Given, replica::SendTransfer>) {
          post([this, send = std::move(alternative)](replica::Driver&) mutable {
            world_.send_transfer(node_, send.to, std::move(send.message));
          });
        }
      },
      order);
}

void Replica::wake() {
  if (std::exchange(is_awake_, true)) return;
  process_.after(random_.below(world_.plan.hop_us), [this] { round(false); });
}

/// A thread that was late does not make up for ticks that it missed.
void Replica::tick() {
  process_.after(tick_us_, [this] { tick(); });
  round(true);
}

/// As the consensus actor does it: what peers sent, then what was ordered, then at most one tick, then one output.
void Replica::round(bool with_tick) {
  is_awake_ = false;
  driver_.step(raft::ClockInput{clock_()});
  for (raft::Message& message : std::exchange(messages_, {})) driver_.step(std::move(message));
  for (Order& each : std::exchange(orders_, {})) each(driver_);
  if (with_tick) driver_.step(raft::Tick{});
  driver_.perform();
  world_.raft_judge.stepped(server_);
  world_.commit_times.note(world_.now_us(), world_.raft_judge.committed());
}

}  // namespace parley::sim
