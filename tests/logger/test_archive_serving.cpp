#include <catch2/catch.hpp>

#include "common/base/chain.hpp"
#include "common/base/range_limits.hpp"
#include "tests/logger/archive_bench.hpp"

namespace parley::logger_testing {
namespace {

constexpr Index first{1};

wire::RangeErrorReply refusal(const replica::VoteTaken& taken) { return std::get<wire::RangeErrorReply>(taken.reply); }

/// The vote of a voter; node number `server`.
replica::VoteTaken vote(ArchiveBench& bench, std::uint64_t server, Index first_kept) {
  bench.take(logger::VoteAsked{replica::RangeTicket{1000 + server}, ServerId{server},
                               *NodeId::parse("node" + std::to_string(server)), first_kept});
  auto taken = bench.take_served<replica::VoteTaken>();
  REQUIRE(taken);
  return *taken;
}

/// Puts an image together as a fetcher does.
void fetch(ArchiveBench& bench, Index index) {
  REQUIRE(bench.fetches.size() == 1);
  ArchiveBench::Fetch fetch = std::move(bench.fetches.front());
  bench.fetches.clear();
  const auto head = archive_testing::image_head(bench.history.place(index));
  fetch.writer->expect(head);
  good(fetch.writer->begin());
  good(fetch.writer->add(archive_testing::some_rows(index, 0)));
  good(fetch.writer->complete(head.image));
  bench.take(logger::ImageFetched{index});
}

TEST_CASE("a cluster is served from when it is known, with what there is") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  CHECK(bench.head().kind == transfer::SourceKind::logger);
  CHECK(bench.head().first == first);
  CHECK(bench.head().before == chain_start(wal_testing::test_identity().cluster));
  CHECK(bench.head().last.index == Index{});
  bench.commit(7);
  bench.settle();
  bench.die();
  bench.start();
  CHECK(bench.head().last.index == Index{7});
  CHECK(bench.head().last.digest == history.place(Index{7}).digest);
}

TEST_CASE("a logger that belongs to no cluster yet serves none, and one that was taken in serves that") {
  History history;
  ArchiveBench bench(history);
  const ClusterId cluster = bench.identity.cluster;
  bench.identity.cluster = {};
  bench.start();
  replica::Round round;
  round.membership = raft::Membership{};
  bench.take(std::move(round));
  CHECK(bench.served_clusters.empty());
  bench.take(logger::Adopted{cluster});
  bench.take(logger::Adopted{cluster});
  CHECK(bench.served_clusters == std::vector<ClusterId>{cluster});
  CHECK(bench.head().before == chain_start(cluster));
}

TEST_CASE("an entry that leaves the live log while it is being asked for is found all the same") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.fill(1);
  // Asked for while it is live; retired before the log is read; and then again before it is sealed.
  const Index wanted{3};
  const auto ticket = bench.ask(wanted, wanted);
  REQUIRE(bench.live_reads.size() == 1);
  const replica::ReadRun run = std::move(bench.live_reads.front());
  bench.live_reads.clear();
  bench.obey();
  REQUIRE(bench.log->first() > wanted);
  run.done(replica::EntriesGone{bench.log->first()});
  bench.obey();
  CHECK_FALSE(bench.outcome(ticket));
  const auto later = bench.ask(wanted, wanted);
  CHECK_FALSE(bench.outcome(later));
  bench.settle();
  for (const auto each : {ticket, later}) {
    const auto outcome = bench.outcome(each);
    REQUIRE(outcome);
    CHECK(std::get<transfer::EntryRun>(*outcome).entries.front().entry == history.at(wanted));
  }
}

TEST_CASE("who waits for a segment that a full disk keeps from being sealed is told so, or served") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.fill(1);
  bench.obey();
  bench.disk.set_capacity(bench.disk.used_bytes());
  const auto ticket = bench.ask(first, first);
  CHECK_FALSE(bench.outcome(ticket));
  std::optional<replica::RunRead> outcome;
  for (int steps = 0; !outcome && steps < 1000; ++steps) {
    (void)bench.desk->step();
    outcome = bench.outcome(ticket);
  }
  REQUIRE(outcome);
  CHECK_FALSE(std::holds_alternative<replica::EntriesGone>(*outcome));
  bench.disk.set_capacity(UINT64_MAX);
  bench.settle();
  CHECK(bench.read(first, bench.last()) == history.between(first, bench.last()));
}

