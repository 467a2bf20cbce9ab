#include <catch2/catch.hpp>

#include "common/base/chain.hpp"
#include "common/raft/log.hpp"
#include "tests/raft/speak.hpp"

using namespace parley;
using namespace parley::raft;
using harness::command;

namespace {

/// Entries from 1 on, of these terms.
Log log_of(const std::vector<std::uint64_t>& terms) {
  Log log;
  log.begin_chain(chain_start(ClusterId{}));
  std::uint64_t index = 0;
  for (const auto term : terms) log.append(command(++index, term));
  return log;
}

}  // namespace

TEST_CASE("the log knows the term of every entry and of nothing else") {
  const Log log = log_of({1, 1, 3, 3, 7});
  CHECK(log.term_at(Index{0}) == Term{0});
  CHECK(log.term_at(Index{1}) == Term{1});
  CHECK(log.term_at(Index{2}) == Term{1});
  CHECK(log.term_at(Index{3}) == Term{3});
  CHECK(log.term_at(Index{5}) == Term{7});
  CHECK_FALSE(log.term_at(Index{6}));
  CHECK(log.last_term() == Term{7});
}

TEST_CASE("a log that begins behind an image knows the term of its start and nothing before it") {
  const Log log({Index{10}, Term{4}, {}}, {}, Index{10}, {}, {});
  CHECK(log.term_at(Index{10}) == Term{4});
  CHECK_FALSE(log.term_at(Index{9}));
  CHECK_FALSE(log.term_at(Index{11}));
  CHECK(log.last() == Index{10});
  CHECK(log.last_term() == Term{4});
  CHECK(log.first() == Index{11});
}

TEST_CASE("the highest index whose term is not above another") {
  const Log log = log_of({1, 1, 3, 3, 7});
  struct Row {
    std::uint64_t bound, term, found;
  };
  for (const Row& row : std::vector<Row>{
           {5, 7, 5}, {5, 6, 4}, {5, 3, 4}, {5, 2, 2}, {5, 0, 0}, {3, 7, 3}, {3, 1, 2}, {99, 9, 5}, {0, 9, 0}}) {
    DYNAMIC_SECTION("bound " << row.bound << " term " << row.term) {
      CHECK(log.last_not_above(Index{row.bound}, Term{row.term}) == Index{row.found});
    }
  }
}

TEST_CASE("a log is up to date by its last term first, and by its length only in the same term") {
  const Log log = log_of({1, 1, 3});
  CHECK(log.is_up_to_date(Index{3}, Term{3}));
  CHECK(log.is_up_to_date(Index{4}, Term{3}));
  CHECK(log.is_up_to_date(Index{1}, Term{4}));
  CHECK_FALSE(log.is_up_to_date(Index{2}, Term{3}));
  CHECK_FALSE(log.is_up_to_date(Index{99}, Term{2}));
}

TEST_CASE("a truncated log continues the chain from where it was cut") {
  Log log = log_of({1, 1, 2});
  const Log same = log_of({1, 1});
  log.truncate_from(Index{3});
  CHECK(log.last() == Index{2});
  CHECK(log.last_term() == Term{1});
  CHECK(log.last_digest() == same.last_digest());
  log.truncate_from(Index{1});
  CHECK(log.last() == Index{0});
  CHECK(log.last_digest() == chain_start(ClusterId{}));
  CHECK(log.cached_bytes() == 0);
}

TEST_CASE("a range of entries ends where its bytes do, but has at least one") {
  const Log log = log_of({1, 1, 1, 1});
  const std::size_t one = entry_bytes(command(1, 1));
  CHECK(log.cached_range(Index{2}, Index{4}, SIZE_MAX).size() == 3);
  CHECK(log.cached_range(Index{2}, Index{4}, 2 * one).size() == 2);
  CHECK(log.cached_range(Index{2}, Index{4}, 2 * one + 1).size() == 2);
  CHECK(log.cached_range(Index{2}, Index{4}, 1).size() == 1);
  CHECK(log.cached_range(Index{2}, Index{3}, SIZE_MAX).back().index == Index{3});
  CHECK(log.cached_range(Index{5}, Index{4}, SIZE_MAX).empty());
}

TEST_CASE("eviction drops the oldest and keeps what may still be needed") {
  Log log = log_of({1, 1, 1, 1});
  const std::size_t one = entry_bytes(command(1, 1));
  log.evict(Index{4}, 3 * one);
  CHECK_FALSE(log.is_cached(Index{1}));
  CHECK(log.is_cached(Index{2}));
  log.evict(Index{3}, 0);
  CHECK_FALSE(log.is_cached(Index{2}));
  CHECK(log.is_cached(Index{3}));
  log.truncate_from(Index{4});
  CHECK(log.last_digest() == log.cached(Index{3}).digest);
  CHECK(log.term_at(Index{1}) == Term{1});
}
