// Keys that end, leases, numbers, conditions and transactions, as programs call them. docs/KEYS.md has what bad input
// gets from the command line and from `batch`; it gets the same here.
#include <parley/parley.hpp>

#include <catch2/catch.hpp>

#include <atomic>

#include "common/base/key_value_limits.hpp"
#include "tests/client/library_testing.hpp"

using namespace parley;
using namespace parley::client;
using namespace std::chrono_literals;

namespace {

using T = parley::Transaction;
using Is = parley::Compare::Is;

/// How it failed; `ok` if it did not.
template <class Answered>
std::string word_of(const Answered& answer) {
  return answer ? "ok" : std::string(text(answer.error().word));
}

/// What it says, if it failed.
template <class Answered>
std::string detail_of(const Answered& answer) {
  return answer ? "" : answer.error().detail;
}

const std::string long_key(limits::key_bytes + 1, 'k');

}  // namespace

TEST_CASE("a number is counted up, and what is no number says so") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  const auto first = cluster.increment("n");
  REQUIRE(first.has_value());
  CHECK(first->number == 1);
  CHECK(first->index > 0);
  CHECK(cluster.increment("n", 41)->number == 42);
  CHECK(cluster.increment("n", -50)->number == -8);
  CHECK(cluster.get("n")->bytes == "-8");

  REQUIRE(cluster.set("word", "many"));
  const auto no_number = cluster.increment("word");
  CHECK(word_of(no_number) == "mismatch");
  CHECK(no_number.error().value == "many");
  REQUIRE(cluster.set("most", std::to_string(INT64_MAX)));
  CHECK(cluster.increment("most").error().value == std::to_string(INT64_MAX));
  CHECK(cluster.increment("most", INT64_MIN)->number == -1);
  CHECK(word_of(cluster.increment("")) == "invalid");
  CHECK(word_of(cluster.increment(long_key)) == "too_large");
}

TEST_CASE("a key is removed if it has the value that was expected") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  REQUIRE(cluster.set("k", "v"));
  const auto other = cluster.remove_if("k", "w");
  CHECK(word_of(other) == "mismatch");
  CHECK(other.error().value == "v");
  CHECK(cluster.remove_if("k", "v").has_value());
  CHECK(word_of(cluster.remove_if("k", "v")) == "not_found");
  CHECK(word_of(cluster.remove_if("", "v")) == "invalid");
  CHECK(word_of(cluster.remove_if(long_key, "v")) == "too_large");
}

TEST_CASE("a lease is granted, kept alive, asked for and revoked, and its keys end with it") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  const auto lease = cluster.grant_lease(1h);
  REQUIRE(lease.has_value());
  CHECK(lease->id == lease->index);
  CHECK(lease->ttl == 1h);
  REQUIRE(cluster.set("a", "1", {.lease = lease->id}));
  REQUIRE(cluster.set("b", "2", {.timeout = 1s, .lease = lease->id}));
  CHECK(cluster.keep_lease_alive(lease->id)->keys == 2);
  const auto info = cluster.lease_info(lease->id);
  REQUIRE(info.has_value());
  CHECK(info->id == lease->id);
  CHECK(info->keys == 2);
  CHECK(info->ttl == 1h);
  CHECK(info->remaining <= 1h);
  REQUIRE(cluster.set("b", "stays"));
  CHECK(cluster.revoke_lease(lease->id).has_value());
  CHECK(word_of(cluster.get("a")) == "not_found");
  CHECK(cluster.get("b")->bytes == "stays");

  for (const LeaseId gone : {lease->id, LeaseId{4711}}) {
    CHECK(word_of(cluster.keep_lease_alive(gone)) == "not_found");
    CHECK(word_of(cluster.revoke_lease(gone)) == "not_found");
    CHECK(word_of(cluster.lease_info(gone)) == "not_found");
    CHECK(word_of(cluster.set("a", "1", {.lease = gone})) == "not_found");
  }
  CHECK(word_of(cluster.keep_lease_alive(0)) == "invalid");
  CHECK(word_of(cluster.revoke_lease(0)) == "invalid");
  for (const auto ttl : {0ms, -1ms}) CHECK(word_of(cluster.grant_lease(ttl)) == "invalid");
  CHECK(word_of(cluster.grant_lease(std::chrono::hours(24 * 366 * 101))) == "too_large");
  CHECK(word_of(cluster.grant_lease(std::chrono::milliseconds::max())) == "too_large");
}

