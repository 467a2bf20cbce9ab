#include <atomic>
#include <thread>

#include "node/data_folder.hpp"
#include "tests/recovery/source_testing.hpp"

using namespace parley;
using namespace parley::recovery;
using namespace parley::recovery::testing;
using Catch::Contains;

namespace {

/// The outcome is the state of this source's history at `index`, and the folder is one that a node can start from.
void check_state(Run& run, const Outcome& outcome, FakeSource& truth, std::uint64_t index) {
  const State state = truth.store.with_log([&](FakeLog& log) { return state_at(log, index); });
  REQUIRE(outcome.installed);
  CHECK(outcome.plan.to == Index{index});
  CHECK(outcome.digest == state.meta.digest);
  CHECK(outcome.installed->meta.state == state.meta.state);
  CHECK(outcome.installed->meta.keys == state.meta.keys);
  const auto data = node::DataFolder::open(run.request.folder, {}, {}, node::Damage::refuses, obs::Logger::silent());
  if (!data) FAIL(data.error().what);
  CHECK(data->restored.cluster.is_nil());
  CHECK(data->restored.start.index == Index{index});
  CHECK(data->machine->meta().state == state.meta.state);
}

}  // namespace

// --- what leads to a state ---

TEST_CASE("all entries of a source make the state, the numbers, and a data folder") {
  FakeSource source(5000);
  for (const std::size_t hands : {0, 2}) {
    Run run({source.at});
    run.request.hands = hands;
    const Outcome outcome = run.succeed();
    check_state(run, outcome, source, 5000);
    const State state = source.store.with_log([](FakeLog& log) { return state_at(log, 5000); });
    CHECK(outcome.commands == state.commands);
    CHECK(outcome.entries == 5000);
    CHECK(outcome.bytes > 5000 * 29);
    CHECK(outcome.cluster == transfer::testing::cluster(1));
    CHECK(outcome.transfer_us > 0);
    CHECK(outcome.total_us >= outcome.transfer_us);
    CHECK(outcome.installed->work_us > 0);
  }
}

TEST_CASE("the state as it was at any index") {
  FakeSource source(600);
  for (const std::uint64_t index : {1, 2, 3, 4, 77, 599, 600}) {
    Run run({source.at});
    run.request.wanted.to = Index{index};
    const Outcome outcome = run.succeed();
    check_state(run, outcome, source, index);
    CHECK(outcome.entries == index);
  }
}

TEST_CASE("an image and the entries behind it, where the first entries are gone") {
  FakeSource truth(900);
  FakeSource source(900);
  source.add_image(300);
  source.add_image(500);
  source.trim_before(201);
  {
    Run run({source.at});
    const Outcome outcome = run.succeed();
    check_state(run, outcome, truth, 900);
    CHECK(outcome.plan.image == Index{500});
    CHECK(outcome.image_source == source.at.text());
    CHECK(outcome.entries == 400);
    REQUIRE(outcome.gaps.size() == 1);
    CHECK(outcome.gaps[0].to == Index{200});
  }
  {
    Run run({source.at});
    run.request.wanted.to = Index{450};
    check_state(run, run.succeed(), truth, 450);
  }
  {
    Run run({source.at});
    run.request.wanted.to = Index{500};
    const Outcome outcome = run.succeed();
    check_state(run, outcome, truth, 500);
    CHECK(outcome.entries == 0);
  }
  Run run({source.at});
  run.request.wanted.to = Index{299};
  const Error error = run.fail();
  CHECK(error.code == ErrorCode::refused);
  CHECK_THAT(error.what, Contains("the first that could be had is 300"));
}

TEST_CASE("a gap of one source is filled from another, or jumped by an image") {
  FakeSource truth(800);
  FakeSource gap(800);
  gap.add_image(400);
  gap.store.add_gap(350, 400);
  gap.head_changed();
  std::atomic<int> asked_for_what_is_missing = 0;
  gap.store.before_reads([&](FakeLog&, Index from) {
    if (from >= Index{350} && from <= Index{400}) ++asked_for_what_is_missing;
  });
  {
    Run run({gap.at});
    const Outcome outcome = run.succeed();
    check_state(run, outcome, truth, 800);
    CHECK(outcome.plan.image == Index{400});
    REQUIRE(outcome.gaps.size() == 1);
    CHECK(outcome.gaps[0] == transfer::IndexRange{Index{350}, Index{400}});
  }
  FakeSource other(500);
  Run run({gap.at, other.at});
  const Outcome outcome = run.succeed();
  check_state(run, outcome, truth, 800);
  CHECK_FALSE(outcome.plan.image);
  CHECK(outcome.entries == 800);
  CHECK(asked_for_what_is_missing == 0);
}

