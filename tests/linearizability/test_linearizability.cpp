#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "common/base/random.hpp"
#include "tests/linearizability/linearizability.hpp"

namespace parley::linearizability {
namespace {

using Kind = Operation::Kind;
using Answer = Operation::Answer;

Operation get(std::uint64_t begin, std::uint64_t end, Value seen) {
  return {Kind::get, absent, absent, begin, end, seen == absent ? Answer::missing : Answer::done, seen};
}
Operation set(std::uint64_t begin, std::optional<std::uint64_t> end, Value value) {
  return {Kind::set, absent, value, begin, end, Answer::done, std::nullopt};
}
Operation erase(std::uint64_t begin, std::optional<std::uint64_t> end, Answer answer) {
  return {Kind::erase, absent, absent, begin, end, answer, std::nullopt};
}
Operation cas(std::uint64_t begin, std::optional<std::uint64_t> end, Value expected, Value desired, Answer answer,
              std::optional<Value> seen = std::nullopt) {
  return {Kind::compare_and_set, expected, desired, begin, end, answer, seen};
}

struct Example {
  std::string name;
  std::vector<Operation> operations;
};

/// The register itself, written again in the plainest way, for the comparison with the search.
bool happens(const Operation& operation, Value& value) {
  const bool is_open = !operation.end;
  const auto told = [&](Answer answer) { return is_open || operation.answer == answer; };
  const bool seen_fits = is_open || !operation.seen || *operation.seen == value;
  if (operation.kind == Kind::set) {
    value = operation.desired;
    return true;
  }
  if (value == absent) return told(Answer::missing);
  if (operation.kind == Kind::get) return told(Answer::done) && seen_fits;
  if (operation.kind == Kind::erase) {
    value = absent;
    return told(Answer::done);
  }
  if (value != operation.expected) return told(Answer::mismatch) && seen_fits;
  value = operation.desired;
  return told(Answer::done);
}

/// Every order of every set of the open operations with all the answered ones.
bool any_order_fits(const std::vector<Operation>& operations) {
  std::vector<std::size_t> order(operations.size());
  std::iota(order.begin(), order.end(), 0);
  do {
    for (unsigned dropped = 0; dropped < 1U << operations.size(); ++dropped) {
      Value value = absent;
      bool fits = true;
      std::uint64_t latest_begin = 0;
      for (const std::size_t at : order) {
        const Operation& operation = operations[at];
        if ((dropped >> at & 1) != 0) {
          fits = fits && !operation.end;
          continue;
        }
        if (operation.end && *operation.end < latest_begin) fits = false;
        latest_begin = std::max(latest_begin, operation.begin);
        fits = fits && happens(operation, value);
      }
      if (fits) return true;
    }
  } while (std::ranges::next_permutation(order).found);
  return false;
}

std::vector<Operation> draw_history(Random& random, std::size_t count) {
  std::vector<std::uint64_t> moments(2 * count);
  std::iota(moments.begin(), moments.end(), 1);
  for (std::size_t at = moments.size(); at > 1; --at) std::swap(moments[at - 1], moments[random.below(at)]);
  std::vector<Operation> operations;
  for (std::size_t at = 0; at < count; ++at) {
    Operation operation;
    operation.kind = static_cast<Kind>(random.below(4));
    operation.begin = std::min(moments[2 * at], moments[2 * at + 1]);
    if (!random.one_in(4)) operation.end = std::max(moments[2 * at], moments[2 * at + 1]);
    operation.expected = static_cast<Value>(random.between(1, 3));
    operation.desired = static_cast<Value>(random.between(1, 3));
    const bool can_mismatch = operation.kind == Kind::compare_and_set;
    operation.answer = static_cast<Answer>(random.below(can_mismatch ? 3 : 2));
    const bool tells =
        operation.kind == Kind::get ? operation.answer == Answer::done : operation.answer == Answer::mismatch;
    if (tells && operation.end && operation.kind != Kind::set && !random.one_in(8))
      operation.seen = static_cast<Value>(random.between(1, 3));
    operations.push_back(operation);
  }
  return operations;
}

}  // namespace

TEST_CASE("histories that a single copy could have shown are accepted") {
  const std::vector<Example> examples = {
      {"nothing was asked", {}},
      {"a read of what was never written", {get(1, 2, absent)}},
      {"one after the other", {set(1, 2, 7), get(3, 4, 7), erase(5, 6, Answer::done), get(7, 8, absent)}},
      {"a read during a write may see either", {set(1, 2, 1), set(3, 8, 2), get(4, 5, 1), get(6, 7, 2)}},
      {"a write without an outcome took effect late",
       {set(1, 2, 1), set(3, std::nullopt, 2), get(4, 5, 1), get(6, 7, 2)}},
      {"a write without an outcome never took effect",
       {set(1, 2, 1), set(3, std::nullopt, 2), get(4, 5, 1), get(6, 7, 1)}},
      {"an open delete explains an absence", {set(1, 2, 1), erase(3, std::nullopt, Answer::done), get(4, 5, absent)}},
      {"an open set that nobody saw explains that there was something to delete",
       {set(1, std::nullopt, 1), erase(2, 3, Answer::done)}},
      {"an open compare-and-set is explained by another",
       {set(1, 2, 1), cas(3, std::nullopt, 1, 2, Answer::done), cas(4, std::nullopt, 2, 3, Answer::done),
        get(5, 6, 3)}},
      {"a chain of compare-and-set",
       {set(1, 2, 1), cas(3, 9, 1, 2, Answer::done), cas(4, 8, 2, 3, Answer::done), get(10, 11, 3)}},
      {"a mismatch with the present value", {set(1, 2, 1), cas(3, 4, 9, 2, Answer::mismatch, 1), get(5, 6, 1)}},
      {"a mismatch that was told without a value", {set(1, 2, 1), cas(3, 4, 9, 2, Answer::mismatch)}},
      {"concurrent writes in either order", {set(1, 10, 1), set(2, 9, 2), get(11, 12, 1)}},
  };
  for (const Example& example : examples) {
    DYNAMIC_SECTION(example.name) { CHECK(judge_key(example.operations) == Verdict::linearizable); }
  }
}

TEST_CASE("histories that no single copy could have shown are rejected") {
  const std::vector<Example> examples = {
      {"a stale read", {set(1, 2, 1), set(3, 4, 2), get(5, 6, 1)}},
      {"a lost write", {set(1, 2, 1), get(3, 4, absent)}},
      {"a value from nowhere", {set(1, 2, 1), get(3, 4, 5)}},
      {"a value from the future", {get(1, 2, 1), set(3, 4, 1)}},
      {"reads that go back", {set(1, 2, 1), set(3, 10, 2), get(4, 5, 2), get(6, 7, 1)}},
      {"an open write that takes effect twice", {set(1, std::nullopt, 1), get(2, 3, 1), set(4, 5, 2), get(6, 7, 1)}},
      {"an open write that takes effect before it began", {get(1, 2, 1), set(3, std::nullopt, 1)}},
      {"an open delete that takes effect twice",
       {set(1, 2, 1), erase(3, std::nullopt, Answer::done), get(4, 5, absent), set(6, 7, 2), get(8, 9, absent)}},
      {"an open set that is deleted twice",
       {set(1, std::nullopt, 1), erase(2, 3, Answer::done), erase(4, 5, Answer::done)}},
      {"two that win the same comparison",
       {set(1, 2, 1), cas(3, 6, 1, 2, Answer::done), cas(4, 5, 1, 3, Answer::done), get(7, 8, 3)}},
      {"a mismatch with the expected value", {set(1, 2, 1), cas(3, 4, 1, 2, Answer::mismatch, 1)}},
      {"a match with another value", {set(1, 2, 1), cas(3, 4, 9, 2, Answer::done)}},
      {"two that delete the same row", {set(1, 2, 1), erase(3, 4, Answer::done), erase(5, 6, Answer::done)}},
      {"nothing to delete where there is", {set(1, 2, 1), erase(3, 4, Answer::missing)}},
      {"a deleted row that comes back", {set(1, 2, 1), erase(3, 4, Answer::done), get(5, 6, 1)}},
  };
  for (const Example& example : examples) {
    DYNAMIC_SECTION(example.name) { CHECK(judge_key(example.operations) == Verdict::broken); }
  }
}

TEST_CASE("the search agrees with trying every order") {
  Random random(7);
  int accepted = 0;
  constexpr int histories = 3000;
  for (int round = 0; round < histories; ++round) {
    const auto operations = draw_history(random, random.between(1, 5));
    const bool expected = any_order_fits(operations);
    accepted += expected ? 1 : 0;
    REQUIRE((judge_key(operations) == Verdict::linearizable) == expected);
  }
  CHECK(accepted > histories / 10);
  CHECK(accepted < histories * 9 / 10);
}

/// As of many clients: `at_once` operations are under way at any time, one in ten without an outcome, and the register
/// is asked at a moment of their own.
std::vector<Operation> draw_true_history(Random& random, std::size_t count, std::size_t at_once) {
  std::vector<Operation> operations;
  Value value = absent;
  Value next = 1;
  for (std::size_t at = 0; at < count; ++at) {
    const std::uint64_t moment = 1000 * (at + at_once);
    Operation operation;
    operation.kind = static_cast<Kind>(random.below(4));
    operation.begin = moment - random.below(at_once * 500) - 1;
    operation.expected = random.one_in(2) ? value : next + 1;
    if (operation.writes()) operation.desired = next++;
    const bool is_lost = random.one_in(20);
    const Value before = value;
    if (!is_lost) value = *step(operation, before);  // while it is open, anything may be its answer
    if (is_lost || random.one_in(20)) {
      operations.push_back(operation);
      continue;
    }
    operation.end = moment + random.below(at_once * 500) + 1;
    const bool is_match = operation.kind != Kind::compare_and_set || before == operation.expected;
    if (operation.kind != Kind::set)
      operation.answer = before == absent ? Answer::missing : is_match ? Answer::done : Answer::mismatch;
    const bool is_told = operation.kind == Kind::get || operation.answer == Answer::mismatch;
    if (is_told && before != absent) operation.seen = before;
    operations.push_back(operation);
  }
  return operations;
}

TEST_CASE("a long history of many clients, of which many operations have no outcome, is decided") {
  Random random(11);
  for (int round = 0; round < 5; ++round) {
    std::vector<Operation> operations = draw_true_history(random, 20'000, 6);
    CHECK(judge_key(operations) == Verdict::linearizable);
    const auto stale = std::ranges::find_if(operations.begin() + 15'000, operations.end(), [](const Operation& each) {
      return each.kind == Kind::get && each.seen && *each.seen > 100;
    });
    REQUIRE(stale != operations.end());
    stale->seen = *stale->seen - 100;
    CHECK(judge_key(operations) == Verdict::broken);
  }
}

TEST_CASE("a search that takes too many steps is given up, and says so") {
  const std::vector<Operation> operations = {set(1, 2, 1), set(3, 4, 2), get(5, 6, 2)};
  CHECK(judge_key(operations, 1) == Verdict::undecided);
}

}  // namespace parley::linearizability