TEST_CASE("a set says how long its key lives, and what makes no sense is refused") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  CHECK(cluster.set("k", "v", {.ttl = 10s}).has_value());
  CHECK(cluster.get("k")->bytes == "v");
  CHECK(word_of(cluster.set("k", "w", {.ttl = 0ms})) == "invalid");
  CHECK(word_of(cluster.set("k", "w", {.ttl = -5s})) == "invalid");
  CHECK(word_of(cluster.set("k", "w", {.lease = 0})) == "invalid");
  CHECK(word_of(cluster.set("k", "w", {.ttl = 1s, .lease = 7})) == "invalid");
  CHECK(word_of(cluster.set("k", "w", {.ttl = std::chrono::milliseconds::max()})) == "too_large");
  CHECK(word_of(cluster.set("", "w", {.ttl = 1s})) == "invalid");
  CHECK(word_of(cluster.set(long_key, "w", {.ttl = 1s})) == "too_large");
  CHECK(word_of(cluster.set("k", std::string(limits::value_bytes + 1, 'v'), {.ttl = 1s})) == "too_large");
  CHECK(cluster.get("k")->bytes == "v");
}

TEST_CASE("a lease takes so many keys, and one more is refused") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  const LeaseId lease = cluster.grant_lease(1h)->id;
  std::atomic<std::size_t> set = 0;
  for (std::size_t i = 0; i < limits::lease_keys; ++i) {
    REQUIRE(cluster.set("k" + std::to_string(i), "v", [&](const Answer<Written>& answer) { set += answer ? 1 : 0; },
                        {.lease = lease}));
  }
  REQUIRE(cluster.drain(60s));
  CHECK(set == limits::lease_keys);
  CHECK(word_of(cluster.set("more", "v", {.lease = lease})) == "too_large");
  CHECK(cluster.lease_info(lease)->keys == limits::lease_keys);
}

TEST_CASE("a transaction does one list or the other, whole, and tells of each item") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  const T take = {.compares = {{"owner", Is::absent}},
                  .then = {T::Set{.key = "owner", .value = "amy"}, T::Increment{.key = "changes"}, T::Get{"none"},
                           T::Remove{"none"}, T::Get{"owner"}},
                  .otherwise = {T::Get{"owner"}, T::Increment{.key = "changes", .by = 10}}};
  const auto taken = cluster.transact(take);
  REQUIRE(taken.has_value());
  CHECK(taken->held);
  CHECK(taken->index > 0);
  CHECK_FALSE(taken->values_left_out);
  REQUIRE(taken->items.size() == 5);
  CHECK(taken->items[0].found);
  CHECK_FALSE(taken->items[0].value.has_value());
  CHECK(taken->items[1].value == "1");
  CHECK_FALSE(taken->items[2].found);
  CHECK_FALSE(taken->items[3].found);
  CHECK(taken->items[4].value == "amy");

  const auto late = cluster.transact(take);
  REQUIRE(late.has_value());
  CHECK_FALSE(late->held);
  REQUIRE(late->items.size() == 2);
  CHECK(late->items[0].value == "amy");
  CHECK(late->items[1].value == "11");
  CHECK(cluster.transact({})->held);
}

TEST_CASE("each compare of a transaction means what it says") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  REQUIRE(cluster.set("k", "m"));
  const std::vector<std::tuple<Is, std::string, bool, bool>> rows = {
      // holds of a key that is there; that is not
      {Is::equal, "m", true, false},       {Is::equal, "n", false, false},   {Is::not_equal, "m", false, true},
      {Is::not_equal, "n", true, true},    {Is::less, "n", true, false},     {Is::less, "m", false, false},
      {Is::greater, "l", true, false},     {Is::greater, "m", false, false}, {Is::exists, "ignored", true, false},
      {Is::absent, "ignored", false, true}};
  for (const auto& [is, value, of_present, of_absent] : rows) {
    CAPTURE(static_cast<int>(is), value);
    CHECK(cluster.transact({.compares = {{"k", is, value}}})->held == of_present);
    CHECK(cluster.transact({.compares = {{"none", is, value}}})->held == of_absent);
  }
}

