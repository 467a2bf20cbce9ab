#include <catch2/catch.hpp>

#include "common/base/chain.hpp"
#include "common/replica/restore.hpp"
#include "tests/sim/files/simulated_file_system.hpp"

namespace parley::replica {
namespace {

const std::filesystem::path folder = "/log";
const ServerId self{7};

ClusterId cluster() {
  ClusterId id;
  id.bytes[0] = 1;
  return id;
}

raft::Membership alone() {
  raft::Membership membership;
  membership.members = {{self, *NodeId::parse("n7"), {}, true}};
  membership.voters = {self};
  return membership;
}

/// Entries 1 to `count` with these terms; the second is a membership.
std::vector<Entry> entries_of(const std::vector<std::uint64_t>& terms) {
  std::vector<Entry> entries;
  Digest digest = chain_start(cluster());
  for (const std::uint64_t term : terms) {
    Entry entry;
    entry.index = Index{entries.size() + 1};
    entry.term = Term{term};
    entry.kind = entry.index == Index{2} ? EntryKind::membership : EntryKind::command;
    entry.payload = SharedBytes(entry.index == Index{2} ? raft::encode_membership(alone())
                                                        : "payload " + std::to_string(entry.index.value));
    digest = entry.digest = chain_next(digest, entry);
    entries.push_back(std::move(entry));
  }
  return entries;
}

/// A log that was written, closed and opened again.
struct Reopened {
  sim::SimulatedFileSystem files;
  std::vector<Entry> entries;
  std::optional<wal::OpenedLog> opened;

  explicit Reopened(const std::vector<std::uint64_t>& terms, Index commit = {}, bool belongs = true)
      : entries(entries_of(terms)) {
    wal::Options options;
    options.segment_bytes = 64 * limits::KiB;
    {
      auto log = wal::Log::create(files, folder, {ClusterId{}, self}, options);
      REQUIRE(log.has_value());
      wal::Batch batch;
      if (belongs) batch.adopt = cluster();
      batch.hard_state = raft::HardState{Term{9}, ServerId{3}};
      batch.entries = {entries};
      batch.commit = commit;
      REQUIRE(log->write(batch).has_value());
      REQUIRE(log->sync().has_value());
    }
    auto again = wal::Log::open(files, folder, options);
    REQUIRE(again.has_value());
    opened.emplace(std::move(*again));
  }

  [[nodiscard]] Result<raft::Restored> restore(Index applied, const Digest& digest) const {
    return replica::restore(opened->recovered, opened->log, applied, digest);
  }
  [[nodiscard]] Digest digest_at(std::uint64_t index) const { return entries[index - 1].digest; }
};

}  // namespace

TEST_CASE("a replica that belongs to no cluster is restored to nothing") {
  const Reopened log({}, {}, false);
  const auto restored = log.restore({}, {});
  REQUIRE(restored.has_value());
  CHECK(restored->cluster.is_nil());
  CHECK(restored->last == Index{});
  CHECK(restored->tail.empty());
  CHECK(restored->memberships.empty());
}

TEST_CASE("what the log held is restored, with the tail that may still be truncated") {
  const Reopened log({1, 1, 2, 2, 5}, Index{3});
  const auto restored = log.restore(Index{2}, log.digest_at(2));
  REQUIRE(restored.has_value());
  CHECK(restored->cluster == cluster());
  CHECK(restored->hard_state == raft::HardState{Term{9}, ServerId{3}});
  CHECK(restored->runs == std::vector<raft::TermRun>{{Index{1}, Term{1}}, {Index{3}, Term{2}}, {Index{5}, Term{5}}});
  CHECK(restored->last == Index{5});
  CHECK(restored->last_digest == log.digest_at(5));
  CHECK(restored->applied == Index{2});
  REQUIRE(restored->memberships.size() == 1);
  CHECK(restored->memberships.front().index == Index{2});
  CHECK(restored->memberships.front().membership == alone());
  // From the last one that is known to be committed.
  REQUIRE_FALSE(restored->tail.empty());
  CHECK(restored->tail.front().index == restored->commit);
  CHECK(restored->tail.back() == log.entries.back());
}

TEST_CASE("what the store has applied is known to be committed") {
  const Reopened log({1, 1, 2, 2, 5});
  const auto restored = log.restore(Index{4}, log.digest_at(4));
  REQUIRE(restored.has_value());
  CHECK(restored->commit == Index{4});
  CHECK(restored->tail.size() == 2);
}

TEST_CASE("the last entry is kept in memory even when everything is committed") {
  const Reopened log({1, 1, 1});
  const auto restored = log.restore(Index{3}, log.digest_at(3));
  REQUIRE(restored.has_value());
  REQUIRE(restored->tail.size() == 1);
  CHECK(restored->tail.front() == log.entries.back());
}

TEST_CASE("a hint of a commit beyond the end of the log is cut to the end") {
  const Reopened log({1, 1, 1});
  wal::Recovered recovered = log.opened->recovered;
  recovered.commit_hint = Index{8};
  const auto restored = restore(recovered, log.opened->log, {}, {});
  REQUIRE(restored.has_value());
  CHECK(restored->commit == Index{3});
}

TEST_CASE("a store that does not belong to the log is found") {
  const Reopened log({1, 1, 2});
  SECTION("it is ahead of the log") {
    const auto restored = log.restore(Index{4}, log.digest_at(3));
    REQUIRE_FALSE(restored.has_value());
    CHECK(restored.error().code == ErrorCode::corrupt);
    CHECK(restored.error().what == "the store has entry 4, but the log ends with 3");
  }
  SECTION("it was made by another log") {
    const auto restored = log.restore(Index{2}, log.digest_at(3));
    REQUIRE_FALSE(restored.has_value());
    CHECK(restored.error().code == ErrorCode::corrupt);
    CHECK(restored.error().what.find("differ at entry 2") != std::string::npos);
  }
  SECTION("it ends before the log begins") {
    wal::Recovered recovered = log.opened->recovered;
    recovered.start = {Index{2}, Term{1}, log.digest_at(2)};
    const auto restored = restore(recovered, log.opened->log, Index{1}, log.digest_at(1));
    REQUIRE_FALSE(restored.has_value());
    CHECK(restored.error().code == ErrorCode::corrupt);
  }
}

TEST_CASE("a membership that cannot be understood is damage") {
  const Reopened log({1, 1});
  wal::Recovered recovered = log.opened->recovered;
  recovered.memberships = {{Index{2}, "no membership"}};
  const auto restored = restore(recovered, log.opened->log, {}, {});
  REQUIRE_FALSE(restored.has_value());
  CHECK(restored.error().code == ErrorCode::corrupt);
}

}  // namespace parley::replica