TEST_CASE("images are served row by row, as they came") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.bring_image(Index{50}, 3);
  bench.settle();
  bench.bring_image(Index{90}, 1);
  bench.settle();
  const replica::RangeTicket ticket{77};
  bench.take(logger::ImageAsked{ticket, Index{49}});
  CHECK(std::holds_alternative<replica::ImageGone>(bench.take_served<replica::ImageOpened>()->outcome));
  bench.take(logger::ImageAsked{ticket, Index{89}});
  const auto opened = bench.take_served<replica::ImageOpened>();
  REQUIRE(opened);
  CHECK(std::get<transfer::ImageHead>(opened->outcome).index == Index{50});
  Bytes rows;
  for (int chunk = 0; chunk < 3; ++chunk) {
    bench.take(logger::RowsAsked{ticket});
    const auto read = bench.take_served<replica::ImageRowsRead>();
    REQUIRE((read && read->rows));
    CHECK(read->rows->is_last == (chunk == 2));
    rows += read->rows->rows.view();
  }
  Bytes expected;
  for (std::size_t chunk = 0; chunk < 3; ++chunk) expected += archive_testing::some_rows(Index{50}, chunk);
  CHECK(rows == expected);
  bench.take(logger::ImageClosed{ticket});
  bench.take(logger::RowsAsked{ticket});
  CHECK_FALSE(bench.take_served<replica::ImageRowsRead>());
}

TEST_CASE("votes are taken of voters alone, each for itself") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.commit(100);
  bench.settle();
  CHECK(refusal(vote(bench, 4, Index{10})).error == ErrorWord::denied);
  bench.take(logger::VoteAsked{replica::RangeTicket{1}, ServerId{1}, *NodeId::parse("node2"), Index{10}});
  CHECK(refusal(*bench.take_served<replica::VoteTaken>()).error == ErrorWord::denied);
  bench.take(logger::VoteAsked{replica::RangeTicket{1}, ServerId{9}, *NodeId::parse("log0"), Index{10}});
  CHECK(refusal(*bench.take_served<replica::VoteTaken>()).error == ErrorWord::denied);
  CHECK(std::get<wire::VotesReply>(vote(bench, 1, Index{10}).reply) == wire::VotesReply{1, 3, Index{10}});
}

TEST_CASE("more than half of the voters truncate an archive at the lowest that they asked for, behind an image") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.fill(6);
  bench.settle();
  const Index last = bench.last();
  const Index kept = bench.desk->archive().manifest().segments[3].before.index.next();
  CHECK(std::holds_alternative<wire::VotesReply>(vote(bench, 1, last).reply));
  bench.take(logger::VoteAsked{replica::RangeTicket{5}, ServerId{2}, *NodeId::parse("node2"), kept});
  CHECK_FALSE(bench.take_served<replica::VoteTaken>());
  REQUIRE(bench.fetches.size() == 1);
  CHECK(bench.fetches.front().least == kept.previous());
  CHECK(bench.head().first == first);
  // One more that asks meanwhile waits for the same image.
  bench.take(logger::VoteAsked{replica::RangeTicket{6}, ServerId{3}, *NodeId::parse("node3"), last});
  CHECK(bench.fetches.size() == 1);
  fetch(bench, Index{kept.value + 5});
  for (const std::uint64_t ticket : {5, 6}) {
    const auto done = bench.take_served<replica::VoteTaken>();
    REQUIRE(done);
    CHECK(done->ticket == replica::RangeTicket{ticket});
    CHECK(std::holds_alternative<wire::RangeDoneReply>(done->reply));
  }
  bench.settle();
  CHECK(bench.head().first == kept);
  CHECK(bench.head().before == history.place(kept.previous()).digest);
  CHECK(bench.read(kept, last) == history.between(kept, last));
  bench.die();
  CHECK(good(archive_testing::verify(bench.disk)).first == kept);
}

TEST_CASE("votes that wait for an image are bounded, whoever has given up waiting for their answers") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.fill(3);
  bench.settle();
  (void)vote(bench, 1, bench.last());
  for (std::uint64_t ticket = 1; ticket <= limits::range_votes_in_all; ++ticket)
    bench.take(logger::VoteAsked{replica::RangeTicket{ticket}, ServerId{2}, *NodeId::parse("node2"), bench.last()});
  CHECK_FALSE(bench.take_served<replica::VoteTaken>());
  CHECK(refusal(vote(bench, 2, bench.last())).error == ErrorWord::busy);
}

TEST_CASE("without an image nothing is truncated, and whoever asked may ask again") {
  History history;
  ArchiveBench bench(history);
  bench.start();
  bench.fill(3);
  bench.settle();
  (void)vote(bench, 1, bench.last());
  bench.take(logger::VoteAsked{replica::RangeTicket{5}, ServerId{2}, *NodeId::parse("node2"), bench.last()});
  REQUIRE(bench.fetches.size() == 1);
  bench.fetches.clear();
  bench.take(logger::ImageFetched{fail(ErrorCode::unreachable, "nobody is there")});
  const auto taken = bench.take_served<replica::VoteTaken>();
  REQUIRE(taken);
  CHECK(refusal(*taken).error == ErrorWord::busy);
  CHECK(refusal(*taken).detail.find("nobody is there") != std::string::npos);
  CHECK(bench.head().first == first);
  bench.take(logger::VoteAsked{replica::RangeTicket{6}, ServerId{2}, *NodeId::parse("node2"), bench.last()});
  fetch(bench, bench.last());
  CHECK(std::holds_alternative<wire::RangeDoneReply>(bench.take_served<replica::VoteTaken>()->reply));
  bench.settle();
  CHECK(bench.head().first > first);
}

}  // namespace
}  // namespace parley::logger_testing
