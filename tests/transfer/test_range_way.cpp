#include <catch2/catch.hpp>

#include <array>
#include <deque>

#include "common/base/range_limits.hpp"
#include "tests/transfer/range_testing.hpp"

using namespace parley;
using namespace parley::transfer;
using namespace parley::transfer::testing;

namespace {

/// A source: a log that grows. A chunk and a credit travel in order on their connection, and are lost with it.
struct Source {
  FakeLog log;
  bool lies = false;
};

/// A receiver that asks one of several sources, loses connections at any moment, and asks again, there or elsewhere.
class Way {
 public:
  Way(std::uint64_t seed, Index from, Index to)
      : random_(seed), receiver_(from, to, chain_start(cluster(1))), window_(random_.between(1, 200'000)) {
    const int entries = static_cast<int>(random_.between(50, 400));
    const std::size_t most = random_.one_in(3) ? 20'000 : 300;
    whole_.append_random(random_, entries, most);
    for (Source& source : sources_) {
      grow(source, random_.between(0, whole_.last().value));
      // Each has compacted something else of it.
      for (std::uint64_t index = 1; index <= source.log.last().value; ++index) {
        if (random_.one_in(7)) source.log.reduce(Index{index}, "rest");
      }
    }
    sources_[2].lies = random_.one_in(2);
    ask();
  }

  void step() {
    switch (random_.below(9)) {
      case 0: return grow(sources_[random_.below(sources_.size())], random_.below(20));
      case 1:
      case 2: return send();
      case 3:
      case 4:
      case 5: return receive();
      case 6:
      case 7: return credit();
      default:
        if (random_.one_in(8)) ask();
    }
  }
  [[nodiscard]] bool is_complete() const { return receiver_.is_complete(); }

  /// What came is what every honest source has, reduced or not.
  void check() const {
    INFO("window " << window_);
    REQUIRE(received_.size() == receiver_.to().value);
    for (const RangeEntry& item : received_) {
      const RangeEntry& original = whole_.at(item.entry.index);
      CHECK(item.entry.digest == original.entry.digest);
      if (!item.payload_hash) CHECK(item.entry.payload == original.entry.payload);
    }
  }

  std::size_t most_on_way = 0;
  int lies_found = 0;
  int asked = 0;

  [[nodiscard]] std::uint64_t window() const { return window_; }

 private:
  void grow(Source& source, std::uint64_t entries) {
    while (entries-- > 0 && source.log.last() < whole_.last()) {
      const Entry& next = whole_.at(source.log.last().next()).entry;
      source.log.append(std::string(next.payload.view()), next.kind, next.term);
    }
  }
  /// The connection is lost, with all that is on it, or was never there; another source may do as well.
  void ask() {
    ++asked;
    at_ = random_.below(sources_.size());
    on_way_.clear();
    held_.clear();
    credits_.clear();
    sender_.emplace(receiver_.next(), receiver_.to(), window_);
    given_.emplace(window_);
  }
  void send() {
    const Source& source = sources_[at_];
    while (!credits_.empty() && random_.one_in(2)) {
      REQUIRE(sender_->grant(credits_.front()));
      credits_.pop_front();
    }
    auto chunk = next_chunk(*sender_, source.log);
    if (!chunk) {
      // Nobody grows for ever: the others may have more.
      if (sender_->waits(source.log.last()) && source.log.last() < whole_.last() && random_.one_in(4)) ask();
      return;
    }
    if (source.lies && random_.one_in(4)) lie(*chunk);
    on_way_.push_back(std::move(*chunk));
    std::size_t bytes = 0;
    for (const EntryChunk& each : on_way_) bytes += each.block.size();
    for (const EntryChunk& each : held_) bytes += each.block.size();
    most_on_way = std::max(most_on_way, bytes);
  }
  void lie(EntryChunk& chunk) {
    Bytes block(chunk.block.view());
    switch (random_.below(4)) {
      case 0: {
        // In the time or term of the first entry, which the chain covers even if its payload is gone.
        const std::size_t at = random_.below(8) + (random_.one_in(2) ? 9 : 0);
        block[at] = static_cast<char>(block[at] ^ (1 << random_.below(8)));
        break;
      }
      case 1: chunk.first = chunk.first.next(); break;
      case 2: chunk.before.bytes[random_.below(32)] ^= 1; break;
      default: chunk.after.bytes[random_.below(32)] ^= 1; break;
    }
    chunk.block = SharedBytes(std::move(block));
    if (random_.one_in(2)) chunk.checksum = chunk_checksum(chunk);
    lied_ = true;
  }
  void receive() {
    if (on_way_.empty()) return;
    const EntryChunk chunk = on_way_.front();
    on_way_.pop_front();
    REQUIRE(given_->received(chunk.block.size()));
    const Index from = receiver_.next();
    const auto entries = receiver_.take(chunk);
    if (!entries) {
      REQUIRE(std::exchange(lied_, false));
      REQUIRE(entries.error().code == ErrorCode::corrupt);
      ++lies_found;
      return ask();
    }
    REQUIRE(entries->front().entry.index == from);
    received_.insert(received_.end(), entries->begin(), entries->end());
    held_.push_back(chunk);
    if (receiver_.is_complete()) REQUIRE(chunk.is_last);
  }
  /// The owner has used what came, and the source is told so, or the word is lost with the connection.
  void credit() {
    while (!held_.empty() && random_.one_in(2)) {
      given_->released(held_.front().block.size());
      held_.pop_front();
    }
    if (const auto total = given_->take_due()) credits_.push_back(*total);
  }

  Random random_;
  FakeLog whole_;
  std::array<Source, 3> sources_;
  EntryReceiver receiver_;
  std::uint64_t window_;
  std::size_t at_ = 0;
  std::optional<EntrySender> sender_;
  std::optional<CreditGiven> given_;
  std::deque<EntryChunk> on_way_;
  std::deque<EntryChunk> held_;
  std::deque<std::uint64_t> credits_;
  bool lied_ = false;
  std::vector<RangeEntry> received_;
};

}  // namespace

TEST_CASE("a range arrives whole and once, from several sources, over connections that break, and lies are found") {
  int lies = 0;
  int asked = 0;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    Way way(seed, Index{1}, Index{40 + seed % 11});
    for (int steps = 0; steps < 200'000 && !way.is_complete(); ++steps) way.step();
    REQUIRE(way.is_complete());
    way.check();
    CHECK(way.most_on_way <= way.window() + 20'000 + 100);
    lies += way.lies_found;
    asked += way.asked;
  }
  CHECK(lies > 30);
  CHECK(asked > 500);
}
