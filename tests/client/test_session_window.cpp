#include "client/session_window.hpp"

#include <catch2/catch.hpp>

using namespace parley;
using namespace parley::client;

TEST_CASE("numbers of a session are dense and begin at one") {
  SessionWindow window(SessionId{7});
  CHECK(window.id() == SessionId{7});
  CHECK(window.take() == RequestSeq{1});
  CHECK(window.take() == RequestSeq{2});
  CHECK(window.lowest_unanswered() == RequestSeq{1});
}

TEST_CASE("the lowest unanswered number waits for the oldest command") {
  SessionWindow window(SessionId{1});
  for (int i = 0; i < 4; ++i) (void)window.take();
  window.settle(RequestSeq{2});
  window.settle(RequestSeq{3});
  CHECK(window.lowest_unanswered() == RequestSeq{1});
  window.settle(RequestSeq{1});
  CHECK(window.lowest_unanswered() == RequestSeq{4});
}

TEST_CASE("a window is full when its oldest command is unanswered, however many after it are") {
  SessionWindow window(SessionId{1});
  for (std::size_t i = 0; i < limits::session_window; ++i) {
    REQUIRE(window.has_room());
    (void)window.take();
  }
  CHECK_FALSE(window.has_room());
  for (std::uint64_t seq = 2; seq <= limits::session_window; ++seq) window.settle(RequestSeq{seq});
  CHECK_FALSE(window.has_room());
  window.settle(RequestSeq{1});
  CHECK(window.has_room());
  CHECK(window.lowest_unanswered() == RequestSeq{limits::session_window + 1});
}

TEST_CASE("numbers that share a place in the window are told apart") {
  SessionWindow window(SessionId{1});
  for (std::uint64_t round = 0; round < 3; ++round) {
    for (std::size_t i = 0; i < limits::session_window; ++i) {
      const RequestSeq seq = window.take();
      CHECK(window.lowest_unanswered() == seq);
      window.settle(seq);
    }
  }
  CHECK(window.lowest_unanswered() == RequestSeq{3 * limits::session_window + 1});
}

TEST_CASE("a window may be smaller than the largest") {
  SessionWindow window(SessionId{1}, 2);
  (void)window.take();
  CHECK(window.has_room());
  (void)window.take();
  CHECK_FALSE(window.has_room());
  window.settle(RequestSeq{2});
  CHECK_FALSE(window.has_room());
  window.settle(RequestSeq{1});
  CHECK(window.has_room());
}
