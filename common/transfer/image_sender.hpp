#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "common/base/result.hpp"
#include "common/transfer/message.hpp"

namespace parley::transfer {

/// Where an image comes from, in pieces.
class ImageSource {
 public:
  virtual ~ImageSource() = default;
  /// The next rows (rows.hpp), of about limits::image_chunk_bytes; nothing behind the last.
  [[nodiscard]] virtual std::optional<Bytes> next() = 0;
};

/// Sends one image to one peer: as many chunks as the receiver allows, again from where the receiver is when nothing is
/// heard of it, given up when it acknowledges no chunk for long, whatever else it says. The source is let go of as soon
/// as all has been read from it. No thread, no clock: time comes by argument, in milliseconds.
///
///     sending --the last chunk is there--> installing --> done
///
/// The two phases are kept apart: a receiver that installs is waited for, never sent the same again.
class ImageSender {
 public:
  enum class State { sending, installing, done, failed };

  ImageSender(TransferId id, ImageHead head, std::unique_ptr<ImageSource> source, std::uint64_t now_ms);

  void take(const ImageProgress& progress, std::uint64_t now_ms);
  void tick(std::uint64_t now_ms);
  /// The receiver has forgotten the image, or what it pins is needed.
  void give_up();
  /// What is to be sent now.
  [[nodiscard]] std::vector<Message> take_output();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_over() const { return state_ == State::done || state_ == State::failed; }
  [[nodiscard]] TransferId id() const { return id_; }
  [[nodiscard]] Index index() const { return head_.index; }
  [[nodiscard]] std::uint64_t chunks_resent() const { return chunks_resent_; }

 private:
  void fill_window();
  void resend();

  TransferId id_;
  ImageHead head_;
  std::unique_ptr<ImageSource> source_;
  State state_ = State::sending;
  std::deque<ImageChunk> window_;   ///< sent and not yet known to be there
  std::optional<Bytes> following_;  ///< read ahead, since the last chunk says that it is
  std::uint64_t next_ = 0;          ///< the next chunk to be made
  std::uint64_t checksum_ = 0;
  std::uint64_t credit_ = 0;
  std::uint64_t acknowledged_ms_;  ///< when the receiver last got further, or could first: what it is given up by
  std::uint64_t progress_ms_;      ///< the same, or when something was sent again
  std::uint64_t chunks_resent_ = 0;
  std::vector<Message> output_;
};

}  // namespace parley::transfer
