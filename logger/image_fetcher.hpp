#pragma once
#include <functional>
#include <memory>
#include <stop_token>
#include <vector>

#include "common/archive/image_writer.hpp"
#include "common/base/clock.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/context.hpp"
#include "common/mq/mailbox.hpp"
#include "common/obs/logger.hpp"
#include "common/transport/range_client.hpp"

namespace parley::logger {

/// An image of the state that is wanted from somebody's `-hrecov`.
struct WantedImage {
  ClusterId cluster;
  Index least;                   ///< as of this entry or later
  std::vector<Address> sources;  ///< asked one after the other
  std::unique_ptr<archive::ImageFileWriter> writer;
};

/// The thread that fetches images, one at a time: a truncation must not begin without one, and the archive must not
/// wait for it.
class ImageFetcher {
 public:
  ImageFetcher(mq::Context& context, const Clock& clock, obs::Logger logger);
  /// `done`: the index of an image that is complete under its name, or why there is none; from the thread.
  [[nodiscard]] Status start(std::function<void(Result<Index>)> done);
  /// From any thread.
  void fetch(WantedImage wanted) { mailbox_.post(std::move(wanted)); }
  void stop() { (void)actor_.stop(); }

 private:
  Status run(const std::stop_token& stop);
  [[nodiscard]] Result<Index> fetch_from_any(WantedImage& wanted, const std::stop_token& stop);
  [[nodiscard]] Result<Index> fetch_from(const Address& source, WantedImage& wanted, const std::stop_token& stop);
  [[nodiscard]] Result<transport::RangeEvent> next_event(transport::RangeClient& client, const std::stop_token& stop);

  mq::Context& context_;
  const Clock& clock_;
  obs::Logger logger_;
  std::function<void(Result<Index>)> done_;
  mq::Mailbox<WantedImage> mailbox_;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::logger
