#include <catch2/catch.hpp>
#include <string>

#include "tests/sim/event_queue.hpp"
#include "tests/sim/process.hpp"

namespace parley::sim {
namespace {

void run_all(EventQueue& queue) {
  while (!queue.is_empty()) queue.run_next();
}

}  // namespace

TEST_CASE("events run in the order of their time, and of their making where that is equal") {
  EventQueue queue;
  std::string order;
  queue.at(20, [&] { order += "c"; });
  queue.at(10, [&] { order += "a"; });
  queue.at(20, [&] { order += "d"; });
  queue.at(10, [&] { order += "b"; });
  run_all(queue);
  CHECK(order == "abcd");
  CHECK(queue.now_us() == 20);
  CHECK(queue.events() == 4);
}

TEST_CASE("an event may make others, also at its own time") {
  EventQueue queue;
  std::string order;
  queue.at(5, [&] {
    order += "a";
    queue.after(0, [&] { order += "c"; });
    queue.after(1, [&] { order += "d"; });
  });
  queue.at(5, [&] { order += "b"; });
  run_all(queue);
  CHECK(order == "abcd");
}

TEST_CASE("a dead process has no events") {
  EventQueue queue;
  int ran = 0;
  {
    Process process(queue);
    process.after(1, [&] { ++ran; });
    queue.run_next();
    process.after(1, [&] { ++ran; });
  }
  run_all(queue);
  CHECK(ran == 1);
}

TEST_CASE("a stopped process has its events later, in their order") {
  EventQueue queue;
  Process process(queue);
  std::string order;
  process.stop_until(100);
  process.after(10, [&] { order += "a"; });
  process.after(20, [&] { order += "b"; });
  queue.at(50, [&] { order += "x"; });
  queue.at(200, [&] { order += "y"; });
  run_all(queue);
  CHECK(order == "xaby");
}

}  // namespace parley::sim
