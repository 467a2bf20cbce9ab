#include <catch2/catch.hpp>

#include "common/base/range_limits.hpp"
#include "tests/transfer/range_testing.hpp"

using namespace parley;
using namespace parley::transfer;
using namespace parley::transfer::testing;

namespace {

constexpr std::uint64_t window = 64 * 1024;

FakeLog log_of(int entries, std::size_t payload_bytes = 100) {
  FakeLog log;
  for (int i = 0; i < entries; ++i) log.append(std::string(payload_bytes, static_cast<char>('a' + i % 26)));
  return log;
}

EntryReceiver receiver_of(std::uint64_t from, std::uint64_t to) {
  return {Index{from}, Index{to}, from == 1 ? std::optional(chain_start(cluster(1))) : std::nullopt};
}

/// A chunk of the entries [from, to] of the log.
EntryChunk chunk_of(const FakeLog& log, std::uint64_t from, std::uint64_t to, std::uint64_t asked_to = 0) {
  EntrySender sender(Index{from}, Index{asked_to == 0 ? to : asked_to}, limits::range_window_bytes);
  auto chunk = sender.take(log.read(Index{from}, Index{to}, limits::range_chunk_bytes));
  REQUIRE(chunk);
  return *chunk;
}

/// The same with something changed, and a checksum that a source with a broken memory would have made.
template <class Change>
EntryChunk lying(EntryChunk chunk, Change change) {
  change(chunk);
  chunk.checksum = chunk_checksum(chunk);
  return chunk;
}

std::string refusal(EntryReceiver& receiver, const EntryChunk& chunk) {
  const Index next = receiver.next();
  const auto digest = receiver.digest();
  const auto taken = receiver.take(chunk);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == ErrorCode::corrupt);
  CHECK(receiver.next() == next);
  CHECK(receiver.digest() == digest);
  return taken.error().what;
}

}  // namespace

// --- credit ---

