// A disk without room: entries wait, terms and votes do not.
#include <catch2/catch.hpp>

#include "common/base/chain.hpp"
#include "common/replica/disk_worker.hpp"
#include "tests/sim/files/simulated_file_system.hpp"

using namespace parley;
using namespace parley::replica;

namespace {

const std::filesystem::path folder = "/data/log";
const wal::Options small_segments{16 * limits::KiB, true, {}};

class Disk {
 public:
  Disk() {
    cluster_.bytes[0] = 7;
    digest_ = chain_start(cluster_);
    auto log = wal::Log::create(files, folder, {cluster_, ServerId{1}}, small_segments);
    REQUIRE(log.has_value());
    worker.emplace(std::move(*log));
    raft::Persist first = persist_of(0);
    first.hard_state = raft::HardState{Term{1}, nobody};
    CHECK(work({first}) == std::vector<std::uint64_t>{1});
  }

  /// With so many entries of a kilobyte, of term 1.
  raft::Persist persist_of(int count) {
    raft::Persist persist;
    persist.sequence = ++sequence_;
    for (int i = 0; i < count; ++i) {
      Entry entry{last_ = last_.next(), Term{1}, EntryKind::command, {}, SharedBytes(Bytes(1000, 'x')), {}};
      digest_ = entry.digest = chain_next(digest_, entry);
      persist.entries.push_back(std::move(entry));
    }
    return persist;
  }
  raft::Persist vote(Term term, ServerId whom) {
    raft::Persist persist = persist_of(0);
    persist.hard_state = raft::HardState{term, whom};
    return persist;
  }

  [[nodiscard]] std::uint64_t last_sequence() const { return sequence_; }

  /// Which persists are done now. What is told of hard states goes to `hard_states`.
  std::vector<std::uint64_t> work(std::vector<DiskRequest> requests) {
    const auto done = worker->work(std::move(requests));
    REQUIRE(done.has_value());
    std::vector<std::uint64_t> sequences;
    for (const DiskDone& each : *done) {
      if (const auto* persisted = std::get_if<PersistDone>(&each)) sequences.push_back(persisted->sequence);
      if (const auto* hard_state = std::get_if<HardStateDone>(&each)) hard_states.push_back(hard_state->sequence);
    }
    return sequences;
  }

  void fill() {
    files.set_capacity(files.used_bytes());
    while (!work({persist_of(1)}).empty()) {
    }
    CHECK(worker->is_full());
  }

  /// What stands on it after a power cut.
  wal::Recovered recovered() {
    worker.reset();
    Random random(1);
    files.crash(random, sim::Unsynced::lost);
    auto opened = wal::Log::open(files, folder, small_segments);
    REQUIRE(opened.has_value());
    return opened->recovered;
  }

  sim::SimulatedFileSystem files;
  std::optional<DiskWorker> worker;
  std::vector<std::uint64_t> hard_states;

 private:
  ClusterId cluster_;
  Digest digest_;
  Index last_;
  std::uint64_t sequence_ = 0;
};

}  // namespace

TEST_CASE("a vote is on a full disk while the entries before it wait") {
  Disk disk;
  disk.fill();
  const auto waiting = disk.persist_of(1);
  const auto vote = disk.vote(Term{4}, ServerId{2});
  SECTION("asked for together") { CHECK(disk.work({waiting, vote}).empty()); }
  SECTION("asked for later") {
    CHECK(disk.work({waiting}).empty());
    CHECK(disk.hard_states.empty());
    CHECK(disk.work({vote}).empty());
  }
  SECTION("and not with the next entries") {
    CHECK(disk.work({waiting, vote, disk.persist_of(1)}).empty());
    CHECK(disk.hard_states == std::vector{vote.sequence + 1});
    disk.hard_states.back() = vote.sequence;
  }
  CHECK(disk.hard_states == std::vector{vote.sequence});
  CHECK(disk.work({}).empty());
  CHECK(disk.hard_states.size() == 1);
  CHECK(disk.recovered().hard_state == raft::HardState{Term{4}, ServerId{2}});
}

