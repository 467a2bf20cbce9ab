#include <catch2/catch.hpp>

#include "common/base/limits.hpp"
#include "common/base/random.hpp"
#include "common/mq/poller.hpp"
#include "common/wire/peer_codec.hpp"
#include "tests/mq/stranger.hpp"
#include "tests/transport/replica_stub.hpp"

using namespace parley;
using namespace parley::transport;
using namespace parley::transport::testing;
using parley::mq::testing::StrangeDealer;

namespace {

const ClusterId ours = ReplicaWorld::cluster(1);
constexpr ServerId one{1};
constexpr ServerId two{2};
constexpr BootId first_boot{101};  // of the first replica that a world starts

std::string frame(wire::PeerHeader header, auto body) { return wire::encode(wire::PeerFrame{header, std::move(body)}); }

wire::Hello hello(std::string address, BootId answers = {}) { return {"stranger", std::move(address), answers}; }

raft::Message heartbeat(std::uint64_t round) { return {one, two, Term{1}, raft::Heartbeat{Index{0}, round}}; }

}  // namespace

TEST_CASE("nothing that a stranger sends to the raft port disturbs the peers") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto b = world.start(2, ours);
  a->knows(*b);
  b->knows(*a);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->links.is_up(two) && b->links.is_up(one); }));

  StrangeDealer stranger(a->links.address());
  Random random(3);
  const wire::PeerHeader unknown{ours, ServerId{50}, BootId{5}, one};
  REQUIRE(stranger.send({"", "body"}));
  REQUIRE(stranger.send(std::vector<std::string>(100, "part")));
  REQUIRE(stranger.send({""}));
  for (int i = 0; i < 200; ++i) {
    std::string garbage(random.below(300), '\0');
    for (char& c : garbage) c = static_cast<char>(random.below(256));
    REQUIRE(stranger.send({garbage}));
  }
  REQUIRE(stranger.send({frame(unknown, wire::MessageBatch{{heartbeat(666)}})}));
  REQUIRE(stranger.send({frame(unknown, hello("no address"))}));
  REQUIRE(stranger.send({frame(unknown, hello(":0"))}));
  // A batch in the name of a peer, of a life that has not greeted.
  REQUIRE(stranger.send({frame({ours, two, BootId{5}, one}, wire::MessageBatch{{heartbeat(666)}})}));
  REQUIRE(stranger.send({frame({ours, two, BootId{5}, one}, wire::HelloRefused{"first line\nsecond line"})}));
  mq::testing::send_raw_tcp(a->links.address(), "SSH-2.0-nobody\r\n");
  StrangeDealer glutton(a->links.address());
  REQUIRE(glutton.send({std::string(limits::peer_frame_bytes + 1, 'x')}));

  REQUIRE(world.await({a.get(), b.get()},
                      [&] { return a->links.stats(two).batches_refused == 1 && !a->all<RefusedByPeer>().empty(); }));
  b->say(one, 12);
  REQUIRE(world.await({a.get(), b.get()}, [&] { return a->last_round() == 12; }));
  CHECK(a->messages.size() == 1);
  CHECK(a->links.known_peers() == std::vector{two});
  CHECK(a->links.is_up(two));
  const PortStats& stats = a->links.port_stats();
  CHECK(stats.multipart == 2);
  CHECK(stats.malformed >= 200);
  CHECK(stats.strangers == 1);
  // Two hundred frames of garbage, and one line in the log about them; none of it has a line break of the stranger's.
  CHECK(a->all<FrameRefused>().size() <= 4);
  CHECK_THAT(a->all<RefusedByPeer>()[0].text, Catch::Contains("first line?second line"));
}

TEST_CASE("another version of the protocol is said by name") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  StrangeDealer stranger(a->links.address());
  std::string newer = frame({ours, two, BootId{5}, one}, hello("127.0.0.1:9"));
  newer[1] = 2;
  REQUIRE(stranger.send({newer}));
  REQUIRE(world.await({a.get()}, [&] { return !a->all<FrameRefused>().empty(); }));
  CHECK_THAT(a->all<FrameRefused>()[0].text, Catch::Contains("version 2") && Catch::Contains("version 1"));
}

TEST_CASE("no more servers are learned than a cluster may have, and silent ones make room") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  StrangeDealer stranger(a->links.address());
  for (std::uint64_t server = 100; server < 100 + limits::members + 20; ++server) {
    REQUIRE(stranger.send({frame({ours, ServerId{server}, BootId{server}, one}, hello("127.0.0.1:9"))}));
  }
  REQUIRE(world.await({a.get()}, [&] { return a->links.port_stats().strangers == 20; }));
  CHECK(a->links.known_peers().size() == limits::members);
  CHECK(a->all<FrameRefused>().size() == 1);
  a->knows(two, *Address::parse("127.0.0.1:9"));  // whom the membership names is always linked
  CHECK(a->links.known_peers().size() == limits::members + 1);
  world.now_us += 61'000'000;
  REQUIRE(world.await({a.get()}, [&] { return a->links.known_peers() == std::vector{two}; }));
  REQUIRE(stranger.send({frame({ours, ServerId{999}, BootId{999}, one}, hello("127.0.0.1:9"))}));
  CHECK(world.await({a.get()}, [&] { return a->links.known_peers() == std::vector{two, ServerId{999}}; }));
}

TEST_CASE("a peer that reads nothing costs a bounded amount of memory and is reported as lost") {
  ReplicaWorld world;
  auto a = world.start(1, ours);
  auto deaf = *mq::Socket::open(world.context, mq::SocketKind::peer_router);
  const Address address = *deaf.bind(Address{});
  StrangeDealer voice(a->links.address());  // it answers the greeting, and that is all it does
  a->knows(two, address);
  REQUIRE(voice.send({frame({ours, two, BootId{7}, one}, hello(address.text(), first_boot))}));
  REQUIRE(world.await({a.get()}, [&] { return a->links.is_up(two); }));

  const SharedBytes payload(Bytes(limits::MiB, 'p'));
  const std::size_t before = mq::testing::memory_in_use();
  const auto send_some = [&] {
    for (int i = 0; i < 4; ++i) {
      const Entry entry{Index{1}, Term{1}, EntryKind::command, {}, payload, {}};
      a->links.send({one, two, Term{1}, raft::AppendRequest{Index{0}, Term{0}, Index{0}, {entry}}});
    }
  };
  REQUIRE(world.await({a.get()}, [&] {
    send_some();
    return !a->all<PeerDown>().empty();
  }));
  // The receiver's mark (64 frames) and the kernel's buffers take their share before anything is held here; while they
  // do, the link comes and goes, since what libzmq holds of it rises above its bound and falls again.
  REQUIRE(world.await({a.get()}, [&] {
    send_some();
    return a->links.stats(two).messages_dropped >= 400;
  }));
  CHECK(a->links.stats(two).messages_out < 400);
  CHECK(mq::testing::memory_in_use() < before + 450 * limits::MiB);  // of which the deaf end holds 64 frames of 4 MiB
}
