#include <catch2/catch.hpp>

#include "common/transport/range_client.hpp"
#include "common/transport/range_port.hpp"
#include "common/wire/range_codec.hpp"
#include "tests/replica/range_server.hpp"

using namespace parley;
using namespace parley::replica::testing;
using namespace parley::transport;
using parley::transfer::EntryReceiver;
using parley::transfer::testing::cluster;

namespace {

constexpr std::uint64_t window = 256 * 1024;
constexpr std::uint64_t minute_us = 60'000'000;

const SystemClock system_clock;
std::uint64_t now() { return system_clock.now().monotonic_us; }

RangeClient client_of(mq::Context& context, const Address& address, std::uint64_t patience = minute_us) {
  auto client = RangeClient::connect(context, address, {ClusterId{}, patience});
  REQUIRE(client);
  return std::move(*client);
}

EntryReceiver from_start(std::uint64_t to) { return {Index{1}, Index{to}, chain_start(cluster(1))}; }

/// The next event, which must be of this kind.
template <class Event>
Event await(RangeClient& client) {
  auto event = client.await(system_clock, now() + minute_us);
  REQUIRE(event);
  if (const auto* failed = std::get_if<AskFailed>(&*event); failed != nullptr && !std::is_same_v<Event, AskFailed>)
    FAIL(failed->error.what);
  REQUIRE(std::holds_alternative<Event>(*event));
  return std::move(std::get<Event>(*event));
}

/// Takes entries until the stream is over; what came follows what was there before without gap or repeat.
struct Collector {
  std::vector<transfer::RangeEntry> entries;
  std::optional<EntriesEnded> ended;
  std::optional<AskFailed> failed;

  /// True when it is over.
  bool take(RangeEvent event) {
    if (auto* came = std::get_if<EntriesCame>(&event)) {
      for (transfer::RangeEntry& item : came->entries) {
        if (!entries.empty()) REQUIRE(item.entry.index == entries.back().entry.index.next());
        entries.push_back(std::move(item));
      }
    } else if (auto* end = std::get_if<EntriesEnded>(&event)) {
      ended.emplace(std::move(*end));
    } else {
      failed.emplace(std::move(std::get<AskFailed>(event)));
    }
    return ended || failed;
  }
  void take_all(RangeClient& client) {
    while (true) {
      auto event = client.await(system_clock, now() + minute_us);
      REQUIRE(event);
      if (take(std::move(*event))) return;
    }
  }
  void check(FakeStore& store, std::uint64_t first, std::uint64_t last) const {
    REQUIRE(entries.size() == last - first + 1);
    store.with_log([&](const auto& log) { CHECK(transfer::testing::are_of(log, Index{first}, entries)); });
  }
};

/// A port on which a test answers by hand.
struct ByHand {
  mq::Context context;
  RangePort port = *RangePort::bind(context, Address{});
  RangeClient client = client_of(context, port.address());
  std::vector<RangeArrival> arrivals;