TEST_CASE("an interval is transferred and verified, and installed where an image leads to it") {
  FakeSource source(700);
  source.add_image(200);
  for (const auto& [from, installs] :
       std::vector<std::pair<std::uint64_t, bool>>{{1, true}, {150, false}, {201, true}, {300, true}}) {
    Run run({source.at});
    run.request.keeps_folder = false;
    run.request.wanted = {Index{from}, Index{600}};
    const Outcome outcome = run.succeed();
    CHECK(outcome.installed.has_value() == installs);
    CHECK(outcome.from == Index{from});
    const auto counts = source.store.with_log([&](FakeLog& log) {
      return std::pair(state_at(log, 600).commands - state_at(log, from - 1).commands, state_at(log, 600).meta);
    });
    CHECK(outcome.commands == counts.first);
    CHECK(outcome.digest == counts.second.digest);
    if (installs) CHECK(outcome.installed->meta.state == counts.second.state);
  }
  Run run({source.at});
  run.request.keeps_folder = false;
  run.request.wanted = {Index{900}, std::nullopt};
  CHECK_THAT(run.fail().what, Contains("entry 900 is not there yet: the last one is 700"));
}

TEST_CASE("what is not there yet is waited for, up to the timeout") {
  FakeSource source(300);
  {
    Run run({source.at});
    run.request.wanted.to = Index{400};
    std::jthread later([&] {
      for (int i = 0; i < 10; ++i) source.write(10);
    });
    check_state(run, run.succeed(), source, 400);
  }
  Run run({source.at});
  run.request.sources.timeout_us = 300'000;
  run.request.wanted.to = Index{401};
  const Error error = run.fail();
  CHECK(error.code == ErrorCode::unreachable);
  CHECK_THAT(error.what, Contains("entry 401 does not come"));
}

TEST_CASE("what is not there yet comes from whoever has it first") {
  FakeSource stuck(300);
  FakeSource live(200);
  Run run({stuck.at, live.at});
  run.request.wanted.to = Index{400};
  mq::Signaler begun;
  stuck.store.before_reads([&](FakeLog&, Index) { begun.signal(); });
  std::jthread later([&] {
    begun.wait(60'000'000);
    for (int i = 0; i < 20; ++i) live.write(10);
  });
  check_state(run, run.succeed(), live, 400);
}

// --- sources that fail ---

TEST_CASE("a source that dies in the middle is replaced by another, from the next entry on") {
  FakeSource first(9000);
  FakeSource second(8000);
  Run run({first.at, second.at});
  run.request.wanted.to = Index{8000};
  mq::Signaler read;
  first.store.before_reads([&](FakeLog&, Index from) {
    if (from > Index{2000}) read.signal();
  });
  std::jthread killer([&] {
    read.wait(60'000'000);
    first.stop();
  });
  check_state(run, run.succeed(), second, 8000);
}

TEST_CASE("a source that is not there is reported and done without, and all that are not are an error") {
  FakeSource source(100);
  FakeSource gone(100);
  gone.stop();
  {
    Run run({gone.at, source.at});
    check_state(run, run.succeed(), source, 100);
    CHECK(run.said(gone.at.text()));
  }
  Run run({gone.at});
  run.request.sources.timeout_us = 300'000;
  CHECK(run.fail().code == ErrorCode::unreachable);
}

