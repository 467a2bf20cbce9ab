#include "tests/replica/range_desk_testing.hpp"

using namespace parley;
using namespace parley::replica;
using namespace parley::replica::testing;

// --- bounds ---

TEST_CASE("streams and windows of one connection are bounded") {
  World world;
  for (std::uint64_t id = 1; id <= limits::range_streams_per_connection; ++id) world.entries("a", id, 1, 0, 4096);
  world.entries("a", 100, 1, 0, 4096);
  const auto busy = world.error("a", 100);
  CHECK(busy.error == ErrorWord::busy);
  CHECK(busy.retry_after_ms > 0);
  world.ask("a", 1, wire::CancelRequest{});
  world.entries("a", 100, 1, 0, 4096);
  CHECK(world.replies("a", 100).empty());

  world.entries("b", 1, 1, 0, limits::range_window_bytes);
  world.entries("b", 2, 1, 0, 1);
  CHECK(world.error("b", 2).error == ErrorWord::busy);
  CHECK(world.desk.stats().busy == 2);
}

TEST_CASE("streams and windows of all connections are bounded") {
  World many;
  for (std::uint64_t i = 0; i < limits::range_streams_in_all; ++i)
    many.entries("client " + std::to_string(i / 8), i, 1, 0, 1);
  CHECK(many.desk.streams() == limits::range_streams_in_all);
  many.entries("one more", 1, 1, 0, 1);
  CHECK(many.error("one more", 1).error == ErrorWord::busy);

  World wide;
  const std::uint64_t most = limits::range_window_in_all / limits::range_window_bytes;
  for (std::uint64_t i = 0; i < most; ++i)
    wide.entries("client " + std::to_string(i), 1, 1, 0, limits::range_window_bytes);
  CHECK(wide.desk.streams() == most);
  wide.entries("one more", 1, 1, 0, 1);
  CHECK(wide.error("one more", 1).error == ErrorWord::busy);
  wide.ask("client 3", 1, wire::CancelRequest{});
  wide.entries("one more", 1, 1, 0, 1);
  CHECK(wide.replies("one more", 1).empty());
}

