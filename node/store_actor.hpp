#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <variant>
#include <vector>

#include "common/base/clock.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"
#include "common/obs/logger.hpp"
#include "common/replica/orders.hpp"
#include "common/store/backend.hpp"
#include "node/image_desk.hpp"
#include "node/image_keeper.hpp"
#include "node/range_images.hpp"
#include "node/state_machine.hpp"

namespace parley::node {

/// The thread that changes the store: makes frozen overlays durable, frees them when they have been, and
/// sends and takes in images of the state. A flush that finds no room on the disk leaves the store as it was; it is
/// tried again when there is some.
class StoreActor final : public replica::ImagePort {
 public:
  /// Called from the actor's thread.
  struct Callbacks {
    std::function<void()> flushed;                                 ///< the overlay is durable
    std::function<void(replica::Order)> order;                     ///< to consensus
    std::function<void(ServerId peer)> image_sent;                 ///< or given up: the log that it held may go
    std::function<void(std::unique_ptr<StateMachine>)> installed;  ///< an image is the state now
    std::function<void(replica::RangeOrder)> serve;                ///< to who serves ranges; need not be there
    ImageKeeper::Done image_kept;                                  ///< for the application's log; need not be there
    std::function<void(Error)> failed;                             ///< the process must stop
  };
  StoreActor(const Clock& clock, obs::Logger logger);
  /// Begins to work off what was handed over. `backend`, which keeps its rows in `folder`, must outlive it.
  [[nodiscard]] Status start(store::Backend& backend, std::filesystem::path folder, Callbacks callbacks);

  // ---- thread-safe, also before start() ----
  void flush(std::shared_ptr<const store::Overlay> overlay) { mailbox_.post(Flush{std::move(overlay)}); }
  /// Frees an overlay of many thousand rows off the caller's time, if the caller's reference is the last.
  void free(std::shared_ptr<const store::Overlay> overlay) { mailbox_.post(Free{std::move(overlay)}); }
  void send_image(ServerId peer) { mailbox_.post(SendImage{peer}); }
  void give_up_image(ServerId peer) { mailbox_.post(GiveUpImage{peer}); }
  void stop_sending() { mailbox_.post(StopSending{}); }
  void refuse_image() { mailbox_.post(RefuseImage{}); }
  /// The state machine that lives on the rows of before must take nothing more.
  void install_image() { mailbox_.post(InstallImage{}); }
  /// An image of what is flushed, for the application's log.
  void keep_image(const ClusterId& cluster, std::unique_ptr<archive::ImageFileWriter> writer) {
    mailbox_.post(KeepImage{cluster, std::move(writer)});
  }
  /// Dropped when too much waits: the sender says it again.
  void arrived(ServerId from, transfer::Message message) override {
    (void)mailbox_.try_post(Arrived{from, std::move(message)});
  }
  void peer_restarted(ServerId peer) override { mailbox_.post(Restarted{peer}); }
  // For NodeSource.
  void open_range_image(replica::RangeTicket ticket, Index at_or_below) {
    mailbox_.post(OpenRangeImage{ticket, at_or_below});
  }
  void read_range_image(replica::RangeTicket ticket) { mailbox_.post(ReadRangeImage{ticket}); }
  void close_range_image(replica::RangeTicket ticket) { mailbox_.post(CloseRangeImage{ticket}); }

  /// Writes what was handed over, unless there is no room for it, and joins the thread.
  void stop() { (void)actor_.stop(); }

 private:
  struct Flush {
    std::shared_ptr<const store::Overlay> overlay;
  };
  struct Free {
    std::shared_ptr<const store::Overlay> overlay;
  };
  struct SendImage {
    ServerId peer;
  };
  struct GiveUpImage {
    ServerId peer;
  };
  struct StopSending {};
  struct RefuseImage {};
  struct InstallImage {};
  struct KeepImage {
    ClusterId cluster;
    std::unique_ptr<archive::ImageFileWriter> writer;
  };
  struct Arrived {
    ServerId from;
    transfer::Message message;
  };
  struct Restarted {
    ServerId peer;
  };
  struct OpenRangeImage {
    replica::RangeTicket ticket;
    Index at_or_below;
  };
  struct ReadRangeImage {
    replica::RangeTicket ticket;
  };
  struct CloseRangeImage {
    replica::RangeTicket ticket;
  };
  using Work = std::variant<Flush, Free, SendImage, GiveUpImage, StopSending, RefuseImage, InstallImage, KeepImage,
                            Arrived, Restarted, OpenRangeImage, ReadRangeImage, CloseRangeImage>;

  /// What only the thread has.
  struct State {
    State(store::Backend& its_backend, std::filesystem::path its_folder, ImageDesk::Calls calls, ImageKeeper::Done kept,
          std::uint64_t seed)
        : backend(its_backend),
          folder(std::move(its_folder)),
          images(its_backend, std::move(calls), seed),
          range_images(its_backend),
          keeper(its_backend, std::move(kept)) {}
    store::Backend& backend;
    std::filesystem::path folder;
    ImageDesk images;
    RangeImages range_images;
    ImageKeeper keeper;
    std::shared_ptr<const store::Overlay> waiting;  ///< to be flushed
    bool is_full = false;
  };

  Status run(State& state, const std::stop_token& stop);
  [[nodiscard]] Status work_off(State& state, const std::stop_token& stop);
  [[nodiscard]] Status work(State& state, std::vector<Work>& items);
  [[nodiscard]] Status on(State& state, Flush& flush);
  [[nodiscard]] Status on(State&, Free&) { return {}; }
  [[nodiscard]] Status on(State& state, SendImage& send);
  [[nodiscard]] Status on(State& state, GiveUpImage& given_up);
  [[nodiscard]] Status on(State& state, StopSending&);
  [[nodiscard]] Status on(State& state, RefuseImage&);
  [[nodiscard]] Status on(State& state, InstallImage&);
  [[nodiscard]] Status on(State& state, KeepImage& keep);
  [[nodiscard]] Status on(State& state, Arrived& arrived);
  [[nodiscard]] Status on(State& state, Restarted& restarted);
  [[nodiscard]] Status on(State& state, OpenRangeImage& open);
  [[nodiscard]] Status on(State& state, ReadRangeImage& read);
  [[nodiscard]] Status on(State& state, CloseRangeImage& close);
  [[nodiscard]] Status flush_waiting(State& state);
  void set_full(State& state, bool is_full);
  [[nodiscard]] std::uint64_t now_ms() const { return clock_.now().monotonic_us / 1000; }

  const Clock& clock_;
  obs::Logger logger_;
  Callbacks callbacks_;
  mq::Mailbox<Work> mailbox_;
  mq::Actor actor_;  // last: joined before what its thread uses is gone
};

}  // namespace parley::node
