#include "common/app/lives.hpp"

#include "common/app/due.hpp"
#include "common/app/quota.hpp"
#include "common/app/transaction.hpp"
#include "common/base/key_value_limits.hpp"
#include "tests/app/replica.hpp"

using namespace parley;
using namespace parley::app;

namespace {

/// A replica with a session in which commands are sent one at a time.
class Bench {
 public:
  explicit Bench(const Settings& settings = {}) : replica(settings), session_(replica.open_session()) {}

  Outcome run(Operation operation) { return replica.run(session_, ++seq_, operation); }
  ErrorWord word(Operation operation) { return run(operation).reply.word; }
  LeaseId grant(std::uint64_t ttl_us) {
    const Outcome granted = run(LeaseGrant{ttl_us});
    const auto* lease = std::get_if<ReplyLease>(&granted.reply.body);
    REQUIRE(lease != nullptr);
    CHECK(*lease == ReplyLease{LeaseId{replica.meta().applied.value}, ttl_us, ttl_us, 0});
    return lease->lease;
  }
  std::optional<ReplyLease> info(LeaseId lease, std::uint64_t now_us = 0) {
    const Reply reply = replica.application().query(LeaseInfo{lease}, now_us);
    const auto* found = std::get_if<ReplyLease>(&reply.body);
    CHECK((found == nullptr) == (reply.word == ErrorWord::not_found));
    return found != nullptr ? std::optional(*found) : std::nullopt;
  }
  /// Rows beside those of keys that stay and of sessions.
  std::size_t other_rows() {
    std::size_t rows = 0;
    for (const RowSpace space : {RowSpace::due, RowSpace::life, RowSpace::lease, RowSpace::lease_key})
      rows += replica.rows(space);
    return rows;
  }

  Replica replica;

 private:
  SessionId session_;
  std::uint64_t seq_ = 0;
};

std::vector<std::pair<Bytes, std::optional<Bytes>>> list(const Outcome& outcome) {
  std::vector<std::pair<Bytes, std::optional<Bytes>>> changes;
  for (const KeyChange& change : outcome.changes) {
    changes.emplace_back(Bytes(change.key), std::nullopt);
    if (change.value) changes.back().second = Bytes(*change.value);
  }
  return changes;
}

}  // namespace

TEST_CASE("a key that was given a time ends at it, with whatever entry comes, and not before") {
  Bench bench;
  REQUIRE(bench.word(SetExpiring{"k", "v", 1000, {}}) == ErrorWord::ok);
  const std::uint64_t set_us = bench.replica.meta().time.cluster_us;
  CHECK(bench.replica.application().next_due_us() == set_us + 1000);
  CHECK(bench.replica.meta().keys_with_life == 1);
  bench.replica.wait_us(980);
  CHECK(bench.replica.apply(EntryKind::noop, {}).changes.empty());  // at 990
  CHECK(bench.replica.value("k") == "v");
  SECTION("with an entry that only tells the time") {
    const Outcome passed = bench.replica.apply(EntryKind::time, {});
    CHECK(list(passed) == decltype(list(passed)){{"k", std::nullopt}});
    CHECK_FALSE(passed.took_effect());
  }
  SECTION("with a command, which finds it gone") {
    const Outcome read = bench.run(CompareAndSet{"k", "v", "w"});
    CHECK(read.reply.word == ErrorWord::not_found);
    CHECK(list(read) == decltype(list(read)){{"k", std::nullopt}});
  }
  SECTION("with a set of itself, which comes behind its end") {
    const Outcome set = bench.run(Set{"k", "w"});
    CHECK(list(set) == decltype(list(set)){{"k", std::nullopt}, {"k", "w"}});
    REQUIRE(bench.word(Delete{"k"}) == ErrorWord::ok);
  }
  SECTION("with settings, a membership, and bytes that mean nothing") {
    const EntryKind kind = GENERATE(EntryKind::settings, EntryKind::membership, EntryKind::command);
    CHECK(bench.replica.apply(kind, "nothing").changes.size() == 1);
  }
  CHECK_FALSE(bench.replica.value("k"));
  CHECK(bench.other_rows() == 0);
  CHECK(bench.replica.meta().used_bytes == 0);
  CHECK(bench.replica.meta().keys_with_life == 0);
  CHECK(bench.replica.meta().keys == 0);
}

