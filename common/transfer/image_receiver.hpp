#pragma once
#include <cstdint>
#include <optional>

#include "common/base/result.hpp"
#include "common/transfer/message.hpp"

namespace parley::transfer {

/// Where an image is put together, beside the state that it may replace.
class ImageSink {
 public:
  virtual ~ImageSink() = default;
  /// Begins anew; what there was of another image is gone.
  [[nodiscard]] virtual Status begin() = 0;
  /// Rows behind all that came before.
  [[nodiscard]] virtual Status add(BytesView rows) = 0;
  /// All rows are there. If they are of what the sender has said, the image is complete: durable on return.
  [[nodiscard]] virtual Status complete(const ImageHead& head) = 0;
  /// Throws away what there is.
  virtual void discard() = 0;
};

/// Takes in one image at a time. A chunk that comes twice or too early is passed over; one that is damaged ends the
/// transfer. No thread and no clock.
class ImageReceiver {
 public:
  explicit ImageReceiver(ImageSink& sink) : sink_(sink) {}

  /// What to answer to the sender; nothing for what belongs to another transfer. Another offer takes the place of an
  /// image that is still coming in, not of one that is being installed.
  [[nodiscard]] std::optional<ImageProgress> take(const ImageOffer& offer);
  [[nodiscard]] std::optional<ImageProgress> take(const ImageChunk& chunk);

  /// Once for each image that is complete: what it is of. It is now durable beside the state, and `installing`.
  [[nodiscard]] std::optional<ImageHead> take_completed();
  /// It is installed, or of no use. What to tell the sender.
  [[nodiscard]] std::optional<ImageProgress> installed();
  [[nodiscard]] std::optional<ImageProgress> refused();

  /// Why an image could not be kept, for the log; once.
  [[nodiscard]] std::optional<Error> take_failure();

 private:
  struct Incoming {
    TransferId id;
    ImageHead head;
    ImagePhase phase = ImagePhase::receiving;
    std::uint64_t next = 0;
    std::uint64_t checksum = 0;
  };

  [[nodiscard]] ImageProgress progress() const;
  void fail_with(const Error& error);
  void check(const Status& status);

  ImageSink& sink_;
  std::optional<Incoming> incoming_;
  std::optional<ImageHead> completed_;
  std::optional<Error> failure_;
};

}  // namespace parley::transfer
