#include "tests/replica/range_desk_testing.hpp"

using namespace parley;
using namespace parley::replica;
using namespace parley::replica::testing;

// --- which cluster ---

TEST_CASE("a head tells what a source has, and the only cluster need not be named") {
  World world;
  world.store().append(10);
  world.store().add_gap(3, 4);
  world.store().add_image(5, 1);
  world.order(HeadChanged{cluster(1), world.store().head()});
  world.ask("a", 1, wire::HeadRequest{});
  const auto replies = world.replies("a", 1);
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].cluster == cluster(1));
  CHECK(replies[0].source == "log0");
  CHECK(std::get<wire::HeadReply>(replies[0].body).head == world.store().head());
  world.ask("a", 2, wire::HeadRequest{}, 0, cluster(1));
  CHECK(world.only<wire::HeadReply>("a", 2).head.last == world.store().last());
}

TEST_CASE("of several clusters each is served under its id, and whoever names none or another is told") {
  World world(3);
  world.stores[1]->append(7);
  world.order(Advanced{cluster(2), world.stores[1]->last()});
  world.ask("a", 1, wire::HeadRequest{}, 0, cluster(2));
  CHECK(world.only<wire::HeadReply>("a", 1).head.last.index == Index{7});
  world.ask("a", 2, wire::HeadRequest{});
  const auto unnamed = world.error("a", 2);
  CHECK(unnamed.error == ErrorWord::invalid);
  CHECK_THAT(unnamed.detail, Catch::Contains(cluster(1).text()) && Catch::Contains(cluster(3).text()));
  world.ask("a", 3, wire::EntriesRequest{Index{1}, Index{2}, window}, 0, cluster(9));
  const auto unknown = world.error("a", 3);
  CHECK(unknown.error == ErrorWord::denied);
  CHECK_THAT(unknown.detail, Catch::Contains(cluster(9).text()) && Catch::Contains(cluster(1).text()));

  World empty(0);
  empty.ask("a", 1, wire::HeadRequest{});
  CHECK(empty.error("a", 1).error == ErrorWord::not_member);
}

TEST_CASE("a head lists the newest gaps and images, as many as fit") {
  World world;
  transfer::RangeHead head = world.store().head();
  for (std::uint64_t i = 1; i <= limits::range_gaps + 5; ++i) head.gaps.push_back({Index{i * 10}, Index{i * 10 + 1}});
  for (std::uint64_t i = 1; i <= limits::range_images + 5; ++i) head.images.push_back(Index{i * 10});
  world.order(HeadChanged{cluster(1), head});
  world.ask("a", 1, wire::HeadRequest{});
  const auto told = world.only<wire::HeadReply>("a", 1).head;
  CHECK(told.gaps.size() == limits::range_gaps);
  CHECK(told.gaps.back() == head.gaps.back());
  CHECK(told.images.size() == limits::range_images);
  CHECK(told.images.back() == head.images.back());
}

// --- ranges and feeds ---

TEST_CASE("a range is sent to its last entry, and then its id is free") {
  World world;
  world.store().append(100);
  world.advance();
  for (int round = 0; round < 2; ++round) {
    world.entries("a", 1, 10, 90);
    world.settle();
    const auto chunks = world.all<wire::EntriesReply>("a", 1);
    CHECK(world.count(chunks, 10, 90) == 81);
    CHECK(chunks.back().chunk.is_last);
    CHECK(world.desk.streams() == 0);
  }
}

TEST_CASE("what cannot be an interval or a window is refused") {
  World world;
  world.store().append(10);
  world.advance();
  for (const auto& [from, to] : {std::pair{0, 5}, {0, 0}, {5, 4}}) {
    world.entries("a", 1, static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(to));
    CHECK(world.error("a", 1).error == ErrorWord::invalid);
  }
  world.entries("a", 1, 1, 5, 0);
  CHECK(world.error("a", 1).error == ErrorWord::invalid);
  world.entries("a", 1, 1, 5, limits::range_window_bytes + 1);
  CHECK(world.error("a", 1).error == ErrorWord::too_large);
  world.entries("a", 1, 11, 0);
  world.entries("a", 1, 1, 5);
  CHECK(world.error("a", 1).error == ErrorWord::invalid);  // the id is in use
  CHECK(world.desk.streams() == 1);
}

