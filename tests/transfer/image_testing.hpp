#pragma once
#include <catch2/catch.hpp>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "common/transfer/image_receiver.hpp"
#include "common/transfer/image_sender.hpp"
#include "common/transfer/rows.hpp"

namespace parley::transfer::testing {

inline Bytes row(int number) {
  Bytes rows;
  append_row(rows, "key " + std::to_string(number), "value");
  return rows;
}

/// Gives pieces of one row each.
class CountedSource final : public ImageSource {
 public:
  explicit CountedSource(int pieces) : pieces_(pieces) {}
  ~CountedSource() override {
    if (when_gone) when_gone();
  }
  std::optional<Bytes> next() override {
    if (given_ == pieces_) return std::nullopt;
    return row(given_++);
  }

  std::function<void()> when_gone;

 private:
  int pieces_;
  int given_ = 0;
};

/// Remembers what it was told, and fails where it should.
struct RecordingSink final : ImageSink {
  Status begin() override {
    ++begun;
    rows.clear();
    is_complete = false;
    return outcome(fails_at == "begin");
  }
  Status add(BytesView more) override {
    rows.emplace_back(more);
    return outcome(fails_at == "add");
  }
  Status complete(const ImageHead&) override {
    is_complete = true;
    return outcome(fails_at == "complete");
  }
  void discard() override { ++discarded; }
  static Status outcome(bool fails) {
    if (fails) return fail(ErrorCode::disk_full, "no room for an image");
    return {};
  }

  std::string fails_at;
  std::vector<Bytes> rows;
  bool is_complete = false;
  int begun = 0;
  int discarded = 0;
};

inline ImageHead head_at(std::uint64_t index) {
  return {Index{index}, Term{3}, {}, {5, 6}, Index{1}, SharedBytes(Bytes("members"))};
}

inline ImageSender sender_of(int pieces, std::uint64_t id = 1, std::uint64_t now_ms = 0) {
  return {TransferId{id}, head_at(100), std::make_unique<CountedSource>(pieces), now_ms};
}

/// The chunks among these messages.
inline std::vector<std::uint64_t> sequences(const std::vector<Message>& messages) {
  std::vector<std::uint64_t> found;
  for (const Message& message : messages) {
    if (const auto* chunk = std::get_if<ImageChunk>(&message)) found.push_back(chunk->sequence);
  }
  return found;
}
inline std::size_t offers(const std::vector<Message>& messages) {
  return static_cast<std::size_t>(std::count_if(
      messages.begin(), messages.end(), [](const Message& each) { return std::holds_alternative<ImageOffer>(each); }));
}

}  // namespace parley::transfer::testing