TEST_CASE("sources that come up while they are asked are waited for") {
  FakeSource one(100);
  FakeSource other(100);
  one.stop();
  other.stop();
  Run run({one.at, other.at});
  mq::Signaler never;
  std::jthread starter([&] {
    never.wait(300'000);
    other.start(other.at);
    other.serve(other.store);
  });
  check_state(run, run.succeed(), other, 100);
}

TEST_CASE("a source that ends in the middle is replaced, however short the timeout is") {
  FakeSource ending(3000);
  FakeSource other(3000);
  ending.store.before_reads([&](FakeLog&, Index) {
    ending.actor->order(replica::CloseSource{ending.store.id(), "for a test"});
  });
  Run run({ending.at, other.at});
  run.request.sources.timeout_us = 1'000'000;
  check_state(run, run.succeed(), other, 3000);
}

TEST_CASE("what only a source has that does not bring it is not done without: a person must say what is enough") {
  FakeSource dead(600);
  dead.store.before_reads([&](FakeLog&, Index) {
    dead.actor->order(replica::CloseSource{dead.store.id(), "for a test"});
  });
  FakeSource behind(550);
  {
    Run run({dead.at, behind.at});
    run.request.sources.timeout_us = 1'000'000;
    const Error error = run.fail();
    CHECK(error.code == ErrorCode::unreachable);
    CHECK_THAT(error.what, Contains("entry 551 does not come") && Contains("up to entry 550 all are there"));
  }
  Run run({dead.at, behind.at});
  run.request.wanted.to = Index{550};
  check_state(run, run.succeed(), behind, 550);
}

TEST_CASE("what a source has damaged is taken from another, and is an error where there is none") {
  FakeSource honest(3000);
  FakeSource damaged(3000);
  damaged.change([](FakeLog& log) { log.at(Index{1500}).entry.payload = SharedBytes(Bytes("flipped")); });
  {
    Run run({damaged.at, honest.at});
    check_state(run, run.succeed(), honest, 3000);
    CHECK(run.said(damaged.at.text()));
    CHECK(run.said("it is left out"));
  }
  {
    Run run({damaged.at});
    const Error error = run.fail();
    CHECK(error.code == ErrorCode::corrupt);
    CHECK_THAT(error.what, Contains(damaged.at.text()));
  }
  FakeSource admits(3000);
  admits.store.before_reads([&](FakeLog&, Index from) {
    if (from > Index{0}) admits.store.fails_with = Error{ErrorCode::corrupt, "entry 700 does not read back"};
  });
  Run run({admits.at});
  CHECK(run.fail().code == ErrorCode::corrupt);
}

TEST_CASE("two sources of different chains are a mismatch that names both and the index, and nothing is made") {
  FakeSource one(2000);
  FakeSource other(1000);
  Writer another(99);
  other.change([&](FakeLog& log) { another.write(log, 1000); });
  {
    Run run({one.at, other.at});
    const Error error = run.fail();
    CHECK(error.code == ErrorCode::refused);
    CHECK_THAT(error.what, Contains("mismatch: ") && Contains("at entry 2000") && Contains(one.at.text()) &&
                               Contains(other.at.text()));
  }
  // One that is behind, and one that is ahead of what is wanted: neither last entry lies where the other's does.
  for (const std::uint64_t more : {1, 700}) {
    FakeSource ahead(1000);
    Writer elsewhere(5);
    ahead.change([&](FakeLog& log) { elsewhere.write(log, 1000 + more); });
    Run run({one.at, ahead.at});
    run.request.wanted.to = Index{1500};
    const Error error = run.fail();
    CHECK(error.code == ErrorCode::refused);
    CHECK_THAT(error.what, Contains("mismatch: ") && Contains(one.at.text()) && Contains(ahead.at.text()));
  }
  FakeSource behind(1000);
  behind.change([](FakeLog& log) { log.append("another history"); });
  Run run({one.at, behind.at});
  CHECK_THAT(run.fail().what, Contains("at entry 1001"));
}

TEST_CASE("entries that are trimmed while they are fetched are taken from elsewhere, or all begins anew") {
  FakeSource truth(40'000);
  FakeSource source(40'000);
  source.add_image(30'000);
  bool is_trimmed = false;
  source.store.before_reads([&](FakeLog& log, Index from) {
    if (from > Index{5000} && !is_trimmed) {
      log.trim_before(Index{20'000});
      is_trimmed = true;
      transfer::RangeHead head{transfer::SourceKind::node, log.first(), log.digest_at(log.first().previous()),
                               log.point(log.last()),      {},          {Index{30'000}}};
      source.actor->order(replica::HeadChanged{source.store.id(), std::move(head)});
    }
  });
  Run run({source.at});
  const Outcome outcome = run.succeed();
  check_state(run, outcome, truth, 40'000);
  CHECK(outcome.plan.image == Index{30'000});
}

TEST_CASE("an image that is not what it is said to be is left alone") {
  FakeSource truth(500);
  FakeSource liar(500);
  liar.add_image(300, app::meta_key().view());
  liar.trim_before(301);
  {
    Run run({liar.at});
    CHECK(run.fail().code == ErrorCode::corrupt);
  }
  FakeSource honest(500);
  honest.add_image(250);
  honest.trim_before(200);
  Run run({liar.at, honest.at});
  check_state(run, run.succeed(), truth, 500);
  CHECK(run.said(liar.at.text()));
}

// --- which cluster, and where to ---

TEST_CASE("a cluster that is not served is refused, and where several are one must be named") {
  FakeSource source(50);
  {
    Run run({source.at});
    run.request.sources.cluster = transfer::testing::cluster(9);
    const Error error = run.fail();
    CHECK(error.code == ErrorCode::refused);
    CHECK_THAT(error.what, Contains(transfer::testing::cluster(9).text()));
  }
  replica::testing::FakeStore second(transfer::testing::cluster(2));
  second.append(10);
  source.serve(second);
  {
    Run run({source.at});
    CHECK(run.fail().code == ErrorCode::usage);
  }
  {
    Run run({source.at});
    run.request.sources.cluster = transfer::testing::cluster(1);
    check_state(run, run.succeed(), source, 50);
  }
  // Another source names it.
  FakeSource one(40);
  Run run({source.at, one.at});
  const Outcome outcome = run.succeed();
  check_state(run, outcome, source, 50);
  source.stop();
}

TEST_CASE("sources of different clusters are not mixed") {
  FakeSource one(50);
  FakeSource other(50, 1, transfer::testing::cluster(2));
  Run run({one.at, other.at});
  const Error error = run.fail();
  CHECK(error.code == ErrorCode::refused);
  CHECK_THAT(error.what, Contains("-cluster"));
}

TEST_CASE("a folder that is not empty is left as it is") {
  FakeSource source(50);
  const TemporaryFolder temporary;
  fs::create_directories(temporary.path() / "full" / "x");
  mq::Context context;
  SystemClock clock;
  RecoveryRequest request;
  request.sources.addresses = {source.at};
  request.sources.timeout_us = 5'000'000;
  request.folder = temporary.path() / "full";
  request.keeps_folder = true;
  Recovery recovery(
      context, clock, request, [](const std::string&) {}, [](const Progress&) {});
  const auto outcome = recovery.run();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == ErrorCode::usage);
  CHECK(fs::exists(temporary.path() / "full" / "x"));
}

TEST_CASE("what a compacted archive has left out makes no folder, and the nearest index is named") {
  FakeSource source(3);
  const auto set = [](std::uint64_t seq, char c) {
    return encode_command(app::Command{SessionId{3}, RequestSeq{seq}, RequestSeq{seq}, app::Set{"k", Bytes(100, c)}});
  };
  source.change([&](FakeLog& log) {
    for (std::uint64_t seq = 1; seq <= 3; ++seq) log.append(set(seq, static_cast<char>('a' + seq)));
    log.reduce(Index{5}, app::reduce(log.at(Index{5}).entry.payload.view()).value());
  });
  {
    Run run({source.at});
    run.request.wanted.to = Index{5};
    const Error error = run.fail();
    CHECK(error.code == ErrorCode::refused);
    CHECK_THAT(error.what, Contains("not all values as of entry 5") && Contains("below is as of entry 4") &&
                               Contains("above as of entry 6"));
  }
  {
    Run run({source.at});
    run.request.wanted.to = Index{5};
    run.request.keeps_folder = false;
    const Outcome outcome = run.succeed();
    CHECK(outcome.installed->incomplete_key);
    CHECK(outcome.installed->last_complete == Index{4});
  }
  Run run({source.at});
  const Outcome outcome = run.succeed();
  CHECK_FALSE(outcome.installed->incomplete_key);
}