TEST_CASE("whoever sets a key anew decides whether it ends; an increment does not") {
  Bench bench;
  REQUIRE(bench.word(SetExpiring{"k", "7", 1000, {}}) == ErrorWord::ok);
  std::optional<Bytes> after = "7";
  bool stays = true;
  SECTION("a set") { REQUIRE(bench.word(Set{"k", "7"}) == ErrorWord::ok); }
  SECTION("a compare-and-set") { REQUIRE(bench.word(CompareAndSet{"k", "7", "7"}) == ErrorWord::ok); }
  SECTION("a set in a transaction") {
    const Bytes parts = encode_transaction({.compares = {}, .then = {Set{"k", "7"}}, .otherwise = {}});
    REQUIRE(bench.word(Transaction{parts}) == ErrorWord::ok);
  }
  SECTION("a set with a longer time") { REQUIRE(bench.word(SetExpiring{"k", "7", 9000, {}}) == ErrorWord::ok); }
  SECTION("a set with a lease") {
    const LeaseId lease = bench.grant(9000);
    REQUIRE(bench.word(SetExpiring{"k", "7", 0, lease}) == ErrorWord::ok);
  }
  SECTION("a delete and a set") {
    REQUIRE(bench.word(Delete{"k"}) == ErrorWord::ok);
    CHECK(bench.other_rows() == 0);
    REQUIRE(bench.word(Set{"k", "7"}) == ErrorWord::ok);
  }
  SECTION("a compare-and-set that does not match changes nothing") {
    REQUIRE(bench.word(CompareAndSet{"k", "8", "9"}) == ErrorWord::mismatch);
    stays = false;
  }
  SECTION("an increment") {
    REQUIRE(bench.word(Increment{"k", 2}) == ErrorWord::ok);
    stays = false;
  }
  bench.replica.pass_us(1000);
  if (!stays) after.reset();
  CHECK(bench.replica.value("k") == after);
}

TEST_CASE("a lease ends with all its keys unless it is kept alive") {
  Bench bench;
  const LeaseId lease = bench.grant(1000);
  for (const char* key : {"b", "a", "c"}) REQUIRE(bench.word(SetExpiring{key, "v", 0, lease}) == ErrorWord::ok);
  REQUIRE(bench.word(Set{"stays", "v"}) == ErrorWord::ok);
  CHECK(bench.info(lease)->keys == 3);
  CHECK(bench.info(lease)->remaining_us == 1000 - 4 * 10);
  CHECK(bench.info(lease, bench.replica.meta().time.cluster_us + 100)->remaining_us == 1000 - 4 * 10 - 100);
  CHECK(bench.info(lease, 1'000'000)->remaining_us == 0);
  bench.replica.wait_us(900);
  const Outcome kept = bench.run(LeaseKeepAlive{lease});
  CHECK(std::get<ReplyLease>(kept.reply.body) == ReplyLease{lease, 1000, 1000, 3});
  bench.replica.pass_us(900);
  REQUIRE(bench.info(lease));
  CHECK(bench.replica.value("a") == "v");
  SECTION("it ends") {
    const Outcome ended = bench.replica.pass_us(100);
    CHECK(list(ended) == decltype(list(ended)){{"a", std::nullopt}, {"b", std::nullopt}, {"c", std::nullopt}});
    CHECK(bench.word(LeaseKeepAlive{lease}) == ErrorWord::not_found);
    CHECK(bench.word(LeaseRevoke{lease}) == ErrorWord::not_found);
    CHECK(bench.word(SetExpiring{"a", "v", 0, lease}) == ErrorWord::not_found);
  }
  SECTION("it is revoked") {
    REQUIRE(bench.word(Delete{"b"}) == ErrorWord::ok);
    REQUIRE(bench.word(Set{"c", "w"}) == ErrorWord::ok);
    CHECK(bench.info(lease)->keys == 1);
    const Outcome revoked = bench.run(LeaseRevoke{lease});
    CHECK(revoked.took_effect());
    CHECK(list(revoked) == decltype(list(revoked)){{"a", std::nullopt}});
    CHECK(bench.replica.value("c") == "w");
    REQUIRE(bench.word(Delete{"c"}) == ErrorWord::ok);
  }
  CHECK_FALSE(bench.info(lease));
  CHECK(bench.other_rows() == 0);
  CHECK(bench.replica.meta().keys_with_life == 0);
  CHECK(bench.replica.value("stays") == "v");
  CHECK(bench.replica.meta().used_bytes == quota_cost(5, 1));
}

