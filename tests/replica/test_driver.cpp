// What the driver decides by itself: a leader without room hands over.
#include <catch2/catch.hpp>

#include <deque>
#include <map>
#include <memory>

#include "common/base/chain.hpp"
#include "common/replica/driver.hpp"

using namespace parley;
using namespace parley::replica;

namespace {

raft::Options options_of(std::uint64_t id) {
  raft::Options options;
  options.self = ServerId{id};
  options.heartbeat_ticks = 2;
  options.election_ticks = 10;
  options.seed = id;
  return options;
}

/// Entry 1 of term 1 is the membership of servers 1 to 3, and committed.
raft::Restored founded() {
  raft::Membership membership;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    const auto name = NodeId::parse("n" + std::to_string(id));
    membership.members.push_back({ServerId{id}, *name, {"h:1", "h:2", "", ""}, true});
    membership.voters.push_back(ServerId{id});
  }
  raft::Restored restored;
  restored.cluster.bytes[0] = 7;
  restored.hard_state.term = Term{1};
  restored.start.digest = chain_start(restored.cluster);
  Entry first{Index{1}, Term{1}, EntryKind::membership, {}, SharedBytes(raft::encode_membership(membership)), {}};
  first.digest = chain_next(restored.start.digest, first);
  restored.runs = {{Index{1}, Term{1}}};
  restored.last = restored.commit = restored.applied = Index{1};
  restored.last_digest = first.digest;
  restored.tail = {first};
  restored.memberships = {{Index{1}, membership}};
  return restored;
}

/// A driver whose disk is done at once and whose application applies at once.
class Node final : public DiskPort, public NetworkPort, public RoundSink {
 public:
  Node(std::uint64_t id, std::deque<raft::Message>& wire)
      : wire_(wire), driver_(raft::Core(options_of(id), founded()), *this, *this, *this) {}

  void submit(DiskRequest request) override {
    if (const auto* persist = std::get_if<raft::Persist>(&request)) done_.push_back({persist->sequence});
  }
  void send(raft::Message message) override { wire_.push_back(std::move(message)); }
  void members_changed(const raft::Membership&) override {}
  void deliver(Round round) override {
    if (!round.committed.empty()) applied_ = round.committed.back().index;
  }

  Driver& driver() { return driver_; }
  void work() {
    for (const PersistDone& done : std::exchange(done_, {})) driver_.on_disk(done);
    driver_.step(raft::Applied{applied_});
    driver_.perform();
  }

 private:
  std::deque<raft::Message>& wire_;
  std::vector<PersistDone> done_;
  Index applied_{1};
  Driver driver_;
};

class Three {
 public:
  Three() {
    for (std::uint64_t id = 1; id <= 3; ++id) nodes_[id] = std::make_unique<Node>(id, wire_);
  }
  Driver& driver(std::uint64_t id) { return nodes_.at(id)->driver(); }
  void run() {
    for (int round = 0; round < 50; ++round) {
      for (const raft::Message& message : std::exchange(wire_, {})) driver(message.to.value).step(message);
      for (auto& [id, node] : nodes_) node->work();
    }
  }
  void tick(int times) {
    for (int i = 0; i < times; ++i) {
      for (auto& [id, node] : nodes_) driver(id).step(raft::Tick{});
      run();
    }
  }
  std::uint64_t leader() {
    for (auto& [id, node] : nodes_) {
      if (driver(id).core().role() == raft::Role::leader) return id;
    }
    return 0;
  }
  std::uint64_t term() { return driver(1).core().term().value; }

 private:
  std::deque<raft::Message> wire_;
  std::map<std::uint64_t, std::unique_ptr<Node>> nodes_;
};

void fill(Three& three, std::uint64_t id, bool is_full = true) {
  three.driver(id).store_room_changed(is_full);
  three.run();
}

}  // namespace

TEST_CASE("a leader that becomes full hands over") {
  Three three;
  three.tick(40);
  const std::uint64_t leader = three.leader();
  REQUIRE(leader != 0);
  fill(three, leader);
  CHECK(three.leader() != leader);
  CHECK(three.leader() != 0);
}

TEST_CASE("whoever alone has room leads in the end") {
  Three three;
  three.tick(40);
  const auto roomy = GENERATE(std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3});
  for (std::uint64_t id = 1; id <= 3; ++id) {
    if (id != roomy) fill(three, id);
  }
  three.tick(5);
  CHECK(three.leader() == roomy);
}

TEST_CASE("if all are full, leadership does not go round all the time") {
  Three three;
  three.tick(40);
  for (std::uint64_t id = 1; id <= 3; ++id) fill(three, id);
  const std::uint64_t before = three.term();
  three.tick(1000);
  CHECK(three.leader() != 0);
  CHECK(three.term() - before <= 20);
  SECTION("and goes to the first that has room again") {
    const std::uint64_t roomy = three.leader() % 3 + 1;
    fill(three, roomy, false);
    three.tick(250);
    CHECK(three.leader() == roomy);
  }
}
