#include <catch2/catch.hpp>

#include "common/base/limits.hpp"
#include "tests/mq/stranger.hpp"
#include "tests/transport/replica_stub.hpp"

using namespace parley;
using namespace parley::transport;
using namespace parley::transport::testing;

namespace {

const ClusterId ours = ReplicaWorld::cluster(1);
const ClusterId theirs = ReplicaWorld::cluster(2);
constexpr ServerId one{1};
constexpr ServerId two{2};

raft::Message append(ServerId from, ServerId to, std::uint64_t index, std::size_t bytes) {
  const Entry entry{Index{index}, Term{1}, EntryKind::command, {1, 2}, SharedBytes(Bytes(bytes, 'p')), {}};
  return {from, to, Term{1}, raft::AppendRequest{Index{index - 1}, Term{1}, Index{0}, {entry}}};
}

}  // namespace

TEST_CASE("two replicas greet each other, and messages go both ways") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto b = world.start(2, ours);
  a->knows(*b);
  b->knows(*a);
  CHECK_FALSE(a->links.last_heard_us(two));
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->links.is_up(two) && b->links.is_up(one); }));
  REQUIRE(a->all<PeerUp>().size() == 1);
  CHECK(a->all<PeerUp>()[0].peer == two);
  CHECK(a->links.last_heard_us(two));

  a->say(two, 41);
  b->say(one, 42);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->last_round() == 42 && b->last_round() == 41; }));
  CHECK(a->messages[0].from == two);
  CHECK(a->messages[0].to == one);
  CHECK(a->messages[0].term == Term{1});
  CHECK(a->links.stats(two).messages_out == 1);
  CHECK(a->links.stats(two).messages_in == 1);
  CHECK(a->links.stats(two).messages_dropped == 0);
  CHECK(a->links.stats(two).bytes_in > 0);
  CHECK(a->all<PeerDown>().empty());
  CHECK(a->all<FrameRefused>().empty());
}

TEST_CASE("a greeting from an unknown server of our cluster teaches where it is, so that it can be answered") {
  ReplicaWorld world;
  auto leader = world.start(1, ours);
  auto joiner = world.start(2, ours);
  leader->knows(*joiner);
  REQUIRE(
      world.await({leader.get(), joiner.get()}, [&] { return joiner->links.is_up(one) && leader->links.is_up(two); }));
  CHECK(joiner->links.known_peers() == std::vector{one});
  CHECK(joiner->links.address_of(one) == leader->links.address());
  joiner->say(one, 7);
  CHECK(world.await({leader.get(), joiner.get()}, [&] { return leader->last_round() == 7; }));
}

TEST_CASE("a batch of a round arrives in order, in as many frames as it needs") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto b = world.start(2, ours);
  a->knows(*b);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->links.is_up(two); }));
  const auto frames_before = a->links.stats(two).frames_out;
  for (std::uint64_t index = 1; index <= 10; ++index) a->links.send(append(one, two, index, limits::MiB));
  REQUIRE(world.await({a.get(), b.get()}, [&] { return b->messages.size() == 10; }));
  CHECK(a->links.stats(two).frames_out - frames_before >= 3);
  CHECK(a->links.stats(two).frames_out - frames_before <= 5);
  for (std::uint64_t index = 1; index <= 10; ++index) {
    const auto& entries = std::get<raft::AppendRequest>(b->messages[index - 1].body).entries;
    REQUIRE(entries.size() == 1);
    CHECK(entries[0].index == Index{index});
    CHECK(entries[0].payload.view() == Bytes(limits::MiB, 'p'));
  }
  for (std::uint64_t round = 1; round <= 2 * limits::messages_per_frame + 1; ++round) a->say(two, round);
  REQUIRE(
      world.await({a.get(), b.get()}, [&] { return b->messages.size() == 10 + 2 * limits::messages_per_frame + 1; }));
  CHECK(b->last_round() == 2 * limits::messages_per_frame + 1);
}

TEST_CASE("a message that no frame can hold is not sent, and said once") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto b = world.start(2, ours);
  a->knows(*b);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->links.is_up(two); }));
  const std::vector<SharedBytes> commands(5, SharedBytes(Bytes(limits::MiB, 'c')));
  for (int i = 0; i < 3; ++i) a->links.send({one, two, Term{1}, raft::ForwardedProposal{1, commands}});
  a->links.send(append(one, two, 1, limits::command_bytes + 1));
  a->say(two, 5);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return b->last_round() == 5; }));
  CHECK(b->messages.size() == 1);
  CHECK(a->links.stats(two).messages_dropped == 4);
  REQUIRE(a->all<FrameRefused>().size() == 1);
  CHECK(a->links.is_up(two));
}