TEST_CASE("what nobody reads keeps new streams out, and open ones go on") {
  World world;
  world.store().append(100, 1000);
  world.advance();
  world.entries("a", 1, 1, 100, 10'000);
  world.unread = limits::range_unread_in_all - 20'000;
  world.entries("a", 2, 1, 100, 10'000);
  world.entries("b", 1, 1, 100, 1);
  CHECK(world.error("b", 1).error == ErrorWord::busy);
  world.settle();
  CHECK(world.told_windows == 20'000);
  CHECK(world.all<wire::EntriesReply>("a", 1).size() == 1);
  world.unread -= 1;
  world.entries("b", 1, 1, 100, 1);
  CHECK(world.replies("b", 1).empty());
}

TEST_CASE("a log is read for few at a time, and all get their turn") {
  World world;
  world.store().append(3000, 1000);
  world.advance();
  for (std::uint64_t i = 0; i < 20; ++i) world.entries("client " + std::to_string(i), 1, 1 + i * 100, 0);
  CHECK(world.answers.size() == limits::range_reads_at_once);
  std::size_t most = 0;
  for (int turn = 0; turn < 18; ++turn) {
    most = std::max(most, world.answers.size());
    RangeOrder answer = std::move(world.answers.front());
    world.answers.pop_front();
    world.order(std::move(answer));
  }
  CHECK(most == limits::range_reads_at_once);
  for (std::uint64_t i = 0; i < 18; ++i)
    CHECK(world.all<wire::EntriesReply>("client " + std::to_string(i), 1).size() <= 1);
  world.settle();
  for (std::uint64_t i = 0; i < 20; ++i) CHECK(world.desk.streams() == 20);
}

// --- images ---

TEST_CASE("an image is sent with its head, under credit, and goes on from any chunk") {
  World world;
  world.store().add_image(50, 3);
  world.store().add_image(100, 40);
  transfer::RowsReceiver receiver;
  world.ask("a", 1, wire::ImageRequest{Index{0}, 0, 10 * 4096});
  world.settle();
  auto replies = world.replies("a", 1);
  REQUIRE(replies.size() == 9);  // what is left then is less than a quarter
  REQUIRE(receiver.begin(std::get<wire::ImageHeadReply>(replies[0].body).head));
  CHECK(receiver.head()->index == Index{100});
  for (std::size_t i = 1; i < replies.size(); ++i)
    REQUIRE(receiver.take(std::get<wire::ImageRowsReply>(replies[i].body).chunk));
  world.ask("a", 1, wire::CreditRequest{17 * 4096});
  world.settle();
  for (const auto& rows : world.all<wire::ImageRowsReply>("a", 1)) REQUIRE(receiver.take(rows.chunk));
  CHECK(receiver.next() == 15);
  world.ask("a", 1, wire::CancelRequest{});
  CHECK(world.sources[cluster(1)]->images_open() == 0);

  // Elsewhere, from there on.
  world.ask("b", 7, wire::ImageRequest{Index{100}, 15, 1024 * 1024});
  world.settle();
  replies = world.replies("b", 7);
  REQUIRE(replies.size() == 26);
  REQUIRE(receiver.begin(std::get<wire::ImageHeadReply>(replies[0].body).head));
  for (std::size_t i = 1; i < replies.size(); ++i)
    REQUIRE(receiver.take(std::get<wire::ImageRowsReply>(replies[i].body).chunk));
  CHECK(receiver.is_complete());
  CHECK(world.desk.streams() == 0);
  CHECK(world.sources[cluster(1)]->images_open() == 0);

  world.ask("b", 8, wire::ImageRequest{Index{99}, 0, 4096});
  world.settle();
  CHECK(std::get<wire::ImageHeadReply>(world.replies("b", 8).at(0).body).head.index == Index{50});
}

TEST_CASE("an image that is not there, no longer or not so is answered not_found") {
  World world;
  world.ask("a", 1, wire::ImageRequest{Index{0}, 0, 4096});
  world.settle();
  CHECK(world.error("a", 1).error == ErrorWord::not_found);
  world.store().add_image(50, 3);
  world.ask("a", 1, wire::ImageRequest{Index{49}, 0, 4096});
  world.settle();
  CHECK(world.error("a", 1).error == ErrorWord::not_found);
  world.ask("a", 1, wire::ImageRequest{Index{60}, 2, 4096});  // to go on with one of which there is only an older one
  world.settle();
  CHECK(world.error("a", 1).error == ErrorWord::not_found);
  world.ask("a", 1, wire::ImageRequest{Index{0}, 2, 4096});
  CHECK(world.error("a", 1).error == ErrorWord::invalid);
  world.ask("a", 1, wire::ImageRequest{Index{50}, 3, 4096});
  world.settle();
  CHECK(std::get<wire::RangeErrorReply>(world.replies("a", 1).back().body).error == ErrorWord::not_found);
  CHECK(world.desk.streams() == 0);
  CHECK(world.sources[cluster(1)]->images_open() == 0);
}

TEST_CASE("few images are sent at a time, and one that fails on its way ends") {
  World world;
  world.store().add_image(50, 100, 5000);
  for (const std::string who : {"a", "b", "c"}) world.ask(who, 1, wire::ImageRequest{Index{0}, 0, 4096});
  CHECK(world.error("c", 1).error == ErrorWord::busy);
  world.settle();
  CHECK(world.replies("a", 1).size() == 2);
  world.store().remove_image(50);
  world.ask("a", 1, wire::CreditRequest{4096 + 5000});
  world.settle();
  CHECK(world.error("a", 1).error == ErrorWord::busy);
  CHECK(world.desk.streams() == 1);
  for (int i = 0; i < 61; ++i) world.wait(second);
  CHECK(world.desk.streams() == 0);  // b gave no credit
  CHECK(world.sources[cluster(1)]->images_open() == 0);
}

TEST_CASE("an image that cannot be opened in time is not waited for") {
  World world;
  world.store().add_image(50, 1);
  world.ask("a", 1, wire::ImageRequest{Index{0}, 0, 4096}, 1500);
  world.wait(second);
  CHECK(world.replies("a", 1).empty());
  world.wait(second);
  CHECK(world.error("a", 1).error == ErrorWord::timeout);
  world.settle();  // the answer comes too late
  CHECK(world.replies("a", 1).empty());
  CHECK(world.sources[cluster(1)]->images_open() == 0);
}

// --- votes ---

TEST_CASE("votes for a truncation are counted by the source, and answered in time") {
  World world;
  const auto vote = [&](std::uint64_t id, std::uint64_t server, const std::string& name, std::uint64_t first) {
    world.ask("a", id, wire::TruncateRequest{ServerId{server}, name, Index{first}}, 1000);
  };
  vote(1, 1, "node0", 50);
  world.settle();
  CHECK(world.only<wire::VotesReply>("a", 1) == wire::VotesReply{1, 3, Index{50}});
  vote(2, 9, "stranger", 50);
  world.settle();
  CHECK(world.error("a", 2).error == ErrorWord::denied);
  for (const auto& [server, name, first] : {std::tuple{0, "node0", 50}, {1, "no name!", 50}, {1, "node0", 0}}) {
    vote(3, static_cast<std::uint64_t>(server), name, static_cast<std::uint64_t>(first));
    CHECK(world.error("a", 3).error == ErrorWord::invalid);
  }
  vote(4, 2, "node1", 40);
  world.settle();
  CHECK(world.only<wire::RangeDoneReply>("a", 4) == wire::RangeDoneReply{});

  for (std::uint64_t id = 0; id < limits::range_votes_in_all; ++id) vote(100 + id, 3, "node2", 40);
  vote(99, 3, "node2", 40);
  CHECK(world.error("a", 99).error == ErrorWord::busy);
  CHECK(world.desk.next_due_us() == world.now_us + second);
  world.wait(second);
  CHECK(world.error("a", 100).error == ErrorWord::timeout);
  world.settle();
  CHECK(world.replies("a", 100).empty());
}

// --- sources come and go ---

TEST_CASE("a source that is closed takes its streams with it and nobody else's, and late answers are passed over") {
  World world(2);
  for (auto& store : world.stores) {
    store->append(10);
    store->add_image(5, 3);
    world.order(HeadChanged{store->id(), store->head()});
  }
  for (std::uint8_t number = 1; number <= 2; ++number) {
    const std::string who(1, static_cast<char>('a' + number - 1));
    world.ask(who, 1, wire::EntriesRequest{Index{1}, Index{0}, window}, 0, cluster(number));
    world.ask(who, 2, wire::ImageRequest{Index{0}, 0, window}, 1000, cluster(number));
    world.ask(who, 3, wire::TruncateRequest{ServerId{1}, "n", Index{5}}, 1000, cluster(number));
  }
  world.order(CloseSource{cluster(1), "its disk is full"});
  for (const std::uint64_t id : {1, 2, 3}) {
    const auto error = world.error("a", id);
    CHECK(error.error == ErrorWord::busy);
    CHECK_THAT(error.detail, Catch::Contains("its disk is full"));
  }
  world.settle();
  CHECK(world.replies("a", 1).empty());
  CHECK(world.all<wire::EntriesReply>("b", 1).size() == 1);
  CHECK(world.all<wire::ImageRowsReply>("b", 2).size() == 3);
  CHECK(world.all<wire::VotesReply>("b", 3).size() == 1);

  world.ask("a", 4, wire::HeadRequest{}, 0, cluster(1));
  CHECK(world.error("a", 4).error == ErrorWord::denied);
  world.open_source(*world.stores[0]);
  world.ask("a", 4, wire::EntriesRequest{Index{1}, Index{10}, window}, 0, cluster(1));
  world.settle();
  CHECK(world.count(world.all<wire::EntriesReply>("a", 4), 1, 10) == 10);
  world.order(CloseSource{cluster(9), "never was"});
}

// --- all at once ---

TEST_CASE("whatever is asked in whatever order, bounds hold and nothing is left at the end") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    World world(2);
    Random random(seed);
    for (auto& store : world.stores) {
      store->append(static_cast<int>(random.below(200)), random.below(2000));
      store->add_image(20, static_cast<int>(random.between(1, 30)), random.below(8000));
      world.order(HeadChanged{store->id(), store->head()});
    }
    const auto any_index = [&] { return Index{random.one_in(10) ? random.next() : random.below(300)}; };
    const auto any_window = [&] { return random.one_in(10) ? random.next() : random.below(200'000); };
    for (int step = 0; step < 2000; ++step) {
      const std::string who = "client " + std::to_string(random.below(5));
      const std::uint64_t id = random.below(12);
      const ClusterId of = random.one_in(10) ? ClusterId{} : cluster(static_cast<std::uint8_t>(random.between(1, 2)));
      const auto deadline_ms = static_cast<std::uint32_t>(random.one_in(9) ? random.next() : random.below(5000));
      FakeStore& store = *world.stores[random.below(2)];
      switch (random.below(12)) {
        case 0: world.ask(who, id, wire::HeadRequest{}, deadline_ms, of); break;
        case 1:
        case 2:
          world.ask(who, id, wire::EntriesRequest{any_index(), any_index(), any_window()}, deadline_ms, of);
          break;
        case 3: world.ask(who, id, wire::EntriesRequest{any_index(), Index{0}, any_window()}, deadline_ms, of); break;
        case 4:
        case 5: world.ask(who, id, wire::CreditRequest{any_window() * 2}, deadline_ms, of); break;
        case 6: world.ask(who, id, wire::CancelRequest{}, deadline_ms, of); break;
        case 7:
          world.ask(who, id, wire::ImageRequest{any_index(), random.below(5), any_window()}, deadline_ms, of);
          break;
        case 8:
          world.ask(who, id, wire::TruncateRequest{ServerId{random.below(5)}, "n", any_index()}, deadline_ms, of);
          break;
        case 9:
          store.append(static_cast<int>(random.below(5)), random.below(3000));
          world.order(Advanced{store.id(), store.last()});
          break;
        case 10:
          if (random.one_in(20)) {
            world.order(CloseSource{store.id(), "for a test"});
            world.open_source(store);
          } else if (random.one_in(3)) {
            store.with_log([&](auto& log) {
              if (log.last().value > log.first().value + 2) log.trim_before(log.first().next());
            });
            world.order(HeadChanged{store.id(), store.head()});
          } else if (!world.answers.empty()) {
            RangeOrder answer = std::move(world.answers.front());
            world.answers.pop_front();
            world.order(std::move(answer));
          }
          break;
        default:
          world.wait(random.below(3) * 700'000);
          if (random.one_in(30)) world.full.insert(ClientKey(who));
          if (random.one_in(30)) world.full.clear();
      }
      REQUIRE(world.desk.streams() <= 5 * limits::range_streams_per_connection);
    }
    for (int i = 0; i < 5; ++i) world.gone.insert(ClientKey("client " + std::to_string(i)));
    world.settle();
    for (int i = 0; i < 70; ++i) world.wait(second);
    world.settle();
    CHECK(world.desk.streams() == 0);
    for (const auto& [id, source] : world.sources) CHECK(source->images_open() == 0);
    // All room is there again.
    world.gone.clear();
    world.full.clear();
    world.out.clear();
    const std::uint64_t most = limits::range_window_in_all / limits::range_window_bytes;
    for (std::uint64_t i = 0; i < most; ++i) {
      world.ask("again " + std::to_string(i), 1,
                wire::EntriesRequest{Index{1000}, Index{0}, limits::range_window_bytes}, 0, cluster(1));
    }
    CHECK(world.desk.streams() == most);
  }
}
