#include "common/base/limits.hpp"
#include "tests/transfer/image_testing.hpp"

using namespace parley;
using namespace parley::transfer;
using namespace parley::transfer::testing;

namespace {

/// All chunks of an image of so many pieces.
std::vector<ImageChunk> chunks_of(int pieces, std::uint64_t id = 1) {
  ImageSender sender = sender_of(pieces, id);
  std::vector<ImageChunk> chunks;
  for (std::uint64_t next = 0; next < static_cast<std::uint64_t>(pieces);) {
    sender.take({TransferId{id}, ImagePhase::receiving, next, next + limits::image_window_chunks}, 0);
    for (const Message& message : sender.take_output()) {
      if (const auto* chunk = std::get_if<ImageChunk>(&message)) chunks.push_back(*chunk);
    }
    next = chunks.size();
  }
  return chunks;
}

ImageOffer offer(std::uint64_t id = 1) { return {TransferId{id}, head_at(100)}; }

}  // namespace

TEST_CASE("an image comes in chunk by chunk, and is given out once when it is complete") {
  RecordingSink sink;
  ImageReceiver receiver(sink);
  CHECK(receiver.take(offer()) == ImageProgress{TransferId{1}, ImagePhase::receiving, 0, limits::image_window_chunks});
  const auto chunks = chunks_of(3);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto progress = receiver.take(chunks[i]);
    CHECK(progress == ImageProgress{TransferId{1}, ImagePhase::receiving, i + 1, i + 1 + limits::image_window_chunks});
    CHECK_FALSE(receiver.take_completed());
  }
  CHECK(receiver.take(chunks[2])->phase == ImagePhase::installing);
  CHECK(sink.is_complete);
  CHECK(sink.rows == std::vector<Bytes>{row(0), row(1), row(2)});
  CHECK(receiver.take_completed() == head_at(100));
  CHECK_FALSE(receiver.take_completed());
  CHECK(receiver.installed()->phase == ImagePhase::installed);
  CHECK(receiver.take(offer())->phase == ImagePhase::installed);
}

TEST_CASE("chunks that come twice, too early or for nobody are passed over") {
  RecordingSink sink;
  ImageReceiver receiver(sink);
  const auto chunks = chunks_of(3);
  CHECK_FALSE(receiver.take(chunks[0]));
  (void)receiver.take(offer());
  CHECK(receiver.take(chunks[1])->next == 0);
  CHECK(receiver.take(chunks[0])->next == 1);
  CHECK(receiver.take(chunks[0])->next == 1);
  CHECK_FALSE(receiver.take(chunks_of(3, 2)[1]));
  CHECK(sink.rows.size() == 1);
}

TEST_CASE("a chunk that is damaged, or in the place of another, ends the transfer and says why") {
  const auto chunks = chunks_of(3);
  ImageChunk damaged = chunks[1];
  SECTION("other rows") { damaged.rows = SharedBytes(row(7)); }
  SECTION("the rows of another chunk with their checksum") {
    damaged = chunks[2];
    damaged.sequence = 1;
  }
  RecordingSink sink;
  ImageReceiver receiver(sink);
  (void)receiver.take(offer());
  (void)receiver.take(chunks[0]);
  CHECK(receiver.take(damaged)->phase == ImagePhase::refused);
  CHECK(sink.discarded == 1);
  CHECK(sink.rows.size() == 1);
  const auto failure = receiver.take_failure();
  REQUIRE(failure);
  CHECK(failure->what.find("checksum") != std::string::npos);
  CHECK_FALSE(receiver.take_failure());
  // The rest of it changes nothing; a new attempt does.
  CHECK(receiver.take(chunks[2])->phase == ImagePhase::refused);
  CHECK(receiver.take(offer(2))->phase == ImagePhase::receiving);
}

TEST_CASE("an image that cannot be kept is refused, wherever it fails") {
  for (const std::string where : {"begin", "add", "complete"}) {
    DYNAMIC_SECTION(where) {
      RecordingSink sink;
      sink.fails_at = where;
      ImageReceiver receiver(sink);
      std::optional<ImageProgress> last = receiver.take(offer());
      for (const ImageChunk& chunk : chunks_of(1)) last = receiver.take(chunk);
      CHECK(last->phase == ImagePhase::refused);
      CHECK(sink.discarded == 1);
      CHECK_FALSE(receiver.take_completed());
      CHECK(receiver.take_failure()->code == ErrorCode::disk_full);
    }
  }
}

TEST_CASE("a newer offer takes the place of an image that still comes in, not of one that is being installed") {
  RecordingSink sink;
  ImageReceiver receiver(sink);
  (void)receiver.take(offer(1));
  (void)receiver.take(chunks_of(3, 1)[0]);
  CHECK(receiver.take(offer(2))->next == 0);
  CHECK(sink.begun == 2);
  (void)receiver.take(chunks_of(1, 2)[0]);
  CHECK(receiver.take(offer(3)) == ImageProgress{TransferId{3}, ImagePhase::refused, 0, 0});
  CHECK(sink.begun == 2);
  CHECK(receiver.refused()->id == TransferId{2});
  CHECK(receiver.take(offer(3))->phase == ImagePhase::receiving);
}

TEST_CASE("an image that is being installed is not begun again by its own offer, however often that comes") {
  RecordingSink sink;
  ImageReceiver receiver(sink);
  (void)receiver.take(offer());
  (void)receiver.take(chunks_of(1)[0]);
  CHECK(receiver.take_completed() == head_at(100));
  for (int i = 0; i < 3; ++i) CHECK(receiver.take(offer())->phase == ImagePhase::installing);
  CHECK(sink.begun == 1);
  CHECK(sink.discarded == 0);
  CHECK(receiver.installed()->phase == ImagePhase::installed);
}