TEST_CASE("what has waited is done in order when there is room, and no term or vote goes back") {
  Disk disk;
  disk.fill();
  const Index before = disk.worker->log().last().index;
  const std::uint64_t first = disk.last_sequence();  // what filled it waits as well
  raft::Persist entries = disk.persist_of(3);
  entries.hard_state = raft::HardState{Term{3}, nobody};
  CHECK(disk.work({entries}).empty());
  CHECK(disk.work({disk.vote(Term{3}, ServerId{2}), disk.vote(Term{5}, ServerId{3})}).empty());
  CHECK(disk.hard_states.size() == 2);
  disk.files.set_capacity(disk.files.used_bytes() + 64 * limits::KiB);
  CHECK(disk.work({}) == std::vector{first, first + 1, first + 2, first + 3});
  const wal::Recovered recovered = disk.recovered();
  CHECK(recovered.hard_state == raft::HardState{Term{5}, ServerId{3}});
  CHECK(recovered.last.index == before + Count{4});
}

TEST_CASE("a vote behind the restart of a log that has no room for it is on the disk") {
  Disk disk;
  disk.fill();
  raft::Persist restart = disk.persist_of(0);
  restart.restart = raft::LogRestart{{Index{500}, Term{1}, {}, {}}, {Index{1}, {}}};
  const auto vote = disk.vote(Term{4}, ServerId{2});
  CHECK(disk.work({restart, vote}).empty());
  CHECK(disk.hard_states == std::vector{vote.sequence});
  disk.files.set_capacity(disk.files.used_bytes() + 64 * limits::KiB);
  CHECK(disk.work({}).back() == vote.sequence);
  const wal::Recovered recovered = disk.recovered();
  CHECK(recovered.start.index == Index{500});
  CHECK(recovered.hard_state == raft::HardState{Term{4}, ServerId{2}});
}

TEST_CASE("a disk that is never idle has its next segment ready in time, a step between two writes") {
  Disk disk;
  std::uint64_t segments = 0;
  for (int i = 0; i < 100; ++i) {
    CHECK(disk.work({disk.persist_of(1)}).size() == 1);
    std::vector<DiskDone> done;
    if (disk.worker->is_preparation_due()) REQUIRE(disk.worker->prepare(done).has_value());
    const wal::Segment& segment = disk.worker->log().segments().back();
    if (segment.end_offset() * 4 > segment.bytes * 3) CHECK(disk.worker->log().has_spare());
    segments = segment.sequence;
  }
  CHECK(segments > 5);
}

TEST_CASE("a full disk is not asked for a segment between two writes") {
  Disk disk;
  disk.fill();
  CHECK_FALSE(disk.worker->is_preparation_due());
}

TEST_CASE("entries are read for others with the chain before them, or it is said where the log begins") {
  Disk disk;
  for (int i = 0; i < 40; ++i) CHECK(disk.work({disk.persist_of(1)}).size() == 1);
  const auto read = [&](std::uint64_t from, std::uint64_t to, std::size_t max_bytes = 1'000'000) {
    std::optional<RunRead> outcome;
    disk.work({ReadRun{Index{from}, Index{to}, max_bytes, [&](RunRead run) { outcome = std::move(run); }}});
    REQUIRE(outcome);
    return std::move(*outcome);
  };
  const auto all = std::get<transfer::EntryRun>(read(1, 40));
  REQUIRE(all.entries.size() == 40);
  CHECK(all.before == disk.worker->log().start().digest);
  const auto some = std::get<transfer::EntryRun>(read(11, 13));
  REQUIRE(some.entries.size() == 3);
  CHECK(some.entries.front() == all.entries[10]);
  CHECK(some.before == all.entries[9].entry.digest);
  CHECK(std::get<transfer::EntryRun>(read(11, 13, 1)).entries.size() == 1);
  CHECK(std::get<EntriesGone>(read(41, 50)).first == Index{});
  disk.work({TrimBefore{Index{30}}});
  const Index first = disk.worker->log().first();
  REQUIRE(first > Index{1});
  CHECK(std::get<EntriesGone>(read(first.value - 1, 40)).first == first);
  CHECK(std::get<transfer::EntryRun>(read(first.value, 40)).before == all.entries[first.value - 2].entry.digest);
}
