#include <catch2/catch.hpp>

#include "tests/linearizability/window.hpp"

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

/// Writes and reads them, one after the other; the next moment.
std::uint64_t add_calm(std::vector<Operation>& operations, std::uint64_t moment, Value first, Value count) {
  for (Value value = first; value < first + count; ++value, moment += 4) {
    operations.push_back(set(moment, moment + 1, value));
    operations.push_back(get(moment + 2, moment + 3, value));
  }
  return moment;
}

}  // namespace

TEST_CASE("the window holds a stale read and what shows that it is stale") {
  std::vector<Operation> operations;
  const std::uint64_t moment = add_calm(operations, 1, 1, 1000);
  operations.push_back(get(moment, moment + 1, 999));
  add_calm(operations, moment + 2, 2000, 1000);
  const Window window = find_window(operations);
  CHECK(window.from == moment - 2);
  CHECK(window.to == moment + 1);
  CHECK(window.operations == std::vector<std::size_t>{1999, 2000});
}

TEST_CASE("the window goes back to the write that was lost, over what took place meanwhile") {
  std::vector<Operation> operations = {set(1, 2, 1), set(3, 4, 2)};
  for (std::uint64_t moment = 5; moment < 1000; moment += 5) operations.push_back(set(moment, std::nullopt, 100));
  operations.push_back(get(1001, 1002, 1));
  const Window window = find_window(operations);
  CHECK(window.from == 3);
  CHECK(window.to == 1002);
  CHECK(window.operations.size() == operations.size() - 1);
  CHECK(window.operations.front() == 1);
}

TEST_CASE("the window takes everything if only the beginning tells that a value comes from nowhere") {
  const std::vector<Operation> operations = {get(1, 2, 7), get(3, 4, 7)};
  const Window window = find_window(operations);
  CHECK(window.from == 0);
  CHECK(window.to == 2);
  CHECK(window.operations == std::vector<std::size_t>{0});
}

TEST_CASE("an operation that was under way when the window begins may explain what is seen in it") {
  const std::vector<Operation> operations = {set(1, 2, 1), set(3, 10, 2), get(4, 5, 2), get(6, 7, 1), get(8, 9, 1)};
  const Window window = find_window(operations);
  CHECK(window.from == 4);
  CHECK(window.to == 7);
  CHECK(window.operations == std::vector<std::size_t>{1, 2, 3});
}

}  // namespace parley::linearizability