TEST_CASE("a lease has room for so many keys, and no more") {
  Bench bench;
  const LeaseId lease = bench.grant(1'000'000);
  for (std::size_t i = 0; i < limits::lease_keys; ++i)
    REQUIRE(bench.word(SetExpiring{"k" + std::to_string(i), "v", 0, lease}) == ErrorWord::ok);
  const Outcome beyond = bench.run(SetExpiring{"more", "v", 0, lease});
  CHECK(beyond.reply.word == ErrorWord::too_large);
  CHECK(beyond.reply.detail == "the lease has 1024 keys, which is as many as one may");
  CHECK(bench.word(SetExpiring{"k7", "w", 0, lease}) == ErrorWord::ok);  // it has this one already
  REQUIRE(bench.word(Delete{"k8"}) == ErrorWord::ok);
  CHECK(bench.word(SetExpiring{"more", "v", 0, lease}) == ErrorWord::ok);
  CHECK(bench.replica.pass_us(1'000'000).changes.size() == limits::lease_keys);
  CHECK(bench.replica.rows(RowSpace::key_value) == 0);
}

TEST_CASE("an entry works off a bounded number of what is due, oldest first, and those behind it the rest") {
  Bench bench;
  const std::size_t keys = 2 * limits::due_per_entry + 7;
  for (std::size_t i = 0; i < keys; ++i) {
    const Bytes key = "k" + std::to_string(10'000 + i);
    REQUIRE(bench.word(SetExpiring{key, "v", 1'000'000, {}}) == ErrorWord::ok);
  }
  CHECK(bench.replica.pass_us(2'000'000).changes.size() == limits::due_per_entry);
  CHECK_FALSE(bench.replica.value("k10000"));
  CHECK(bench.replica.application().next_due_us() <= bench.replica.meta().time.cluster_us);
  bench.replica.save_and_restart();
  CHECK(bench.replica.apply(EntryKind::noop, {}).changes.size() == limits::due_per_entry);
  CHECK(bench.replica.rows(RowSpace::key_value) == 7);
  SECTION("a set finds its key there as long as it was not its turn") {
    const Outcome last = bench.run(Set{"k" + std::to_string(10'000 + keys - 1), "w"});
    CHECK(last.changes.size() == 8);
    CHECK(bench.replica.rows(RowSpace::key_value) == 1);
  }
  SECTION("and then nothing is due") {
    CHECK(bench.replica.apply(EntryKind::time, {}).changes.size() == 7);
    CHECK(bench.replica.application().next_due_us() == Meta::never);
  }
}

TEST_CASE("leases count with their keys for what an entry works off, and each goes as a whole") {
  Bench bench;
  std::vector<LeaseId> leases;
  for (int i = 0; i < 3; ++i) {
    leases.push_back(bench.grant(1'000'000));
    for (int k = 0; k < 500; ++k) {
      const Bytes key = std::to_string(i) + "/" + std::to_string(k);
      REQUIRE(bench.word(SetExpiring{key, "v", 0, leases.back()}) == ErrorWord::ok);
    }
  }
  CHECK(bench.replica.pass_us(2'000'000).changes.size() == 1000);
  CHECK(bench.info(leases[2])->keys == 500);
  CHECK(bench.replica.apply(EntryKind::time, {}).changes.size() == 500);
  CHECK(bench.other_rows() == 0);
}

TEST_CASE("lives and leases count for the quota, and one that is full refuses them, changing nothing") {
  const std::uint64_t lease_cost = quota_cost(8, 20) + quota_cost(8 + 1 + 8, 0);
  const std::uint64_t tied = quota_cost(1, 1) + quota_cost(1, 16) + quota_cost(8 + 1, 0);
  const std::uint64_t timed = quota_cost(1, 1) + quota_cost(1, 16) + quota_cost(8 + 1 + 1, 0);
  Bench bench({.quota_bytes = lease_cost + tied + timed});
  const LeaseId lease = bench.grant(5000);
  CHECK(bench.replica.meta().used_bytes == lease_cost);
  REQUIRE(bench.word(SetExpiring{"a", "v", 0, lease}) == ErrorWord::ok);
  CHECK(bench.replica.meta().used_bytes == lease_cost + tied);
  REQUIRE(bench.word(SetExpiring{"b", "v", 2000, {}}) == ErrorWord::ok);
  CHECK(bench.replica.meta().used_bytes == lease_cost + tied + timed);
  const auto rows = bench.other_rows();
  CHECK(bench.word(SetExpiring{"a", "v", 2000, {}}) == ErrorWord::quota);  // a time costs one more than a lease
  CHECK(bench.word(SetExpiring{"b", "vv", 2000, {}}) == ErrorWord::quota);
  CHECK(bench.word(LeaseGrant{5}) == ErrorWord::quota);
  CHECK(bench.word(Increment{"n", 1}) == ErrorWord::quota);
  CHECK(bench.other_rows() == rows);
  CHECK(bench.word(LeaseKeepAlive{lease}) == ErrorWord::ok);
  CHECK(bench.word(SetExpiring{"b", "w", 2000, {}}) == ErrorWord::ok);
  CHECK(bench.word(Set{"b", Bytes(100, 'v')}) == ErrorWord::ok);  // what its life cost is free now
  CHECK(bench.word(LeaseRevoke{lease}) == ErrorWord::ok);
  CHECK(bench.replica.meta().used_bytes == quota_cost(1, 100));
}

TEST_CASE("at the end of time nothing overflows") {
  Bench bench;
  bench.replica.wait_us(Meta::never - 2000);
  REQUIRE(bench.word(SetExpiring{"k", "v", limits::life_us, {}}) == ErrorWord::ok);
  CHECK(bench.replica.application().next_due_us() == Meta::never - 1);
  Entry last{bench.replica.meta().applied.next(), Term{3}, EntryKind::time, {Meta::never, 1}, {}, {}};
  CHECK(bench.replica.apply(last).changes.size() == 1);
  CHECK(bench.word(SetExpiring{"k", "v", 5, {}}) == ErrorWord::ok);
  CHECK(bench.replica.apply(EntryKind::noop, {}).changes.size() == 1);
}

TEST_CASE("rows that fall due and are of no kind that is known go, and nothing else happens") {
  Bench bench;
  REQUIRE(bench.word(Set{"k", "v"}) == ErrorWord::ok);
  const RowKey row = RowKey(RowSpace::due).add_number(5, 8).add_number(77, 1).add("k");
  bench.replica.table().put(row.view(), {});
  bench.replica.application().save_meta();
  auto meta = decode_meta(*bench.replica.table().get(meta_key().view()));
  meta->next_due_us = 5;
  meta->used_bytes += due_cost("k");
  Bytes bytes;
  encode_meta(*meta, bytes);
  bench.replica.table().put(meta_key().view(), bytes);
  bench.replica.restart();
  CHECK(bench.replica.apply(EntryKind::noop, {}).changes.empty());
  CHECK(bench.other_rows() == 0);
  CHECK(bench.replica.value("k") == "v");
  CHECK(bench.replica.meta().used_bytes == quota_cost(1, 1));
}

TEST_CASE("lives that cannot be are refused") {
  Bench bench;
  const LeaseId lease = bench.grant(100'000);
  CHECK(bench.word(SetExpiring{"k", "v", 0, {}}) == ErrorWord::invalid);
  CHECK(bench.word(SetExpiring{"k", "v", 5, lease}) == ErrorWord::invalid);
  CHECK(bench.word(SetExpiring{"k", "v", limits::life_us + 1, {}}) == ErrorWord::too_large);
  CHECK(bench.word(SetExpiring{"", "v", 5, {}}) == ErrorWord::invalid);
  CHECK(bench.word(SetExpiring{"k", Bytes(limits::value_bytes + 1, 'v'), 5, {}}) == ErrorWord::too_large);
  CHECK(bench.word(SetExpiring{"k", "v", 0, LeaseId{77}}) == ErrorWord::not_found);
  CHECK(bench.word(LeaseGrant{0}) == ErrorWord::invalid);
  CHECK(bench.word(LeaseGrant{limits::life_us + 1}) == ErrorWord::too_large);
  CHECK(bench.word(LeaseKeepAlive{}) == ErrorWord::invalid);
  CHECK(bench.word(LeaseRevoke{}) == ErrorWord::invalid);
  CHECK(bench.word(LeaseRevoke{LeaseId{77}}) == ErrorWord::not_found);
  CHECK(bench.replica.application().query(LeaseInfo{LeaseId{77}}).word == ErrorWord::not_found);
  CHECK_FALSE(bench.replica.value("k"));
}
