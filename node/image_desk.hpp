#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "common/base/random.hpp"
#include "common/raft/io.hpp"
#include "common/store/image.hpp"
#include "common/transfer/image_receiver.hpp"
#include "common/transfer/image_sender.hpp"

namespace parley::node {

/// The images that a node sends to peers, and the one that comes in. No thread and no socket of its own: the store
/// actor and the simulation call it, and it calls back.
class ImageDesk {
 public:
  struct Calls {
    std::function<void(ServerId to, transfer::Message message)> send;
    std::function<void(raft::ImageSent)> sent;          ///< an image is installed there, or was given up
    std::function<void(raft::ImageReceived)> received;  ///< one is complete here: is it of use?
    std::function<void(const std::string&)> said;       ///< for the log
    std::function<void(const std::string&)> warned;     ///< the same, for what somebody must look after
  };
  /// `backend` must outlive it. `seed` makes the numbers of transfers, which no earlier life of this node has used.
  ImageDesk(store::Backend& backend, Calls calls, std::uint64_t seed);
  ImageDesk(const ImageDesk&) = delete;
  ImageDesk& operator=(const ImageDesk&) = delete;

  /// An image of what is flushed now. An earlier one to that peer is given up.
  [[nodiscard]] Status begin(ServerId peer, std::uint64_t now_ms);
  /// The log that the image for this peer holds is needed. Said as `sent`, once, like every end.
  void give_up(ServerId peer);
  /// This node no longer leads: others send.
  void stop_sending();
  void take(ServerId from, const transfer::Message& message, std::uint64_t now_ms);
  void peer_restarted(ServerId peer) { give_up(peer); }
  void tick(std::uint64_t now_ms);
  [[nodiscard]] bool is_sending() const { return !senders_.empty(); }

  /// The core has no use for the image that was received.
  void refuse();
  /// The image takes the place of the rows. An error is fatal.
  [[nodiscard]] Status install();

 private:
  void on(ServerId from, const transfer::ImageOffer& offer);
  void on(ServerId from, const transfer::ImageChunk& chunk);
  void on(ServerId from, const transfer::ImageProgress& progress);
  void answer(ServerId to, const std::optional<transfer::ImageProgress>& progress);
  void after_receiving(ServerId from);
  void flush(ServerId peer, transfer::ImageSender& sender);
  void end(std::map<ServerId, transfer::ImageSender>::iterator at);

  store::Backend& backend_;
  Calls calls_;
  Random random_;
  std::map<ServerId, transfer::ImageSender> senders_;
  std::set<ServerId> failing_;  ///< whose last image was given up: that is said once, not each time
  store::BackendSink sink_;
  transfer::ImageReceiver receiver_;
  ServerId sender_of_incoming_ = nobody;
  std::string said_failure_;  ///< why the last one could not be kept, until one is complete
  std::uint64_t now_ms_ = 0;
};

/// What an image is of, by the meta row among its rows; `corrupt` if there is none.
[[nodiscard]] Result<transfer::ImageHead> head_of(const store::Snapshot& snapshot);
/// `corrupt` if these rows are not of what their sender has said, or if that is nothing that a replica could go on
/// from.
[[nodiscard]] Status check_image(const store::Snapshot& rows, const transfer::ImageHead& said);

}  // namespace parley::node
