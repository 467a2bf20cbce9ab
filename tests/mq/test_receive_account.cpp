#include <catch2/catch.hpp>

#include "common/base/limits.hpp"
#include "common/mq/receive_account.hpp"

using namespace parley;
using namespace parley::mq;

namespace {

/// A connection as the kernel and the owner of the socket see it.
struct Wire {
  ReceiveAccount account;
  std::uint64_t taken = 0;

  void comes(std::size_t bytes) { taken += bytes; }
  /// The owner looks, and reads the socket until it is empty.
  void look(std::size_t delivered = 0) {
    account.look(taken);
    if (delivered > 0) account.delivered(delivered);
    account.settle();
  }
};

constexpr std::size_t ping = 9;
constexpr std::int64_t slack = limits::framing_slack_bytes;

}  // namespace

TEST_CASE("what is taken and not delivered is unfinished") {
  Wire wire;
  wire.comes(1000);
  wire.look(1000);
  CHECK(wire.account.unfinished_bytes() <= std::int64_t{limits::read_buffer_bytes});
  for (int i = 0; i < 1000; ++i) {
    wire.comes(10'000);
    wire.look();
  }
  CHECK(wire.account.unfinished_bytes() >= 10'000'000);
  CHECK(wire.account.waiting_bytes() >= 10'000'000);
}

TEST_CASE("a message that was received before the kernel was asked again is not counted twice") {
  Wire wire;
  wire.look(frame_bytes(2 * limits::MiB));  // all of it came after the look
  CHECK(wire.account.unfinished_bytes() < 0);
  wire.comes(frame_bytes(2 * limits::MiB));
  wire.look();
  CHECK(wire.account.unfinished_bytes() == 0);
}

TEST_CASE("heartbeats of a client that asks something now and then never add up, in a hundred years of it") {
  Wire wire;
  std::int64_t most = 0;
  for (int hour = 0; hour < 876'600; ++hour) {
    wire.comes(720 * ping);
    wire.look();
    wire.comes(100);
    wire.look(100);
    most = std::max(most, wire.account.unfinished_bytes());
  }
  CHECK(most < slack);
  // And nothing was saved up meanwhile.
  wire.comes(limits::MiB);
  wire.look();
  CHECK(wire.account.unfinished_bytes() >= std::int64_t{limits::MiB});
}

TEST_CASE("an idle connection is never unfinished") {
  Wire wire;
  wire.comes(100);  // the handshake
  for (int i = 0; i < 1'000'000; ++i) wire.look();
  CHECK(wire.account.unfinished_bytes() <= 100);
}

TEST_CASE("parts between whole messages are seen, however the whole ones come") {
  Wire wire;
  for (int i = 0; i < 100; ++i) {
    wire.comes(1000);
    wire.look(1000);
  }
  for (int i = 0; i < 100; ++i) {
    wire.comes(limits::MiB / 10);
    wire.look();
  }
  CHECK(wire.account.unfinished_bytes() >= std::int64_t{9 * limits::MiB});
}

TEST_CASE("a message that arrives shows that what came before it was no unfinished one") {
  Wire wire;
  wire.comes(limits::MiB);  // of nothing that we can name
  wire.look();
  wire.comes(100);
  wire.look(100);
  CHECK(wire.account.unfinished_bytes() <= std::int64_t{100 + limits::read_buffer_bytes});
}