TEST_CASE("a credit is a total, so that a word repeated or late changes nothing") {
  CreditSpent spent(100'000);
  CHECK(spent.room() == 100'000);
  spent.spend(60'000);
  CHECK(spent.room() == 40'000);
  CHECK(spent.grant(160'000));
  CHECK(spent.grant(160'000));
  CHECK(spent.grant(120'000));
  CHECK(spent.room() == 100'000);
  spent.spend(200'000);  // the last entry may exceed it
  CHECK(spent.room() == 0);
  CHECK(spent.grant(360'000));
  CHECK_FALSE(spent.grant(360'001));
  CHECK_FALSE(spent.grant(UINT64_MAX));
}

TEST_CASE("a small chunk costs as much as a frame is worth") {
  CreditSpent spent(limits::range_chunk_least_bytes * 2);
  spent.spend(1);
  CHECK(spent.room() == limits::range_chunk_least_bytes);
  spent.spend(1);
  CHECK(spent.room() == 0);
}

TEST_CASE("a receiver tells its credit by quarters of the window, and knows who had none") {
  CreditGiven given(100'000);
  CHECK_FALSE(given.take_due());
  CHECK(given.received(99'999));
  CHECK(given.received(50'000));  // it had one byte left, and the last entry may exceed it
  CHECK_FALSE(given.received(1));
  given.released(20'000);
  CHECK_FALSE(given.take_due());
  given.released(5'000);
  CHECK(given.take_due() == 125'000);
  CHECK_FALSE(given.take_due());
}

// --- the sender ---

TEST_CASE("a range is sent in order, to its last entry, and not beyond") {
  FakeLog log = log_of(100);
  EntrySender sender(Index{10}, Index{90}, window);
  EntryReceiver receiver = receiver_of(10, 90);
  Index next{10};
  while (const auto chunk = next_chunk(sender, log)) {
    const auto entries = receiver.take(*chunk);
    REQUIRE(entries);
    CHECK(are_of(log, next, *entries));
    next = receiver.next();
    (void)sender.grant(window);
  }
  CHECK(receiver.is_complete());
  CHECK(sender.is_done());
  CHECK(next == Index{91});
  CHECK(receiver.digest() == log.digest_at(Index{90}));
}

TEST_CASE("what is not there yet is waited for, and a feed goes on for ever") {
  FakeLog log = log_of(5);
  EntrySender range(Index{4}, Index{8}, window);
  EntrySender feed(Index{6}, Index{0}, window);
  CHECK(range.wanted(log.last())->to == Index{5});
  REQUIRE(next_chunk(range, log));
  CHECK(range.waits(log.last()));
  CHECK_FALSE(range.is_done());
  CHECK(feed.waits(log.last()));
  CHECK_FALSE(feed.wanted(log.last()));
  for (int i = 0; i < 5; ++i) log.append("more");
  CHECK_FALSE(range.waits(log.last()));
  CHECK(range.wanted(log.last())->to == Index{8});
  CHECK(next_chunk(range, log)->is_last);
  CHECK(range.is_done());
  const auto chunk = next_chunk(feed, log);
  REQUIRE(chunk);
  CHECK(chunk->count == 5);
  CHECK_FALSE(chunk->is_last);
  CHECK(feed.waits(log.last()));
}

TEST_CASE("a sender without credit wants nothing, and reads no more than it may send") {
  const FakeLog log = log_of(2000, 1000);
  EntrySender sender(Index{1}, Index{2000}, window);
  CHECK(sender.wanted(log.last())->max_bytes == window);
  std::uint64_t sent = 0;
  while (const auto chunk = next_chunk(sender, log)) {
    CHECK(sent < window);
    sent += credit_cost(chunk->block.size());
  }
  CHECK(sent < window + limits::range_chunk_least_bytes);
  CHECK_FALSE(sender.has_credit());
  CHECK(sender.grant(sent + window));
  CHECK(next_chunk(sender, log));
  CHECK_FALSE(sender.grant(sent + 3 * window));
}

TEST_CASE("an entry larger than the window travels alone") {
  FakeLog log;
  log.append("small");
  log.append(std::string(limits::command_bytes, 'x'));
  log.append("small");
  EntrySender sender(Index{1}, Index{3}, 4096);
  EntryReceiver receiver = receiver_of(1, 3);
  std::uint64_t sent = 0;
  for (int i = 0; i < 3; ++i) {
    const auto chunk = next_chunk(sender, log);
    REQUIRE(chunk);
    CHECK(chunk->count == 1);
    CHECK(chunk->block.size() <= limits::range_block_bytes);
    REQUIRE(receiver.take(*chunk));
    sent += credit_cost(chunk->block.size());
    REQUIRE(sender.grant(sent + 4096));
  }
  CHECK(receiver.is_complete());
}

TEST_CASE("chunks keep to their bounds, however much is read at once") {
  FakeLog log;
  for (int i = 0; i < 40'000; ++i) log.append("");
  EntrySender sender(Index{1}, Index{0}, limits::range_window_bytes);
  const auto chunk = sender.take(log.read(Index{1}, log.last(), SIZE_MAX));
  REQUIRE(chunk);
  CHECK(chunk->count <= limits::range_chunk_entries);
  CHECK(chunk->block.size() <= limits::range_chunk_bytes);
  CHECK(sender.next() == Index{chunk->count + 1ULL});
}

TEST_CASE("a sender finds that its source gave something else than what was asked for") {
  const FakeLog log = log_of(20);
  const auto error_of = [](EntrySender& sender, const EntryRun& run) {
    const auto chunk = sender.take(run);
    REQUIRE_FALSE(chunk);
    CHECK(chunk.error().code == ErrorCode::corrupt);
    return chunk.error().what;
  };
  EntrySender sender(Index{5}, Index{20}, window);
  CHECK_THAT(error_of(sender, log.read(Index{6}, Index{9}, window)), Catch::Contains("5"));
  REQUIRE(sender.take(log.read(Index{5}, Index{9}, window)));
  EntryRun other_chain = log.read(Index{10}, Index{12}, window);
  other_chain.before.bytes[0] ^= 1;
  CHECK_THAT(error_of(sender, other_chain), Catch::Contains("10"));
  EntryRun holed = log.read(Index{10}, Index{14}, window);
  holed.entries.erase(holed.entries.begin() + 2);
  CHECK_THAT(error_of(sender, holed), Catch::Contains("12"));
}

// --- the receiver, and sources that lie ---

TEST_CASE("reduced entries keep the chain whole") {
  FakeLog log = log_of(10);
  log.reduce(Index{3}, "rest");
  log.reduce(Index{10}, "");
  EntryReceiver receiver = receiver_of(1, 10);
  const auto entries = receiver.take(chunk_of(log, 1, 10));
  REQUIRE(entries);
  CHECK(are_of(log, Index{1}, *entries));
  CHECK(receiver.digest() == log_of(10).digest_at(Index{10}));
}

TEST_CASE("any flipped bit of a chunk is found") {
  FakeLog log = log_of(3, 20);
  log.reduce(Index{2}, "r");
  const EntryChunk good = chunk_of(log, 1, 3);
  for (std::size_t bit = 0; bit < good.block.size() * 8; ++bit) {
    Bytes block(good.block.view());
    block[bit / 8] = static_cast<char>(block[bit / 8] ^ (1 << (bit % 8)));
    EntryChunk flipped = good;
    flipped.block = SharedBytes(block);
    EntryReceiver on_its_way = receiver_of(1, 3);
    CHECK_THAT(refusal(on_its_way, flipped), Catch::Contains("checksum"));
    // Flipped where the source keeps it: the checksum is right, and what the source has kept of the chain is not.
    EntryReceiver at_the_source = receiver_of(1, 3);
    const auto taken = at_the_source.take(lying(flipped, [](EntryChunk&) {}));
    // What is left of a reduced payload, and what is said of effects, are the two things that the chain does not cover.
    const std::size_t rest = good.block.size() - (29 + 20) - 1;
    const std::size_t kinds[] = {8, 29 + 20 + 8, good.block.size() - 20 - 29 + 8};
    const bool is_effect = (bit % 8 == 5 || bit % 8 == 6) && std::ranges::find(kinds, bit / 8) != std::end(kinds);
    if (bit / 8 == rest || is_effect) continue;
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == ErrorCode::corrupt);
  }
}

TEST_CASE("entries that are missing, repeated or too many are found, and named") {
  const FakeLog log = log_of(30);
  EntryReceiver receiver = receiver_of(5, 20);
  CHECK_THAT(refusal(receiver, chunk_of(log, 6, 9, 20)), Catch::Contains("entry 5 is missing"));
  REQUIRE(receiver.take(chunk_of(log, 5, 9, 20)));
  CHECK_THAT(refusal(receiver, chunk_of(log, 5, 9, 20)), Catch::Contains("entry 10 is missing"));
  CHECK_THAT(refusal(receiver, chunk_of(log, 12, 14, 20)), Catch::Contains("entry 10 is missing"));
  CHECK_THAT(refusal(receiver, chunk_of(log, 10, 21)), Catch::Contains("beyond 20"));
  const EntryChunk good = chunk_of(log, 10, 14, 20);
  CHECK_THAT(refusal(receiver, lying(good, [](EntryChunk& chunk) { chunk.is_last = true; })),
             Catch::Contains("end before entry 20"));
  CHECK_THAT(refusal(receiver, lying(good, [](EntryChunk& chunk) { chunk.count = 4; })), Catch::Contains("10"));
  CHECK_THAT(refusal(receiver, lying(good, [](EntryChunk& chunk) { chunk.count = 0; })), Catch::Contains("10"));
  CHECK_THAT(refusal(receiver, lying(chunk_of(log, 10, 20), [](EntryChunk& chunk) { chunk.is_last = false; })),
             Catch::Contains("20"));
  REQUIRE(receiver.take(good));
  REQUIRE(receiver.take(chunk_of(log, 15, 20)));
  CHECK(receiver.is_complete());
  CHECK_THAT(refusal(receiver, chunk_of(log, 21, 22)), Catch::Contains("beyond 20"));

  EntryReceiver feed = receiver_of(5, 0);
  CHECK_THAT(refusal(feed, chunk_of(log, 5, 9)), Catch::Contains("5"));  // a feed has no end
}

TEST_CASE("an entry taken out of the middle, with all indexes moved up, is found by the chain") {
  const FakeLog log = log_of(10);
  FakeLog without = log_of(4);
  for (int i = 5; i < 10; ++i) without.append(std::string(100, static_cast<char>('a' + i)));
  for (std::uint64_t index = 5; index < 10; ++index) {
    without.at(Index{index}).entry.digest = log.at(Index{index + 1}).entry.digest;
    without.at(Index{index}).entry.time = log.at(Index{index + 1}).entry.time;
  }
  EntryReceiver receiver = receiver_of(1, 9);
  CHECK_THAT(refusal(receiver, chunk_of(without, 1, 9)), Catch::Contains("from 1 to 9"));
}

TEST_CASE("the chain of another cluster, or another history of ours, is found at the first entry that differs") {
  const FakeLog ours = log_of(20);
  FakeLog other(cluster(2));
  FakeLog fork = log_of(12);
  for (int i = 0; i < 20; ++i) other.append("theirs");
  for (int i = 0; i < 8; ++i) fork.append("ours, but not what was committed");

  EntryReceiver fresh = receiver_of(1, 20);
  CHECK_THAT(refusal(fresh, chunk_of(other, 1, 20)), Catch::Contains("entry 1 belongs to another chain"));

  EntryReceiver receiver = receiver_of(1, 20);
  REQUIRE(receiver.take(chunk_of(ours, 1, 14, 20)));
  CHECK_THAT(refusal(receiver, chunk_of(fork, 15, 20)), Catch::Contains("entry 15 belongs to another chain"));
  REQUIRE(receiver.take(chunk_of(ours, 15, 20)));

  // Two sources state the end; the one that sends is the one that is wrong.
  EntryReceiver warned = receiver_of(1, 20);
  CHECK(warned.expect(Index{13}, ours.digest_at(Index{13})));
  CHECK(warned.expect(Index{20}, ours.digest_at(Index{20})));
  CHECK_THAT(refusal(warned, chunk_of(fork, 1, 20)),
             Catch::Contains("entry 13") && Catch::Contains(ours.digest_at(Index{13}).text()));
  REQUIRE(warned.take(chunk_of(ours, 1, 20)));
}

TEST_CASE("what sources state of an index is held against each other, and against what has come") {
  const FakeLog log = log_of(20);
  EntryReceiver receiver = receiver_of(1, 0);
  CHECK(receiver.expect(Index{15}, log.digest_at(Index{15})));
  CHECK(receiver.expect(Index{15}, log.digest_at(Index{15})));
  const Status other = receiver.expect(Index{15}, log.digest_at(Index{14}));
  REQUIRE_FALSE(other);
  CHECK(other.error().code == ErrorCode::corrupt);
  CHECK_THAT(other.error().what, Catch::Contains("entry 15"));

  REQUIRE(receiver.take(chunk_of(log, 1, 10, 20)));
  CHECK(receiver.expect(Index{10}, log.digest_at(Index{10})));
  CHECK_FALSE(receiver.expect(Index{10}, log.digest_at(Index{9})));
  CHECK(receiver.expect(Index{9}, log.digest_at(Index{3})));  // gone by: nothing can be said
  // However many are stated, few are kept, and the nearest.
  for (std::uint64_t index = 1000; index > 11; --index)
    CHECK(receiver.expect(Index{index}, {}).has_value() != (index == 15));
  CHECK_THAT(refusal(receiver, chunk_of(log, 11, 20, 30)), Catch::Contains("entry 12"));
}

TEST_CASE("a sound chunk of another chain is told from a damaged one") {
  const FakeLog log = log_of(30);
  FakeLog fork = log_of(10);
  for (int i = 0; i < 20; ++i) fork.append("another history");
  EntryReceiver receiver = receiver_of(1, 30);
  REQUIRE(receiver.take(chunk_of(log, 1, 12, 30)));
  (void)refusal(receiver, chunk_of(fork, 13, 20, 30));
  REQUIRE(receiver.disagreement());
  CHECK(receiver.disagreement()->index == Index{12});
  CHECK(receiver.disagreement()->found == fork.digest_at(Index{12}));
  CHECK(receiver.disagreement()->stated == log.digest_at(Index{12}));
  (void)refusal(receiver, lying(chunk_of(log, 13, 20, 30), [](EntryChunk& chunk) { chunk.before.bytes[0] ^= 1; }));
  CHECK_FALSE(receiver.disagreement());
  (void)refusal(receiver, lying(chunk_of(log, 13, 20, 30), [](EntryChunk& chunk) { chunk.after.bytes[0] ^= 1; }));
  CHECK_FALSE(receiver.disagreement());

  REQUIRE(receiver.expect(Index{15}, fork.digest_at(Index{15})));
  (void)refusal(receiver, chunk_of(log, 13, 20, 30));
  REQUIRE(receiver.disagreement());
  CHECK(receiver.disagreement()->index == Index{15});
  CHECK(receiver.disagreement()->found == log.digest_at(Index{15}));
  CHECK(receiver.disagreement()->stated == fork.digest_at(Index{15}));
  Bytes flipped(chunk_of(log, 13, 20, 30).block.view());
  flipped[40] = static_cast<char>(flipped[40] ^ 1);
  (void)refusal(receiver,
                lying(chunk_of(log, 13, 20, 30), [&](EntryChunk& chunk) { chunk.block = SharedBytes(flipped); }));
  CHECK_FALSE(receiver.disagreement());
}

TEST_CASE("without a digest to begin with, the first chunk gives one, and the rest is held to it") {
  const FakeLog log = log_of(20);
  EntryReceiver receiver = receiver_of(8, 20);
  CHECK_FALSE(receiver.digest());
  REQUIRE(receiver.take(chunk_of(log, 8, 10, 20)));
  CHECK(receiver.digest() == log.digest_at(Index{10}));
  CHECK_THAT(refusal(receiver, lying(chunk_of(log, 11, 20), [](EntryChunk& chunk) { chunk.before.bytes[0] ^= 1; })),
             Catch::Contains("entry 11 belongs to another chain"));
}

TEST_CASE("terms never go back") {
  FakeLog log;
  log.append("one", EntryKind::command, Term{5});
  log.append("two", EntryKind::command, Term{4});
  EntryReceiver receiver = receiver_of(1, 2);
  CHECK_THAT(refusal(receiver, chunk_of(log, 1, 2)), Catch::Contains("entry 2 has a lower term"));
}

TEST_CASE("the largest indexes do no harm") {
  EntryReceiver receiver(Index{UINT64_MAX}, Index{0}, std::nullopt);
  EntryChunk chunk;
  chunk.first = Index{UINT64_MAX};
  chunk.count = 16;
  chunk.block = SharedBytes(Bytes(29 * 16, '\0'));
  chunk.checksum = chunk_checksum(chunk);
  CHECK_FALSE(receiver.take(chunk));
  EntryReceiver bounded(Index{UINT64_MAX - 5}, Index{UINT64_MAX}, std::nullopt);
  chunk.first = Index{UINT64_MAX - 5};
  chunk.checksum = chunk_checksum(chunk);
  CHECK_FALSE(bounded.take(chunk));
}
