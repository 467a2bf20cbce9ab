#include "common/base/range_limits.hpp"
#include "common/transfer/rows_stream.hpp"
#include "tests/transfer/image_testing.hpp"

using namespace parley;
using namespace parley::transfer;
using namespace parley::transfer::testing;

namespace {

constexpr std::uint64_t window = 16 * 4096;

/// The chunk `sequence` of an image of so many pieces.
std::optional<ImageChunk> next_chunk(RowsSender& sender, int& piece, int pieces) {
  while (sender.wants_rows()) {
    const bool is_last = piece + 1 == pieces;
    if (auto chunk = sender.take(SharedBytes(row(piece++)), is_last)) return chunk;
  }
  return std::nullopt;
}

std::string refusal(RowsReceiver& receiver, const ImageChunk& chunk) {
  const std::uint64_t next = receiver.next();
  const Status taken = receiver.take(chunk);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == ErrorCode::corrupt);
  CHECK(receiver.next() == next);
  return taken.error().what;
}

}  // namespace

TEST_CASE("an image arrives over connections that break, each chunk once, and goes on where it was") {
  for (const std::uint64_t lost_after : {1, 3, 15, 16, 49}) {
    INFO("lost after " << lost_after);
    constexpr int pieces = 50;
    RowsReceiver receiver;
    std::vector<Bytes> rows;
    while (!receiver.is_complete()) {
      RowsSender sender(TransferId{1}, receiver.next(), window);
      CreditGiven given(window);
      REQUIRE(receiver.begin(head_at(100)));
      int piece = 0;
      for (std::uint64_t chunks = 0; chunks < lost_after; ++chunks) {
        const auto chunk = next_chunk(sender, piece, pieces);
        if (!chunk) break;
        REQUIRE(given.received(chunk->rows.size()));
        REQUIRE(receiver.take(*chunk));
        rows.emplace_back(chunk->rows.view());
        given.released(chunk->rows.size());
        if (const auto total = given.take_due()) REQUIRE(sender.grant(*total));
      }
    }
    REQUIRE(rows.size() == pieces);
    for (int i = 0; i < pieces; ++i) CHECK(rows[static_cast<std::size_t>(i)] == row(i));
  }
}

TEST_CASE("rows are sent under credit, those that the receiver has are only read") {
  RowsSender sender(TransferId{1}, 10, 2 * limits::range_chunk_least_bytes);
  int piece = 0;
  CHECK(next_chunk(sender, piece, 50)->sequence == 10);
  CHECK(next_chunk(sender, piece, 50)->sequence == 11);
  CHECK_FALSE(next_chunk(sender, piece, 50));
  CHECK_FALSE(sender.wants_rows());
  CHECK(sender.grant(3 * limits::range_chunk_least_bytes));
  CHECK(next_chunk(sender, piece, 50)->sequence == 12);
  CHECK_FALSE(sender.grant(100 * limits::range_chunk_least_bytes));
}

TEST_CASE("an image that ends before the chunk that is wanted has become another one") {
  RowsSender sender(TransferId{1}, 5, window);
  int piece = 0;
  CHECK_FALSE(next_chunk(sender, piece, 5));
  CHECK(sender.is_done());
  CHECK(sender.was_too_short());
  RowsSender enough(TransferId{1}, 4, window);
  piece = 0;
  CHECK(next_chunk(enough, piece, 5)->is_last);
  CHECK_FALSE(enough.was_too_short());
}

TEST_CASE("rows that are damaged, missing, repeated or of another image are found, and named") {
  RowsSender sender(TransferId{1}, 0, window);
  int piece = 0;
  const auto first = *next_chunk(sender, piece, 3);
  const auto second = *next_chunk(sender, piece, 3);
  const auto third = *next_chunk(sender, piece, 3);
  RowsReceiver receiver;
  CHECK_THAT(refusal(receiver, first), Catch::Contains("none was expected"));
  REQUIRE(receiver.begin(head_at(100)));
  CHECK_THAT(refusal(receiver, second), Catch::Contains("chunk 1") && Catch::Contains("chunk 0"));
  REQUIRE(receiver.take(first));
  CHECK_THAT(refusal(receiver, first), Catch::Contains("instead of chunk 1"));
  ImageChunk flipped = second;
  flipped.rows = SharedBytes(row(7));
  CHECK_THAT(refusal(receiver, flipped), Catch::Contains("chunk 1") && Catch::Contains("entry 100"));
  // The same numbers, and other rows before them.
  RowsSender other(TransferId{1}, 1, window);
  int other_piece = 5;
  CHECK_THAT(refusal(receiver, *next_chunk(other, other_piece, 50)), Catch::Contains("another image"));
  REQUIRE(receiver.take(second));

  CHECK_FALSE(receiver.begin(head_at(101)));
  CHECK(receiver.begin(head_at(100)));
  REQUIRE(receiver.take(third));
  CHECK(receiver.is_complete());
  CHECK_THAT(refusal(receiver, third), Catch::Contains("none was expected"));
  receiver.restart();
  CHECK(receiver.begin(head_at(101)));
  CHECK(receiver.next() == 0);
}