TEST_CASE("a restarted peer is noticed and greeted again, at the same address") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto b = world.start(2, ours);
  a->knows(*b);
  b->knows(*a);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->links.is_up(two) && b->links.is_up(one); }));
  const Address address = b->links.address();
  b.reset();
  b = world.start(2, ours, address);
  b->knows(*a);
  REQUIRE(world.await({a.get(), b.get()},
                      [&] { return !a->all<PeerRestarted>().empty() && a->links.is_up(two) && b->links.is_up(one); }));
  REQUIRE(a->all<PeerRestarted>().size() == 1);
  CHECK(a->all<PeerDown>().size() >= 1);
  CHECK(a->all<PeerUp>().size() == a->all<PeerDown>().size() + 1);
  a->say(two, 8);
  b->say(one, 9);
  CHECK(world.await({a.get(), b.get()}, [&] { return b->last_round() == 8 && a->last_round() == 9; }));
}

TEST_CASE("a restarted replica that knows nobody is found again by those who know it") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto b = world.start(2, ours);
  a->knows(*b);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->links.is_up(two); }));
  const Address address = b->links.address();
  b.reset();
  b = world.start(2, ours, address);
  // It is silent until it is spoken to, and messages of a peer that has not greeted this life are not taken.
  REQUIRE(world.await({a.get(), b.get()}, [&] {
    a->say(two, 3);
    return b->last_round() == 3;
  }));
  CHECK(a->all<PeerRestarted>().size() == 1);
}

TEST_CASE("a peer that comes back elsewhere says so, and is followed there") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto b = world.start(2, ours);
  a->knows(*b);
  b->knows(*a);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->links.is_up(two); }));
  const Address old = b->links.address();
  b.reset();
  auto squatter = world.start(9, ours, old);  // so that the port is not given again
  b = world.start(2, ours);
  b->knows(*a);
  REQUIRE(b->links.address() != old);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->links.is_up(two) && !a->all<PeerMoved>().empty(); }));
  CHECK(a->all<PeerMoved>()[0].peer == two);
  CHECK(a->all<PeerMoved>()[0].address == b->links.address());
  CHECK(a->all<PeerRestarted>().size() == 1);

  SECTION("and an older opinion of where it is does not lead back") {
    a->knows(two, old);
    CHECK(a->links.address_of(two) == b->links.address());
    CHECK(a->links.is_up(two));
  }
  SECTION("but a newer one does") {
    a->knows(two, *Address::parse("127.0.0.1:9"));
    CHECK(a->links.address_of(two) == *Address::parse("127.0.0.1:9"));
    CHECK_FALSE(a->links.is_up(two));
  }
}

TEST_CASE("two clusters refuse each other and say who is who") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto b = world.start(2, theirs);
  a->knows(*b);
  b->knows(*a);
  REQUIRE(world.await({a.get(), b.get()},
                      [&] { return !a->all<FrameRefused>().empty() && !a->all<RefusedByPeer>().empty(); }));
  for (const std::string& text : {a->all<FrameRefused>()[0].text, a->all<RefusedByPeer>()[0].text}) {
    CHECK_THAT(text, Catch::Contains(ours.text()) && Catch::Contains(theirs.text()));
  }
  CHECK(a->all<FrameRefused>()[0].peer == two);
  a->say(two, 1);
  world.turns({a.get(), b.get()}, 50);
  CHECK(b->messages.empty());
  CHECK_FALSE(a->links.is_up(two));
  CHECK_FALSE(b->links.is_up(one));
  // Half a second of repeated greetings, and each thing said once.
  CHECK(a->all<FrameRefused>().size() == 1);
  CHECK(a->all<RefusedByPeer>().size() == 1);
  CHECK(a->links.port_stats().foreign > 1);
  // Ten seconds later it is said again.
  world.now_us += 11'000'000;
  CHECK(world.await({a.get(), b.get()}, [&] { return a->all<FrameRefused>().size() == 2; }));
}

