#pragma once
#include <cstdint>
#include <optional>

#include "common/base/result.hpp"
#include "common/transfer/credit.hpp"
#include "common/transfer/message.hpp"

/// The rows of an image over a connection that keeps order, under a credit in bytes. (Between replicas, whose messages
/// may be lost, ImageSender and ImageReceiver do it; the chunks are the same.)
namespace parley::transfer {

/// Sends the chunks of one image from a certain one on. The checksum of a chunk covers those before it, so it is given
/// all rows from the first on. No thread and no clock.
class RowsSender {
 public:
  RowsSender(TransferId id, std::uint64_t first_sequence, std::uint64_t window)
      : id_(id), first_(first_sequence), credit_(window) {}

  /// False for a credit that the receiver cannot have earned.
  [[nodiscard]] bool grant(std::uint64_t total) { return credit_.grant(total); }
  /// True if the next rows are to be read now.
  [[nodiscard]] bool wants_rows() const { return !is_done_ && (next_ < first_ || credit_.has_room()); }
  /// The next rows; a chunk, unless it is one that the receiver has.
  [[nodiscard]] std::optional<ImageChunk> take(SharedBytes rows, bool is_last);

  [[nodiscard]] bool is_done() const { return is_done_; }
  /// True if it is done, and the image was over before the first chunk that is wanted.
  [[nodiscard]] bool was_too_short() const { return is_done_ && next_ <= first_; }

 private:
  TransferId id_;
  std::uint64_t first_;
  CreditSpent credit_;
  std::uint64_t next_ = 0;
  std::uint64_t checksum_ = 0;
  bool is_done_ = false;
};

/// Takes in the chunks of one image, in order, each once. It outlives the stream: after a loss, ask for the same index
/// from next() on. An error changes nothing here. No thread and no clock.
class RowsReceiver {
 public:
  /// What the image is of that now comes from chunk next() on. False if something of another one is here: then begin
  /// anew.
  [[nodiscard]] bool begin(const ImageHead& head);
  /// Forgets what has come.
  void restart();
  /// `corrupt`, naming the chunk and the index of the image, if it is not the next one, or not of this image. Its rows
  /// may be used then.
  [[nodiscard]] Status take(const ImageChunk& chunk);

  [[nodiscard]] const std::optional<ImageHead>& head() const { return head_; }
  [[nodiscard]] std::uint64_t next() const { return next_; }
  [[nodiscard]] bool is_complete() const { return is_complete_; }
  /// Of all rows so far: two sources that have the same image in the same chunks come to the same.
  [[nodiscard]] std::uint64_t checksum() const { return checksum_; }

 private:
  std::optional<ImageHead> head_;
  std::uint64_t next_ = 0;
  std::uint64_t checksum_ = 0;
  bool is_complete_ = false;
};

}  // namespace parley::transfer