  /// Works on both sides until something was asked.
  RangeArrival arrival(std::uint64_t at_us) {
    const std::uint64_t end = now() + minute_us;
    mq::Poller poller;
    poller.watch(port.socket());
    client.watch(poller);
    while (arrivals.empty()) {
      REQUIRE(now() < end);
      client.work(at_us);
      (void)port.receive(10, now(), arrivals);
      if (arrivals.empty()) poller.wait(10'000);
    }
    RangeArrival first = std::move(arrivals.front());
    arrivals.erase(arrivals.begin());
    return first;
  }
  void answer(const RangeArrival& to, wire::RangeReplyBody body) {
    REQUIRE(port.send(to.client, {cluster(1), "by hand", to.request.id, std::move(body)}, minute_us) ==
            mq::SendOutcome::sent);
  }
  transfer::EntryChunk chunk(const transfer::testing::FakeLog& log, std::uint64_t from, std::uint64_t to) {
    transfer::EntrySender sender(Index{from}, Index{0}, limits::range_window_bytes);
    return *sender.take(log.read(Index{from}, Index{to}, SIZE_MAX));
  }
};

}  // namespace

// --- questions ---

TEST_CASE("a client learns the head of a source and its cluster, and holds to it") {
  Server server;
  server.append(100);
  server.store.add_gap(5, 6);
  server.head_changed();
  RangeClient client = client_of(server.context, server.at);
  const RangeAsk ask = client.ask_head(minute_us, now());
  const auto head = await<HeadCame>(client);
  CHECK(head.ask == ask);
  CHECK(head.source == "log0");
  CHECK(head.cluster == cluster(1));
  CHECK(head.head == server.store.head());
  CHECK(client.cluster() == cluster(1));

  // Another cluster behind the same address is refused, and not taken for ours.
  FakeStore other(cluster(2));
  server.actor->order(replica::CloseSource{cluster(1), "for a test"});
  server.serve(other);
  client.ask_head(minute_us, now());
  const auto failed = await<AskFailed>(client);
  CHECK(failed.word == ErrorWord::denied);
  CHECK_THAT(failed.error.what, Catch::Contains(server.at.text()) && Catch::Contains(cluster(2).text()));
}

TEST_CASE("of a source of several clusters a client must name one") {
  Server server;
  FakeStore other(cluster(2));
  other.append(7);
  server.serve(other);
  RangeClient unnamed = client_of(server.context, server.at);
  unnamed.ask_head(minute_us, now());
  CHECK(await<AskFailed>(unnamed).error.code == ErrorCode::usage);
  auto named = RangeClient::connect(server.context, server.at, {cluster(2), minute_us});
  REQUIRE(named);
  named->ask_head(minute_us, now());
  CHECK(await<HeadCame>(*named).head.last.index == Index{7});
}

TEST_CASE("votes are counted, and answered with what is missing") {
  Server server;
  RangeClient client = client_of(server.context, server.at);
  client.vote({ServerId{1}, "node0", Index{50}}, minute_us, now());
  CHECK(std::get<wire::VotesReply>(await<VoteCounted>(client).outcome) == wire::VotesReply{1, 3, Index{50}});
  client.vote({ServerId{2}, "node1", Index{40}}, minute_us, now());
  CHECK(std::holds_alternative<wire::RangeDoneReply>(await<VoteCounted>(client).outcome));
  client.vote({ServerId{9}, "stranger", Index{40}}, minute_us, now());
  CHECK(await<AskFailed>(client).error.code == ErrorCode::refused);
}

// --- entries ---

TEST_CASE("a range of any size comes whole, under credit that is given as it is taken") {
  Server server;
  server.append(20'000, 300);
  server.append(5, limits::command_bytes);
  server.append(100, 0);
  RangeClient client = client_of(server.context, server.at);
  client.open_entries(from_start(20'105), window, minute_us, now());
  Collector collector;
  collector.take_all(client);
  REQUIRE(collector.ended);
  collector.check(server.store, 1, 20'105);
  CHECK(collector.ended->receiver.digest() == server.store.last().digest);
}

TEST_CASE("a feed brings what is committed, as it is committed, from any index") {
  Server server;
  server.append(10);
  RangeClient client = client_of(server.context, server.at);
  RangeClient late = client_of(server.context, server.at);
  const RangeAsk feed = client.open_entries(from_start(0), window, 0, now());
  late.open_entries({Index{15}, Index{0}, std::nullopt}, window, 0, now());
  Collector all;
  Collector some;
  for (int round = 0; round < 100; ++round) {
    while (all.entries.size() < static_cast<std::size_t>(10 + round))
      all.take(*client.await(system_clock, now() + minute_us));
    server.append(1);
  }
  while (some.entries.size() < 96) some.take(*late.await(system_clock, now() + minute_us));
  while (all.entries.size() < 110) all.take(*client.await(system_clock, now() + minute_us));
  all.check(server.store, 1, 110);
  some.check(server.store, 15, 110);
  client.cancel(feed);
  server.append(1);
  CHECK_FALSE(client.await(system_clock, now() + 100'000));
}

TEST_CASE("a range waits until its end is there, or its deadline is over") {
  Server server;
  server.append(5);
  RangeClient client = client_of(server.context, server.at);
  client.open_entries(from_start(10), window, minute_us, now());
  client.open_entries(from_start(1000), window, 200'000, now());
  Collector waits;
  Collector in_vain;
  while (!in_vain.failed) {
    auto event = client.await(system_clock, now() + minute_us);
    REQUIRE(event);
    const bool is_first = std::visit([](const auto& each) { return each.ask == RangeAsk{1}; }, *event);
    (is_first ? waits : in_vain).take(std::move(*event));
  }
  CHECK(in_vain.failed->word == ErrorWord::timeout);
  CHECK(in_vain.failed->error.code == ErrorCode::unreachable);
  CHECK_THAT(in_vain.failed->error.what, Catch::Contains("entry 6"));
  in_vain.check(server.store, 1, 5);
  server.append(20);
  waits.take_all(client);
  REQUIRE(waits.ended);
  waits.check(server.store, 1, 10);
}

TEST_CASE("whoever asks for what was trimmed learns where to begin") {
  Server server;
  server.append(100);
  server.store.with_log([](auto& log) { log.trim_before(Index{40}); });
  server.head_changed();
  RangeClient client = client_of(server.context, server.at);
  client.open_entries(from_start(0), window, 0, now());
  const auto failed = await<AskFailed>(client);
  CHECK(failed.word == ErrorWord::not_found);
  CHECK(failed.first == Index{40});
  CHECK(std::get<EntryReceiver>(failed.receiver).next() == Index{1});
}

TEST_CASE("a stream goes on where it was when its source comes back, without gap or repeat") {
  Server server;
  server.append(20'000, 200);
  RangeClient client = client_of(server.context, server.at);
  client.open_entries(from_start(20'050), window, minute_us, now());
  Collector collector;
  std::size_t next_restart = 1000;
  while (true) {
    auto event = client.await(system_clock, now() + minute_us);
    REQUIRE(event);
    if (collector.take(std::move(*event))) break;
    if (collector.entries.size() < next_restart) continue;
    server.restart();
    next_restart += 3000;
    if (next_restart > 20'000) server.append(50, 200);
  }
  REQUIRE(collector.ended);
  collector.check(server.store, 1, 20'050);
}

TEST_CASE("a feed on an idle cluster finds its source again after a restart") {
  Server server;
  RangeClient client = client_of(server.context, server.at);
  client.open_entries(from_start(0), window, 0, now());
  Collector collector;
  for (int round = 0; round < 5; ++round) {
    CHECK_FALSE(client.await(system_clock, now() + 20'000));
    server.restart();
    CHECK_FALSE(client.await(system_clock, now() + 20'000));
    server.append(3);
    while (collector.entries.size() < static_cast<std::size_t>(round + 1) * 3)
      collector.take(*client.await(system_clock, now() + minute_us));
  }
  collector.check(server.store, 1, 15);
}

TEST_CASE("what one source cannot finish another does, and both must have one chain") {
  Server first;
  Server second;
  Server foreign;
  first.append(3000, 500);
  second.append(6000, 500);
  foreign.append(1000, 500);
  foreign.append(5000, 501);
  RangeClient client = client_of(first.context, first.at, 300'000);
  client.open_entries(from_start(6000), window, minute_us, now());
  Collector collector;
  while (collector.entries.size() < 2000) collector.take(*client.await(system_clock, now() + minute_us));
  first.stop();
  collector.take_all(client);
  REQUIRE(collector.failed);
  CHECK(collector.failed->error.code == ErrorCode::unreachable);
  CHECK_THAT(collector.failed->error.what, Catch::Contains(first.at.text()));
  auto receiver = std::get<EntryReceiver>(std::exchange(collector.failed, std::nullopt)->receiver);
  CHECK(receiver.next() == Index{collector.entries.size() + 1});

  RangeClient at_foreign = client_of(foreign.context, foreign.at);
  at_foreign.open_entries(std::move(receiver), window, minute_us, now());
  collector.take_all(at_foreign);
  REQUIRE(collector.failed);
  CHECK(collector.failed->error.code == ErrorCode::corrupt);
  const std::string next = std::to_string(collector.entries.size() + 1);
  CHECK_THAT(collector.failed->error.what, Catch::Contains("entry " + next + " belongs to another chain"));
  receiver = std::get<EntryReceiver>(std::exchange(collector.failed, std::nullopt)->receiver);

  RangeClient at_second = client_of(second.context, second.at);
  at_second.open_entries(std::move(receiver), window, minute_us, now());
  collector.take_all(at_second);
  REQUIRE(collector.ended);
  collector.check(second.store, 1, 6000);
}

TEST_CASE("a source whose memory or disk flips bits is found out, and nothing of it is used") {
  Server server;
  server.append(100);
  server.store.with_log([](auto& log) { log.at(Index{57}).entry.payload = SharedBytes(Bytes("not what it was")); });
  RangeClient client = client_of(server.context, server.at);
  client.open_entries(from_start(100), window, minute_us, now());
  Collector collector;
  collector.take_all(client);
  REQUIRE(collector.failed);
  CHECK(collector.failed->error.code == ErrorCode::corrupt);
  CHECK_THAT(collector.failed->error.what, Catch::Contains("from 1 to 100"));
  CHECK(collector.entries.empty());

  // The head of an honest source finds a whole chain that is wrong.
  Server honest;
  honest.append(100);
  Server other;
  other.append(99);
  other.append(1, 21);
  RangeClient at_other = client_of(other.context, other.at);
  const RangeAsk ask = at_other.open_entries(from_start(100), window, minute_us, now());
  REQUIRE(at_other.expect(ask, Index{100}, honest.store.last().digest));
  CHECK_FALSE(at_other.expect(ask, Index{100}, other.store.last().digest));
  Collector from_other;
  from_other.take_all(at_other);
  REQUIRE(from_other.failed);
  CHECK_THAT(from_other.failed->error.what, Catch::Contains("entry 100"));
}

TEST_CASE("a source that has damaged entries says so") {
  Server server;
  server.append(10);
  server.restart();
  server.store.with_log([&](auto&) {
    server.store.fails_with = Error{ErrorCode::corrupt, "entry 5 does not read back"};
  });
  RangeClient client = client_of(server.context, server.at);
  client.open_entries(from_start(10), window, minute_us, now());
  const auto failed = await<AskFailed>(client);
  CHECK(failed.word == ErrorWord::mismatch);
  CHECK(failed.error.code == ErrorCode::corrupt);
}

TEST_CASE("what is not taken is not asked for: a slow owner holds no more than the window") {
  Server server;
  server.append(5000, 1000);
  RangeClient client = client_of(server.context, server.at);
  client.open_entries(from_start(5000), window, minute_us, now());
  mq::Poller poller;
  client.watch(poller);
  const std::uint64_t end = now() + 300'000;
  while (now() < end) {
    client.work(now());
    poller.wait(10'000);
  }
  Collector collector;
  while (auto event = client.next()) {
    collector.take(std::move(*event));
    if (collector.entries.size() * 1000 > window + 2000) break;  // what was taken has made room for more
  }
  CHECK(collector.entries.size() * 1000 < window + 2000);
  collector.take_all(client);
  collector.check(server.store, 1, 5000);
}

TEST_CASE("streams that are cancelled leave room, and one that finds none waits for it") {
  Server server;
  server.append(10);
  RangeClient client = client_of(server.context, server.at);
  std::vector<RangeAsk> asks;
  for (std::size_t i = 0; i < limits::range_streams_per_connection; ++i)
    asks.push_back(client.open_entries({Index{11}, Index{0}, std::nullopt}, 4096, 0, now()));
  client.open_entries(from_start(10), 4096, minute_us, now());
  CHECK_FALSE(client.await(system_clock, now() + 300'000));
  client.cancel(asks[3]);
  CHECK(await<EntriesCame>(client).entries.size() == 10);
}

// --- images ---

TEST_CASE("an image comes whole over connections that break, and begins anew when it is gone") {
  Server server;
  server.store.add_image(100, 60, 20'000);
  server.store.add_image(50, 3);
  server.restart();
  RangeClient client = client_of(server.context, server.at);
  client.open_image(Index{0}, {}, window, minute_us, now());
  std::vector<Bytes> rows;
  int begun = 0;
  int came = 0;
  Index index;
  std::optional<ImageEnded> ended;
  while (!ended) {
    auto event = client.await(system_clock, now() + minute_us);
    REQUIRE(event);
    if (const auto* begin = std::get_if<ImageBegun>(&*event)) {
      ++begun;
      rows.clear();
      index = begin->head.index;
    } else if (const auto* more = std::get_if<ImageRowsCame>(&*event)) {
      rows.emplace_back(more->rows.view());
      ++came;
      if (came == 20) server.restart();
      if (came == 30) {
        server.stop();
        server.store.remove_image(100);
        server.store.add_image(200, 40, 20'000);
        server.start(server.at);
        server.serve(server.store);
      }
    } else {
      REQUIRE(std::holds_alternative<ImageEnded>(*event));
      ended = std::move(std::get<ImageEnded>(*event));
    }
  }
  CHECK(begun == 2);
  CHECK(index == Index{200});
  CHECK(rows == server.store.image(200));
  CHECK(ended->receiver.is_complete());

  client.open_image(Index{60}, {}, window, minute_us, now());
  CHECK(await<ImageBegun>(client).head.index == Index{50});
  for (int i = 0; i < 3; ++i) (void)await<ImageRowsCame>(client);
  (void)await<ImageEnded>(client);
  client.open_image(Index{10}, {}, window, minute_us, now());
  CHECK(await<AskFailed>(client).word == ErrorWord::not_found);
}

TEST_CASE("an image that one source cannot finish another does, if it has the same") {
  Server first;
  Server second;
  for (Server* server : {&first, &second}) {
    server->store.add_image(100, 60, 20'000);
    server->restart();
  }
  RangeClient client = client_of(first.context, first.at, 300'000);
  client.open_image(Index{0}, {}, window, minute_us, now());
  (void)await<ImageBegun>(client);
  std::vector<Bytes> rows;
  for (int i = 0; i < 20; ++i) rows.emplace_back(await<ImageRowsCame>(client).rows.view());
  first.stop();
  std::optional<AskFailed> failed;
  while (!failed) {
    auto event = client.await(system_clock, now() + minute_us);
    REQUIRE(event);
    if (const auto* more = std::get_if<ImageRowsCame>(&*event)) rows.emplace_back(more->rows.view());
    if (auto* end = std::get_if<AskFailed>(&*event)) failed.emplace(std::move(*end));
  }
  RangeClient at_second = client_of(second.context, second.at);
  at_second.open_image(Index{0}, std::get<transfer::RowsReceiver>(failed->receiver), window, minute_us, now());
  while (rows.size() < 60) rows.emplace_back(await<ImageRowsCame>(at_second).rows.view());
  (void)await<ImageEnded>(at_second);
  CHECK(rows == second.store.image(100));
}

// --- nobody there, or nobody of ours ---

TEST_CASE("nobody there is said when the time is over, and waited for as long as one likes") {
  mq::Context context;
  const Address nowhere = *Address::parse("127.0.0.1:9");
  RangeClient client = client_of(context, nowhere, 100'000);
  client.ask_head(50'000, now());
  client.open_entries(from_start(0), window, 0, now());
  const auto head = await<AskFailed>(client);
  CHECK(head.ask == RangeAsk{1});
  CHECK(head.error.code == ErrorCode::unreachable);
  CHECK_THAT(head.error.what, Catch::Contains("127.0.0.1:9"));
  CHECK(await<AskFailed>(client).ask == RangeAsk{2});
  RangeClient patient = client_of(context, nowhere, UINT64_MAX);
  patient.open_entries(from_start(0), window, 0, now());
  patient.work(now() + 1'000 * minute_us);
  CHECK_FALSE(patient.next());
  CHECK_FALSE(RangeClient::connect(context, Address{}, {}));
}

TEST_CASE("a source that falls silent is asked again, and given up in the end") {
  ByHand world;
  const std::uint64_t begin = now();
  const RangeAsk ask = world.client.open_entries(from_start(0), window, 0, begin);
  const RangeArrival first = world.arrival(begin);
  transfer::testing::FakeLog log(cluster(1));
  for (int i = 0; i < 20; ++i) log.append("entry");
  world.answer(first, wire::EntriesReply{world.chunk(log, 1, 5)});
  std::optional<RangeEvent> event;
  while (!(event = world.client.next())) world.client.work(begin);
  CHECK(std::get<EntriesCame>(*event).entries.size() == 5);

  // Signs of life keep it.
  std::uint64_t at = begin;
  for (int i = 0; i < 20; ++i) {
    at += limits::range_alive_ms * 1000;
    world.answer(first, wire::AliveReply{Index{5}});
    RangeAsk head = world.client.ask_head(minute_us, at);
    const RangeArrival asked = world.arrival(at);
    world.answer(asked, wire::HeadReply{});
    while (!(event = world.client.next())) world.client.work(at);
    CHECK(std::get<HeadCame>(*event).ask == head);
  }
  // Silence: what is still wanted is asked for again, under another id, and the old one is cancelled.
  at += limits::range_silence_ms * 1000;
  world.client.work(at);
  const RangeArrival cancelled = world.arrival(at);
  CHECK(cancelled.request.id == first.request.id);
  CHECK(std::holds_alternative<wire::CancelRequest>(cancelled.request.body));
  const RangeArrival again = world.arrival(at);
  CHECK(again.request.id != first.request.id);
  CHECK(std::get<wire::EntriesRequest>(again.request.body).from == Index{6});
  CHECK(again.request.cluster == cluster(1));
  world.answer(first, wire::EntriesReply{world.chunk(log, 6, 7)});  // late, and of the old stream
  world.answer(again, wire::EntriesReply{world.chunk(log, 6, 9)});
  while (!(event = world.client.next())) world.client.work(at);
  CHECK(std::get<EntriesCame>(*event).entries.size() == 4);

  world.client.work(at + minute_us - 1);
  CHECK_FALSE(world.client.next());
  world.client.work(at + minute_us);
  event = world.client.next();
  REQUIRE(event);
  CHECK(std::get<AskFailed>(*event).ask == ask);
  CHECK(std::get<EntryReceiver>(std::get<AskFailed>(*event).receiver).next() == Index{10});
}

TEST_CASE("a source that breaks the rules ends what was asked of it, and says which rule") {
  transfer::testing::FakeLog log(cluster(1));
  for (int i = 0; i < 200; ++i) log.append(std::string(1000, 'x'));
  const auto failure_after = [&](const std::vector<wire::RangeReplyBody>& bodies, std::uint64_t stream_window) {
    ByHand world;
    const RangeAsk ask = world.client.open_entries(from_start(0), stream_window, 0, now());
    const RangeArrival asked = world.arrival(now());
    for (const wire::RangeReplyBody& body : bodies) world.answer(asked, body);
    // Nothing is taken, so no credit is given meanwhile.
    mq::Poller poller;
    world.client.watch(poller);
    const std::uint64_t end = now() + minute_us / 2;
    for (world.client.work(now()); world.client.is_open(ask); world.client.work(now())) {
      REQUIRE(now() < end);
      poller.wait(10'000);
    }
    while (true) {
      auto event = world.client.next();
      REQUIRE(event);
      if (const auto* failed = std::get_if<AskFailed>(&*event)) return failed->error;
    }
  };
  ByHand maker;
  const Error greedy =
      failure_after({wire::EntriesReply{maker.chunk(log, 1, 50)}, wire::EntriesReply{maker.chunk(log, 51, 60)}}, 4096);
  CHECK(greedy.code == ErrorCode::protocol);
  CHECK_THAT(greedy.what, Catch::Contains("more came than was allowed"));
  const Error holed =
      failure_after({wire::EntriesReply{maker.chunk(log, 1, 5)}, wire::EntriesReply{maker.chunk(log, 7, 9)}}, window);
  CHECK(holed.code == ErrorCode::corrupt);
  CHECK_THAT(holed.what, Catch::Contains("entry 6 is missing"));
  for (const wire::RangeReplyBody& other :
       {wire::RangeReplyBody(wire::HeadReply{}), wire::RangeReplyBody(wire::ImageHeadReply{}),
        wire::RangeReplyBody(wire::ImageRowsReply{}), wire::RangeReplyBody(wire::VotesReply{}),
        wire::RangeReplyBody(wire::RangeDoneReply{})}) {
    CHECK(failure_after({other}, window).code == ErrorCode::protocol);
  }

  ByHand foreign;
  foreign.client.ask_head(minute_us, now());
  const RangeArrival head = foreign.arrival(now());
  foreign.answer(head, wire::HeadReply{});
  (void)await<HeadCame>(foreign.client);
  foreign.client.ask_head(minute_us, now());
  const RangeArrival second = foreign.arrival(now());
  REQUIRE(foreign.port.send(second.client, {cluster(2), "n", second.request.id, wire::HeadReply{}}, window) ==
          mq::SendOutcome::sent);
  CHECK_THAT(await<AskFailed>(foreign.client).error.what, Catch::Contains(cluster(2).text()));
}

TEST_CASE("a port that is no source's is told by its answer") {
  mq::Context context;
  auto router = *mq::Socket::open(context, mq::SocketKind::service_router);
  const Address address = *router.bind(Address{});
  RangeClient client = client_of(context, address);
  client.ask_head(minute_us, now());
  mq::Poller poller;
  poller.watch(router);
  mq::Received received;
  const std::uint64_t end = now() + minute_us;
  while (router.receive(received) != mq::ReceiveOutcome::message) {
    REQUIRE(now() < end);
    client.work(now());
    poller.wait(10'000);
  }
  REQUIRE(router.send_to(received.routing_id, "nonsense") == mq::SendOutcome::sent);
  const auto failed = await<AskFailed>(client);
  CHECK(failed.error.code == ErrorCode::protocol);
  CHECK_THAT(failed.error.what, Catch::Contains(address.text()));
}
