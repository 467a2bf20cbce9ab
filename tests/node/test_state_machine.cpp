#include "node/state_machine.hpp"

#include <catch2/catch.hpp>

#include "tests/sim/store/simulated_backend.hpp"

using namespace parley;
using namespace parley::node;

namespace {

std::vector<Entry> noops(std::uint64_t from, std::uint64_t to) {
  std::vector<Entry> entries;
  for (; from <= to; ++from) entries.push_back({Index{from}, Term{1}, EntryKind::noop, {}, {}, {}});
  return entries;
}

std::vector<std::uint64_t> indexes(const StateMachine& machine) {
  std::vector<std::uint64_t> all;
  for (const std::span<const Entry> run : machine.waiting()) {
    for (const Entry& entry : run) all.push_back(entry.index.value);
  }
  return all;
}

}  // namespace

TEST_CASE("what waits to be applied can be looked at, at every step") {
  sim::SimulatedBackend backend;
  const auto machine = *StateMachine::open(backend);
  CHECK(machine->waiting().empty());
  machine->enqueue(noops(1, 2));
  machine->enqueue(noops(3, 3));
  machine->enqueue(noops(4, 6));
  std::vector<std::uint64_t> expected = {1, 2, 3, 4, 5, 6};
  for (int step = 0; !expected.empty(); ++step) {
    CHECK(indexes(*machine) == expected);
    machine->apply_next();
    expected.erase(expected.begin());
    if (step == 3) {
      machine->enqueue(noops(7, 8));
      expected.insert(expected.end(), {7, 8});
    }
  }
  CHECK(machine->waiting().empty());
  CHECK(machine->applied() == Index{8});
}
