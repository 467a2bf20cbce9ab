#include "tests/transport/replica_stub.hpp"

#include <thread>

#include "common/base/clock.hpp"
#include "common/base/ensure.hpp"
#include "common/mq/poller.hpp"

namespace parley::transport::testing {
namespace {

constexpr std::uint64_t patience_us = 20'000'000;
constexpr std::uint64_t turn_us = 10'000;

std::string name_of(ServerId server) { return "n" + std::to_string(server.value); }

}  // namespace

void ReplicaStub::knows(const ReplicaStub& peer) { knows(peer.server, peer.links.address()); }

void ReplicaStub::knows(ServerId peer, const Address& address) {
  ENSURE(links.set_peer(peer, name_of(peer), address, 0).has_value());
}

void ReplicaStub::say(ServerId to, std::uint64_t round) {
  links.send({server, to, Term{1}, raft::Heartbeat{Index{0}, round}});
}

std::optional<std::uint64_t> ReplicaStub::last_round() const {
  if (messages.empty()) return std::nullopt;
  const auto* heartbeat = std::get_if<raft::Heartbeat>(&messages.back().body);
  return heartbeat != nullptr ? std::optional(heartbeat->round) : std::nullopt;
}

ClusterId ReplicaWorld::cluster(std::uint8_t number) {
  ClusterId id;
  id.bytes.fill(number);
  return id;
}

std::unique_ptr<ReplicaStub> ReplicaWorld::start(std::uint64_t server, ClusterId cluster, const Address& address) {
  const SelfInfo self{ServerId{server}, *NodeId::parse(name_of(ServerId{server})), BootId{++boots_}, Address{}};
  const SystemClock clock;
  const std::uint64_t end = clock.now().monotonic_us + patience_us;
  auto links = PeerLinks::bind(context, address, self);
  while (!links && clock.now().monotonic_us < end) {
    std::this_thread::yield();
    links = PeerLinks::bind(context, address, self);
  }
  ENSURE(links.has_value());
  links->set_cluster(cluster);
  return std::make_unique<ReplicaStub>(ReplicaStub{std::move(*links), ServerId{server}, {}, {}});
}

void ReplicaWorld::turn(const std::vector<ReplicaStub*>& replicas) {
  mq::Poller poller;
  for (ReplicaStub* replica : replicas) {
    (void)replica->links.receive(1000, now_us, replica->messages);
    replica->links.flush(now_us);
    replica->links.tick(now_us);
    for (PeerEvent& event : replica->links.take_events()) replica->events.push_back(std::move(event));
    poller.watch(replica->links.socket());
  }
  now_us += turn_us;
  poller.wait(2000);
}

bool ReplicaWorld::await(const std::vector<ReplicaStub*>& replicas, const std::function<bool()>& condition) {
  const SystemClock clock;
  const std::uint64_t end = clock.now().monotonic_us + patience_us;
  while (!condition()) {
    if (clock.now().monotonic_us > end) return false;
    turn(replicas);
  }
  return true;
}

void ReplicaWorld::turns(const std::vector<ReplicaStub*>& replicas, int count) {
  for (int i = 0; i < count; ++i) turn(replicas);
}

}  // namespace parley::transport::testing
