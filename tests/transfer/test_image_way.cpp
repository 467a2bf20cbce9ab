#include "common/base/limits.hpp"
#include "common/base/random.hpp"
#include "tests/transfer/image_testing.hpp"

using namespace parley;
using namespace parley::transfer;
using namespace parley::transfer::testing;

namespace {

/// A sender and a receiver with a network between them that loses, repeats and reorders.
struct Way {
  Way(std::uint64_t seed, int pieces, unsigned lost_in_ten)
      : random(seed), receiver(sink), sender(sender_of(pieces)), lost(lost_in_ten) {}

  void put(std::vector<Message>& on_way, const Message& message) {
    if (random.below(10) < lost) return;
    on_way.push_back(message);
    if (random.one_in(10)) on_way.push_back(message);
  }
  std::optional<Message> get(std::vector<Message>& on_way) {
    if (on_way.empty()) return std::nullopt;
    const std::size_t at = random.one_in(5) ? random.below(on_way.size()) : 0;
    Message message = on_way[at];
    on_way.erase(on_way.begin() + static_cast<std::ptrdiff_t>(at));
    return message;
  }
  void step() {
    now_ms += random.below(100);
    sender.tick(now_ms);
    for (const Message& message : sender.take_output()) put(to_receiver, message);
    most_on_way = std::max(most_on_way, to_receiver.size());
    if (const auto message = get(to_receiver)) {
      std::optional<ImageProgress> answer;
      if (const auto* offered = std::get_if<ImageOffer>(&*message)) answer = receiver.take(*offered);
      if (const auto* chunk = std::get_if<ImageChunk>(&*message)) answer = receiver.take(*chunk);
      if (answer) put(to_sender, *answer);
      if (receiver.take_completed()) {
        ++completed;
        if (const auto done = receiver.installed()) put(to_sender, *done);
      }
    }
    if (const auto message = get(to_sender)) sender.take(std::get<ImageProgress>(*message), now_ms);
  }

  Random random;
  RecordingSink sink;
  ImageReceiver receiver;
  ImageSender sender;
  unsigned lost;
  std::uint64_t now_ms = 0;
  std::vector<Message> to_receiver;
  std::vector<Message> to_sender;
  std::size_t most_on_way = 0;
  int completed = 0;
};

}  // namespace

TEST_CASE("an image arrives whole and once, whatever the network loses, repeats and reorders") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    const int pieces = 1 + static_cast<int>(seed % 60);
    Way way(seed, pieces, static_cast<unsigned>(seed % 4));
    for (int steps = 0; steps < 100'000 && !way.sender.is_over(); ++steps) way.step();
    REQUIRE(way.sender.state() == ImageSender::State::done);
    CHECK(way.completed == 1);
    CHECK(way.sink.begun == 1);
    REQUIRE(way.sink.rows.size() == static_cast<std::size_t>(pieces));
    for (int i = 0; i < pieces; ++i) CHECK(way.sink.rows[static_cast<std::size_t>(i)] == row(i));
    CHECK_FALSE(way.receiver.take_failure());
  }
}

TEST_CASE("over a network that loses nothing, nothing is sent twice") {
  Way way(1, 1000, 0);
  ImageSender& sender = way.sender;
  std::uint64_t now = 0;
  while (!sender.is_over()) {
    sender.tick(++now);
    for (const Message& message : sender.take_output()) {
      std::optional<ImageProgress> answer;
      if (const auto* offered = std::get_if<ImageOffer>(&message)) answer = way.receiver.take(*offered);
      if (const auto* chunk = std::get_if<ImageChunk>(&message)) answer = way.receiver.take(*chunk);
      REQUIRE(answer);
      sender.take(*answer, now);
      if (way.receiver.take_completed()) sender.take(*way.receiver.installed(), now);
    }
  }
  CHECK(sender.state() == ImageSender::State::done);
  CHECK(sender.chunks_resent() == 0);
  CHECK(way.sink.rows.size() == 1000);
}

TEST_CASE("rows come out of a chunk as they went in, and what is cut or empty is no rows") {
  Bytes rows;
  append_row(rows, "a", "1");
  append_row(rows, "b", "");
  CHECK(rows.size() == row_bytes("a", "1") + row_bytes("b", ""));
  std::vector<std::pair<Bytes, Bytes>> seen;
  const auto keep = [&](BytesView key, BytesView value) { seen.emplace_back(key, value); };
  CHECK(visit_rows(rows, keep));
  CHECK(seen == std::vector<std::pair<Bytes, Bytes>>{{"a", "1"}, {"b", ""}});
  for (std::size_t size = 1; size < rows.size(); ++size) {
    if (size == row_bytes("a", "1")) continue;
    CHECK_FALSE(visit_rows(BytesView(rows).substr(0, size), keep));
  }
  Bytes without_key;
  append_row(without_key, "", "value");
  CHECK_FALSE(visit_rows(without_key, keep));
  CHECK(visit_rows({}, keep));
}
