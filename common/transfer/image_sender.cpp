#include "common/transfer/image_sender.hpp"

#include <utility>

#include "common/base/limits.hpp"
#include "common/transfer/rows.hpp"

namespace parley::transfer {

ImageSender::ImageSender(TransferId id, ImageHead head, std::unique_ptr<ImageSource> source, std::uint64_t now_ms)
    : id_(id),
      head_(std::move(head)),
      source_(std::move(source)),
      following_(source_->next()),
      acknowledged_ms_(now_ms),
      progress_ms_(now_ms) {
  output_.emplace_back(ImageOffer{id_, head_});
}

void ImageSender::take(const ImageProgress& progress, std::uint64_t now_ms) {
  if (progress.id != id_ || is_over()) return;
  switch (progress.phase) {
    case ImagePhase::refused: state_ = State::failed; return;
    case ImagePhase::installed: state_ = State::done; return;
    case ImagePhase::installing:
      if (state_ == State::sending) acknowledged_ms_ = now_ms;
      state_ = State::installing;
      window_.clear();
      source_.reset();
      return;
    case ImagePhase::receiving: break;
  }
  // A word from before the last chunk arrived.
  if (state_ != State::sending) return;
  while (!window_.empty() && window_.front().sequence < progress.next) {
    window_.pop_front();
    acknowledged_ms_ = progress_ms_ = now_ms;
  }
  const bool was_idle = window_.empty();
  credit_ = std::max(credit_, progress.credit);
  fill_window();
  // Before, nothing was on its way that it could have acknowledged.
  if (was_idle && !window_.empty()) acknowledged_ms_ = now_ms;
}

void ImageSender::fill_window() {
  while (following_ && next_ < credit_ && window_.size() < limits::image_window_chunks) {
    ImageChunk chunk{id_, next_++, false, 0, SharedBytes(std::move(*following_))};
    following_ = source_->next();
    chunk.is_last = !following_;
    if (chunk.is_last) source_.reset();
    checksum_ = chain_checksum(checksum_, chunk.rows.view());
    chunk.checksum = checksum_;
    output_.emplace_back(chunk);
    window_.push_back(std::move(chunk));
  }
}

void ImageSender::tick(std::uint64_t now_ms) {
  if (is_over()) return;
  const std::uint64_t patience_ms = state_ == State::installing ? limits::image_install_ms : limits::image_silence_ms;
  if (now_ms - acknowledged_ms_ >= patience_ms) {
    state_ = State::failed;
    return;
  }
  if (now_ms - progress_ms_ < limits::image_resend_ms) return;
  progress_ms_ = now_ms;
  resend();
}

/// The offer is also the question how far the receiver is. The chunks behind it may be there already; then they are
/// known there and cost nothing but their way.
void ImageSender::resend() {
  output_.emplace_back(ImageOffer{id_, head_});
  if (state_ != State::sending) return;
  for (const ImageChunk& chunk : window_) output_.emplace_back(chunk);
  chunks_resent_ += window_.size();
}

void ImageSender::give_up() {
  if (!is_over()) state_ = State::failed;
}

std::vector<Message> ImageSender::take_output() { return std::exchange(output_, {}); }

}  // namespace parley::transfer
