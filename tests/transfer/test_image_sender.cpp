#include "common/base/limits.hpp"
#include "tests/transfer/image_testing.hpp"

using namespace parley;
using namespace parley::transfer;
using namespace parley::transfer::testing;
using State = ImageSender::State;

namespace {

ImageProgress receiving(std::uint64_t next, std::uint64_t credit) {
  return {TransferId{1}, ImagePhase::receiving, next, credit};
}
ImageProgress phase(ImagePhase phase) { return {TransferId{1}, phase, 0, 0}; }

}  // namespace

TEST_CASE("an image is offered first, and no chunk goes before the receiver allows it") {
  ImageSender sender = sender_of(20);
  const auto first = sender.take_output();
  CHECK(offers(first) == 1);
  CHECK(sequences(first).empty());
  sender.take(receiving(0, 3), 1);
  CHECK(sequences(sender.take_output()) == std::vector<std::uint64_t>{0, 1, 2});
  sender.take(receiving(1, 4), 2);
  CHECK(sequences(sender.take_output()) == std::vector<std::uint64_t>{3});
}

TEST_CASE("whatever the receiver allows, no more than a window is on its way") {
  ImageSender sender = sender_of(100);
  sender.take(receiving(0, 1000), 1);
  CHECK(sequences(sender.take_output()).size() == limits::image_window_chunks);
  sender.take(receiving(2, 1000), 2);
  CHECK(sequences(sender.take_output()) ==
        std::vector<std::uint64_t>{limits::image_window_chunks, limits::image_window_chunks + 1});
}

TEST_CASE("the last chunk says that it is, also when it is the only one") {
  for (const int pieces : {1, 3}) {
    ImageSender sender = sender_of(pieces);
    (void)sender.take_output();
    sender.take(receiving(0, 8), 1);
    std::vector<bool> last;
    for (const Message& message : sender.take_output()) last.push_back(std::get<ImageChunk>(message).is_last);
    std::vector<bool> expected(static_cast<std::size_t>(pieces), false);
    expected.back() = true;
    CHECK(last == expected);
  }
}

TEST_CASE("what is lost is sent again from where the receiver is, and no more than that") {
  ImageSender sender = sender_of(20);
  sender.take(receiving(0, 4), 1);
  sender.take(receiving(2, 6), 10);
  (void)sender.take_output();
  sender.tick(10 + limits::image_resend_ms - 1);
  CHECK(sender.take_output().empty());
  sender.tick(10 + limits::image_resend_ms);
  const auto again = sender.take_output();
  CHECK(offers(again) == 1);
  CHECK(sequences(again) == std::vector<std::uint64_t>{2, 3, 4, 5});
  CHECK(sender.chunks_resent() == 4);
}

TEST_CASE("a receiver that installs is only asked, never sent the same again, and waited for long") {
  ImageSender sender = sender_of(2);
  sender.take(receiving(0, 8), 1);
  sender.take(phase(ImagePhase::installing), 2);
  CHECK(sender.state() == State::installing);
  (void)sender.take_output();
  std::uint64_t now = 2;
  for (int i = 0; i < 60; ++i) {
    now += limits::image_resend_ms;
    sender.tick(now);
    const auto said = sender.take_output();
    CHECK(sequences(said).empty());
    CHECK(offers(said) == 1);
  }
  CHECK(now > 2 + limits::image_silence_ms);
  CHECK(sender.state() == State::installing);
  // A word of before, which was overtaken, takes nothing back.
  sender.take(receiving(1, 9), now);
  CHECK(sender.state() == State::installing);
  CHECK(sender.take_output().empty());
  sender.take(phase(ImagePhase::installed), now);
  CHECK(sender.state() == State::done);
  CHECK(sender.index() == Index{100});
}

TEST_CASE("an image is given up for a receiver that talks and acknowledges no chunk, or that does not get done") {
  SECTION("it answers every question with how far it was") {
    ImageSender sender = sender_of(40);
    sender.take(receiving(0, 8), 100);
    std::uint64_t now = 100;
    for (; !sender.is_over() && now < 200'000; now += 500) {
      sender.tick(now);
      sender.take(receiving(0, 8), now);
    }
    CHECK(sender.state() == State::failed);
    CHECK(now <= 100 + limits::image_silence_ms + 500);
  }
  SECTION("it allows none") {
    ImageSender sender = sender_of(40);
    std::uint64_t now = 0;
    for (; !sender.is_over() && now < 200'000; now += 500) {
      sender.take(receiving(0, 0), now);
      sender.tick(now);
    }
    CHECK(now <= limits::image_silence_ms + 500);
  }
  SECTION("it says for ever that it installs") {
    ImageSender sender = sender_of(2);
    std::uint64_t now = 0;
    for (; !sender.is_over() && now < 10'000'000; now += 500) {
      sender.take(phase(ImagePhase::installing), now);
      sender.tick(now);
    }
    CHECK(sender.state() == State::failed);
    CHECK(now <= limits::image_install_ms + 500);
  }
}

TEST_CASE("a receiver that acknowledges a chunk now and then is waited for") {
  ImageSender sender = sender_of(40);
  std::uint64_t now = 0;
  for (std::uint64_t next = 0; next < 30; ++next) {
    sender.take(receiving(next, next + 8), now);
    now += limits::image_silence_ms - 1;
    sender.tick(now);
    REQUIRE_FALSE(sender.is_over());
  }
}

TEST_CASE("what is read to its end is let go of, though the receiver has not got it") {
  auto source = std::make_unique<CountedSource>(3);
  bool is_gone = false;
  source->when_gone = [&] { is_gone = true; };
  ImageSender sender(TransferId{1}, ImageHead{}, std::move(source), 0);
  sender.take(receiving(0, 2), 1);
  CHECK_FALSE(is_gone);
  sender.take(receiving(1, 3), 2);
  CHECK(is_gone);
  CHECK(sequences(sender.take_output()) == std::vector<std::uint64_t>{0, 1, 2});
  sender.tick(5'000);
  CHECK(sequences(sender.take_output()) == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("an image is given up for a receiver that is silent, that refuses, or that installs for ever") {
  SECTION("silent") {
    ImageSender sender = sender_of(2);
    sender.take(receiving(0, 8), 100);
    sender.tick(100 + limits::image_silence_ms - 1);
    CHECK_FALSE(sender.is_over());
    sender.tick(100 + limits::image_silence_ms);
    CHECK(sender.state() == State::failed);
  }
  SECTION("refuses") {
    ImageSender sender = sender_of(2);
    sender.take(phase(ImagePhase::refused), 1);
    CHECK(sender.state() == State::failed);
  }
  SECTION("installs for ever") {
    ImageSender sender = sender_of(2);
    sender.take(phase(ImagePhase::installing), 1);
    sender.tick(limits::image_install_ms);
    CHECK_FALSE(sender.is_over());
    sender.tick(1 + limits::image_install_ms);
    CHECK(sender.state() == State::failed);
  }
}

TEST_CASE("what is said of another transfer, or after the end, changes nothing") {
  ImageSender sender = sender_of(5);
  (void)sender.take_output();
  sender.take({TransferId{2}, ImagePhase::installed, 0, 0}, 1);
  sender.take({TransferId{2}, ImagePhase::receiving, 0, 8}, 1);
  CHECK(sender.state() == State::sending);
  CHECK(sender.take_output().empty());
  sender.take(phase(ImagePhase::installed), 2);
  sender.take(phase(ImagePhase::refused), 3);
  sender.give_up();
  CHECK(sender.state() == State::done);
}