TEST_CASE("a transaction of which an item cannot be done does nothing, and says which one it was") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  REQUIRE(cluster.set("word", "many"));
  const auto refused = cluster.transact(
      {.then = {T::Set{.key = "a", .value = "b"}, T::Increment{.key = "word"}, T::Set{.key = "c", .value = "d"}}});
  CHECK(word_of(refused) == "mismatch");
  CHECK(refused.error().item == 2);
  CHECK(refused.error().held);
  CHECK(refused.error().value == "many");
  CHECK(word_of(cluster.get("a")) == "not_found");

  const auto other = cluster.transact(
      {.compares = {{"none", Is::exists}}, .otherwise = {T::Set{.key = "a", .value = "b", .lease = 4711}}});
  CHECK(word_of(other) == "not_found");
  CHECK(other.error().item == 1);
  CHECK_FALSE(other.error().held);
  CHECK(cluster.get("none").error().item == 0);
}

TEST_CASE("a transaction that is wrong is refused before it begins, and says where") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  const std::string large(limits::value_bytes, 'v');
  REQUIRE(cluster.set("l1", large));
  REQUIRE(cluster.set("l2", large));
  const std::string half(800 << 10, 'v');
  struct Wrong {
    T transaction;
    std::string word;
    std::string says;
    std::size_t item = 0;
  };
  const std::vector<Wrong> rows = {
      {{.compares = {{"", Is::exists}}}, "invalid", "1 of `compare`: a key is empty"},
      {{.compares = {{long_key, Is::exists}}}, "too_large", "1 of `compare`"},
      {{.then = {T::Get{"k"}, T::Set{.key = "a", .value = "b", .ttl = 0ms}}}, "invalid", "2 of `then`"},
      {{.then = {T::Set{.key = "a", .value = "b", .ttl = 1s, .lease = 1}}}, "invalid", "not both"},
      {{.otherwise = {T::Remove{""}}}, "invalid", "1 of `else`"},
      {{.then = std::vector<T::Item>(limits::transaction_items + 1, T::Get{"k"})}, "too_large", "at most 128"},
      {{.compares = std::vector<parley::Compare>(limits::transaction_items + 1, {"k", Is::exists})},
       "too_large",
       "at most 128"},
      {{.then = {T::Set{.key = "a", .value = half}, T::Set{.key = "b", .value = half}}},
       "too_large",
       std::to_string(limits::command_bytes)},
      {{.then = {T::Get{"l1"}, T::Get{"l2"}}}, "too_large", "bytes together", 2}};
  for (const Wrong& row : rows) {
    CAPTURE(row.says);
    const auto answer = cluster.transact(row.transaction);
    CHECK(word_of(answer) == row.word);
    CHECK(detail_of(answer).find(row.says) != std::string::npos);
    if (!answer) CHECK(answer.error().item == row.item);
  }
  CHECK(word_of(cluster.get("a")) == "not_found");
}

TEST_CASE("a transaction that was carried out twice as far as the network knows took effect once") {
  LibraryFixture f;
  f.fake[0].answers_to_lose = 2;  // the session's, and the first one of ours
  Cluster& cluster = f.open();
  const auto counted = cluster.transact({.then = {T::Increment{.key = "n"}}});
  REQUIRE(counted.has_value());
  CHECK(counted->items.at(0).value == "1");
  CHECK(cluster.get("n")->bytes == "1");
}

TEST_CASE("numbers, conditions, leases and transactions work in callback form") {
  LibraryFixture f;
  Cluster& cluster = f.open();
  std::atomic<int> good = 0;
  std::atomic<LeaseId> lease = 0;
  const auto count = [&good](const auto& answer) { good += answer.has_value() ? 1 : 0; };
  REQUIRE(cluster.increment("n", 2, count));
  REQUIRE(cluster.grant_lease(1h, [&](const Answer<Lease>& answer) { lease = answer->id; }));
  REQUIRE(cluster.drain(60s));
  REQUIRE(cluster.set("k", "v", count, {.lease = lease}));
  REQUIRE(cluster.keep_lease_alive(lease, count, {.timeout = 1s}));
  REQUIRE(cluster.lease_info(lease, count));
  REQUIRE(cluster.transact({.then = {T::Get{"n"}}}, count));
  REQUIRE(cluster.remove_if("n", "2", count));
  REQUIRE(cluster.drain(60s));
  REQUIRE(cluster.revoke_lease(lease, count));
  REQUIRE(cluster.drain(60s));
  CHECK(good == 7);
}