TEST_CASE("a frame for an earlier incarnation is refused, and its sender is told") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto wiped = world.start(3, ours);
  a->knows(two, wiped->links.address());  // where server 2 was before its disk was wiped
  wiped->knows(*a);
  REQUIRE(world.await({a.get(), wiped.get()},
                      [&] { return !wiped->all<FrameRefused>().empty() && !a->all<RefusedByPeer>().empty(); }));
  for (const std::string& text : {wiped->all<FrameRefused>()[0].text, a->all<RefusedByPeer>()[0].text}) {
    CHECK_THAT(text,
               Catch::Contains("incarnation 0000000000000002") && Catch::Contains("incarnation 0000000000000003"));
  }
  CHECK_FALSE(a->links.is_up(two));
  CHECK(world.await({a.get(), wiped.get()}, [&] { return a->links.is_up(ServerId{3}); }));  // as itself it is welcome
}

TEST_CASE("an address that leads back to ourselves is said") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto copy = world.start(1, ours);
  copy->links.set_cluster(ours);
  a->knows(two, a->links.address());
  copy->knows(two, copy->links.address());
  REQUIRE(world.await({a.get()}, [&] { return !a->all<FrameRefused>().empty(); }));
  CHECK_THAT(a->all<FrameRefused>()[0].text, Catch::Contains("incarnation"));
  CHECK(a->links.set_peer(one, "n1", copy->links.address(), 0));  // itself is no peer
  CHECK(a->links.known_peers() == std::vector{two});
}

TEST_CASE("a replica without a cluster hears nobody and greets nobody, until it has one") {
  ReplicaWorld world;
  auto member = world.start(1, ours);
  auto joiner = world.start(2, ClusterId{});
  member->knows(*joiner);
  joiner->knows(*member);
  REQUIRE(world.await({member.get(), joiner.get()}, [&] { return joiner->links.port_stats().early >= 3; }));
  CHECK_FALSE(joiner->links.is_up(one));
  CHECK_FALSE(member->links.is_up(two));
  CHECK_FALSE(member->links.last_heard_us(two));
  joiner->links.set_cluster(ours);
  CHECK(
      world.await({member.get(), joiner.get()}, [&] { return joiner->links.is_up(one) && member->links.is_up(two); }));
}

TEST_CASE("what is sent to a peer that is not there is dropped and counted, and does not arrive later") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  // Not of a listener of libzmq that was closed: its own thread closes it, and until then somebody is there.
  const Address address = mq::testing::free_address();
  a->knows(two, address);
  for (int turn = 0; turn < 50; ++turn) {
    for (int i = 0; i < 100; ++i) a->links.send(append(one, two, 1, 10000));
    world.turn({a.get()});
  }
  CHECK(a->links.stats(two).messages_dropped == 5000);
  CHECK(a->links.stats(two).frames_out == 0);
  CHECK(a->events.empty());
  auto b = world.start(2, ours, address);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->links.is_up(two) && b->links.is_up(one); }));
  a->say(two, 77);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return b->last_round() == 77; }));
  CHECK(b->messages.size() == 1);
  a->say(ServerId{99}, 1);
  CHECK(a->links.port_stats().unknown_receiver == 1);
}

TEST_CASE("a lost peer is reported once, however much is sent to it") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto b = world.start(2, ours);
  a->knows(*b);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->links.is_up(two); }));
  b.reset();
  REQUIRE(world.await({a.get()}, [&] {
    a->say(two, 1);
    return !a->links.is_up(two);
  }));
  for (int i = 0; i < 20; ++i) {
    a->say(two, 2);
    world.turn({a.get()});
  }
  CHECK(a->all<PeerDown>().size() == 1);
  CHECK(a->all<PeerDown>()[0].peer == two);
  CHECK(a->links.stats(two).messages_dropped >= 20);
}

TEST_CASE("a peer that is forgotten is no longer spoken to") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto b = world.start(2, ours);
  a->knows(*b);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->links.is_up(two); }));
  a->links.forget_peer(two);
  CHECK(a->links.known_peers().empty());
  CHECK_FALSE(a->links.is_up(two));
  CHECK_FALSE(a->links.address_of(two));
  CHECK(a->links.stats(two).frames_out == 0);
}

TEST_CASE("an address in use is an error that names it") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  const auto second =
      PeerLinks::bind(world.context, a->links.address(), SelfInfo{two, *NodeId::parse("n2"), BootId{1}, Address{}});
  REQUIRE_FALSE(second);
  CHECK_THAT(second.error().what, Catch::Contains(a->links.address().text()));
  CHECK_FALSE(a->links.set_peer(two, "n2", Address{}, 0));  // port 0: nobody can be there
}