TEST_CASE("a range waits for what is not there yet, until its deadline") {
  World world;
  world.store().append(5);
  world.advance();
  world.entries("a", 1, 3, 8);
  world.entries("b", 1, 3, 8, window, 60'000);
  world.entries("c", 1, 20, 30, window, 0);
  CHECK(world.error("c", 1).error == ErrorWord::timeout);
  world.settle();
  CHECK(world.count(world.all<wire::EntriesReply>("a", 1), 3) == 3);
  CHECK(world.count(world.all<wire::EntriesReply>("b", 1), 3) == 3);
  for (int i = 0; i < 5; ++i) world.wait(second);
  const auto end = world.replies("a", 1);
  REQUIRE_FALSE(end.empty());
  const auto& timeout = std::get<wire::RangeErrorReply>(end.back().body);
  CHECK(timeout.error == ErrorWord::timeout);
  CHECK_THAT(timeout.detail, Catch::Contains("entry 6"));
  (void)world.replies("b", 1);
  world.store().append(5);
  world.advance();
  world.settle();
  CHECK(world.count(world.all<wire::EntriesReply>("b", 1), 6, 8) == 3);
  CHECK(world.replies("a", 1).empty());
  CHECK(world.desk.streams() == 0);
}

TEST_CASE("a range that has something to send outlives its deadline, but waits no more") {
  World world;
  world.store().append(1000, 1000);
  world.advance();
  world.entries("a", 1, 1, 1001, window, 1000);
  transfer::EntryReceiver receiver(Index{1}, Index{1001}, std::nullopt);
  std::uint64_t total = window;
  std::optional<wire::RangeErrorReply> error;
  for (int round = 0; !error; ++round) {
    REQUIRE(round < 100);
    world.settle();
    for (const wire::RangeReply& reply : world.replies("a", 1)) {
      if (const auto* end = std::get_if<wire::RangeErrorReply>(&reply.body)) error = *end;
      const auto* entries = std::get_if<wire::EntriesReply>(&reply.body);
      if (entries == nullptr) continue;
      REQUIRE(receiver.take(entries->chunk));
      total += transfer::credit_cost(entries->chunk.block.size());
    }
    world.wait(3 * second);
    world.ask("a", 1, wire::CreditRequest{total});
  }
  CHECK(error->error == ErrorWord::timeout);
  CHECK(receiver.next() == Index{1001});
  CHECK(world.desk.streams() == 0);
}

TEST_CASE("a feed follows what is committed, says that it is alive, and never ends by itself") {
  World world;
  world.entries("a", 1, 1, 0, window, 0);
  CHECK(world.desk.awaits_entries());
  std::uint64_t next = 1;
  for (int round = 0; round < 50; ++round) {
    world.store().append(3);
    world.advance();
    world.settle();
    next += world.count(world.all<wire::EntriesReply>("a", 1), next);
    CHECK(next == static_cast<std::uint64_t>(round) * 3 + 4);
    world.ask("a", 1,
              wire::CreditRequest{window + static_cast<std::uint64_t>(round + 1) * limits::range_chunk_least_bytes});
    REQUIRE(world.desk.next_due_us());
    CHECK(*world.desk.next_due_us() <= world.now_us + limits::range_alive_ms * 1000);
    world.wait(limits::range_alive_ms * 1000);
    CHECK(world.only<wire::AliveReply>("a", 1).last == Index{next - 1});
  }
  world.ask("a", 1, wire::CancelRequest{});
  CHECK(world.desk.streams() == 0);
  CHECK(world.replies("a", 1).empty());
  CHECK_FALSE(world.desk.next_due_us());
}

TEST_CASE("a crowd of feeds at the same place costs one read") {
  World world;
  for (std::uint64_t id = 0; id < 100; ++id) world.entries("client " + std::to_string(id / 8), id, 1, 0, 4096 * 4);
  for (int round = 1; round <= 3; ++round) {
    world.store().append(2);
    world.advance();
    world.settle();
    CHECK(world.store().reads == static_cast<std::size_t>(round));
  }
  for (std::uint64_t id = 0; id < 100; ++id) {
    CHECK(world.count(world.all<wire::EntriesReply>("client " + std::to_string(id / 8), id), 1) == 6);
  }
}

TEST_CASE("news of what was committed may overtake a head, and an old word changes nothing") {
  World world;
  const transfer::RangeHead old = world.store().head();
  world.store().append(5);
  const transfer::LogPoint middle = world.store().last();
  world.store().append(5);
  world.advance();
  world.order(Advanced{cluster(1), middle});
  world.order(HeadChanged{cluster(1), old});
  world.order(Advanced{cluster(7), middle});
  world.order(HeadChanged{cluster(7), old});
  world.ask("a", 1, wire::HeadRequest{});
  CHECK(world.only<wire::HeadReply>("a", 1).head.last.index == Index{10});
}

// --- what is gone ---

TEST_CASE("entries that are not kept end a stream with the first one that is") {
  World world;
  world.store().append(100);
  world.store().with_log([](auto& log) { log.trim_before(Index{20}); });
  world.store().add_gap(40, 50);
  world.store().add_gap(51, 60);
  world.order(HeadChanged{cluster(1), world.store().head()});
  world.entries("a", 1, 19, 30);
  const auto trimmed = world.error("a", 1);
  CHECK(trimmed.error == ErrorWord::not_found);
  CHECK(trimmed.first == Index{20});
  CHECK_THAT(trimmed.detail, Catch::Contains("19") && Catch::Contains("20"));
  world.entries("a", 2, 45, 100);
  CHECK(world.error("a", 2).first == Index{61});

  // Up to the gap, and then told.
  world.entries("a", 3, 20, 100);
  world.settle();
  const auto replies = world.replies("a", 3);
  REQUIRE(replies.size() == 2);
  CHECK(world.count({std::get<wire::EntriesReply>(replies[0].body)}, 20) == 20);
  CHECK(std::get<wire::RangeErrorReply>(replies[1].body).first == Index{61});
  CHECK(world.desk.streams() == 0);
}

TEST_CASE("a stream whose next entry is trimmed meanwhile ends, whoever learns of it first") {
  World world;
  world.store().append(2000, 1000);
  world.advance();
  world.entries("a", 1, 1, 2000);
  world.entries("b", 1, 1500, 2000);
  world.entries("c", 1, 2, 0);
  world.store().with_log([](auto& log) { log.trim_before(Index{1000}); });
  // The read finds it gone; then the head says so.
  world.desk.work(world.now_us);
  world.settle();
  const auto found = world.replies("c", 1);
  world.order(HeadChanged{cluster(1), world.store().head()});
  world.settle();
  const auto told = world.replies("a", 1);
  for (const auto& replies : {found, told}) {
    REQUIRE_FALSE(replies.empty());
    const auto& error = std::get<wire::RangeErrorReply>(replies.back().body);
    CHECK(error.error == ErrorWord::not_found);
    CHECK(error.first == Index{1000});
  }
  CHECK(world.count(world.all<wire::EntriesReply>("b", 1), 1500) > 0);
  CHECK(world.desk.streams() == 1);
}

TEST_CASE("what a source cannot read, or has damaged, ends the stream and names it") {
  World world;
  world.store().append(10);
  world.advance();
  world.store().fails_with = Error{ErrorCode::corrupt, "segment 3, offset 77: entry 5 does not read back"};
  world.entries("a", 1, 1, 10);
  world.settle();
  const auto damaged = world.error("a", 1);
  CHECK(damaged.error == ErrorWord::mismatch);
  CHECK_THAT(damaged.detail, Catch::Contains("entry 5"));
  world.store().fails_with = Error{ErrorCode::io, "cannot read"};
  world.entries("a", 1, 1, 10);
  world.settle();
  CHECK(world.error("a", 1).error == ErrorWord::busy);
  world.store().fails_with.reset();

  // Read again, the log is another one.
  world.entries("a", 1, 1, 12);
  world.settle();
  CHECK(world.all<wire::EntriesReply>("a", 1).size() == 1);
  world.store().append(2);
  world.store().with_log([](auto& log) { log.at(Index{10}).entry.digest.bytes[0] ^= 1; });
  world.advance();
  world.settle();
  CHECK(world.error("a", 1).error == ErrorWord::mismatch);
}

// --- credit, and who is slow ---

TEST_CASE("a stream sends what it has credit for, and goes on with more") {
  World world;
  world.store().append(1000, 1000);
  world.advance();
  world.entries("a", 1, 1, 1000);
  world.settle();
  std::size_t sent = world.count(world.all<wire::EntriesReply>("a", 1), 1);
  CHECK(sent < window / 1000 + 2);
  world.ask("a", 1, wire::CreditRequest{window + window / 2});
  world.ask("a", 1, wire::CreditRequest{window + window / 2});
  world.settle();
  const std::size_t more = world.count(world.all<wire::EntriesReply>("a", 1), sent + 1);
  CHECK(sent + more < (window + window / 2) / 1000 + 2);
  CHECK(sent + more > (window + window / 4) / 1000 - 4);
  world.ask("a", 2, wire::CreditRequest{UINT64_MAX});  // of no stream
  CHECK(world.replies("a", 2).empty());
  world.ask("a", 1, wire::CreditRequest{UINT64_MAX});
  CHECK(world.error("a", 1).error == ErrorWord::invalid);
  CHECK(world.desk.streams() == 0);
}

TEST_CASE("who gives no credit for a minute loses the stream, who gives it keeps it") {
  World world;
  world.store().append(1000, 1000);
  world.advance();
  for (const std::string who : {"slow", "quick"}) world.entries(who, 1, 1, 0);
  world.settle();
  std::uint64_t total = window;
  for (int i = 0; i < 60; ++i) {
    CHECK(world.desk.streams() == 2);
    world.wait(second);
    for (const auto& entries : world.all<wire::EntriesReply>("quick", 1))
      total += transfer::credit_cost(entries.chunk.block.size());
    world.ask("quick", 1, wire::CreditRequest{total});
    world.settle();
  }
  CHECK(world.desk.streams() == 1);
  const auto replies = world.replies("slow", 1);
  const auto& reason = std::get<wire::RangeErrorReply>(replies.back().body);
  CHECK(reason.error == ErrorWord::busy);
  CHECK_THAT(reason.detail, Catch::Contains("60 s"));
  CHECK(world.desk.stats().slow == 1);
  CHECK(world.said.size() == 1);
}

TEST_CASE("who does not read loses the stream, and is told, while others go on") {
  World world;
  world.store().append(1000, 1000);
  world.advance();
  world.full.insert(ClientKey("deaf"));
  for (std::uint64_t id = 1; id <= 5; ++id) world.entries("deaf", id, id, 0, 4096);
  world.entries("good", 1, 1, 0);
  world.settle();
  for (std::uint64_t id = 1; id <= 5; ++id) CHECK(world.error("deaf", id).error == ErrorWord::busy);
  CHECK(world.count(world.all<wire::EntriesReply>("good", 1), 1) > 0);
  CHECK(world.desk.streams() == 1);
  CHECK(world.desk.stats().slow == 5);
  CHECK(world.said.size() == 1);  // however many there are
  world.now_us += 20 * second;
  world.entries("deaf", 1, 1, 0);
  world.settle();
  CHECK(world.said.size() == 2);
}

TEST_CASE("with a connection all its streams go, and nothing is left of them") {
  World world;
  world.store().append(10);
  world.store().add_image(5, 3);
  world.advance();
  for (std::uint64_t id = 1; id <= 4; ++id) world.entries("a", id, 1, 0, 4096);
  world.ask("a", 5, wire::ImageRequest{Index{0}, 0, 4096});
  world.entries("b", 1, 1, 0, 4096);
  world.gone.insert(ClientKey("a"));
  world.settle();
  CHECK(world.desk.streams() == 1);
  CHECK(world.sources[cluster(1)]->images_open() == 0);
  CHECK(world.desk.stats().gone == 5);
  // One that waits on an idle cluster is found by the word that it is alive.
  world.gone.insert(ClientKey("b"));
  world.wait(limits::range_alive_ms * 1000);
  CHECK(world.desk.streams() == 0);
}
