#include "common/transfer/image_receiver.hpp"

#include <utility>

#include "common/base/limits.hpp"
#include "common/transfer/rows.hpp"

namespace parley::transfer {

std::optional<ImageProgress> ImageReceiver::take(const ImageOffer& offer) {
  if (!incoming_ || incoming_->id != offer.id) {
    if (incoming_ && incoming_->phase == ImagePhase::installing)
      return ImageProgress{offer.id, ImagePhase::refused, 0, 0};
    incoming_ = Incoming{offer.id, offer.head};
    check(sink_.begin());
  }
  return progress();
}

std::optional<ImageProgress> ImageReceiver::take(const ImageChunk& chunk) {
  if (!incoming_ || incoming_->id != chunk.id) return std::nullopt;
  if (incoming_->phase != ImagePhase::receiving || chunk.sequence != incoming_->next) return progress();
  const std::uint64_t checksum = chain_checksum(incoming_->checksum, chunk.rows.view());
  if (checksum != chunk.checksum) {
    fail_with({ErrorCode::protocol, "chunk " + std::to_string(chunk.sequence) + " of an image has a wrong checksum"});
    return progress();
  }
  check(sink_.add(chunk.rows.view()));
  if (incoming_->phase != ImagePhase::receiving) return progress();
  incoming_->checksum = checksum;
  ++incoming_->next;
  if (chunk.is_last) {
    check(sink_.complete(incoming_->head));
    if (incoming_->phase == ImagePhase::receiving) {
      incoming_->phase = ImagePhase::installing;
      completed_ = incoming_->head;
    }
  }
  return progress();
}

ImageProgress ImageReceiver::progress() const {
  return {incoming_->id, incoming_->phase, incoming_->next, incoming_->next + limits::image_window_chunks};
}

void ImageReceiver::check(const Status& status) {
  if (!status) fail_with(status.error());
}

void ImageReceiver::fail_with(const Error& error) {
  incoming_->phase = ImagePhase::refused;
  failure_ = error;
  sink_.discard();
}

std::optional<ImageHead> ImageReceiver::take_completed() { return std::exchange(completed_, std::nullopt); }

std::optional<Error> ImageReceiver::take_failure() { return std::exchange(failure_, std::nullopt); }

std::optional<ImageProgress> ImageReceiver::installed() {
  if (!incoming_ || incoming_->phase != ImagePhase::installing) return std::nullopt;
  incoming_->phase = ImagePhase::installed;
  return progress();
}

std::optional<ImageProgress> ImageReceiver::refused() {
  if (!incoming_ || incoming_->phase != ImagePhase::installing) return std::nullopt;
  incoming_->phase = ImagePhase::refused;
  sink_.discard();
  return progress();
}

}  // namespace parley::transfer
