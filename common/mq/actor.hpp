#pragma once
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>

#include "common/base/result.hpp"

namespace parley::mq {

/// A thread with a name, ready when start() returns and joined when its Actor is destroyed. What it owns is made, used
/// and destroyed in that thread, so that sockets never change threads.
///
///     auto disk = Actor::start("disk", [&] { mailbox.wake(); },
///                              [&]() -> Result<Disk> { return Disk::open(...); },
///                              [&](Disk& self, std::stop_token stop) -> Status { return self.run(stop); });
class Actor {
 public:
  Actor() = default;
  Actor(Actor&&) = default;
  /// Stops and joins the actor that was here.
  Actor& operator=(Actor&& other) {
    if (this == &other) return *this;
    thread_ = std::move(other.thread_);  // first: this joins the old thread, which still writes to the old outcome
    outcome_ = std::move(other.outcome_);
    return *this;
  }
  /// Asks it to stop, wakes it and joins it.
  ~Actor() = default;

  /// Runs `setup`, a Result<State>(), in a new thread and waits for it: its error is the result. Then that thread runs
  /// `run`, a Status(State&, std::stop_token), until it returns, and destroys the state. `run` must return soon once a
  /// stop is requested and `wake` was called; `wake` is called from the thread that asks. The system shows 15 bytes of
  /// the name. ErrorCode::io if no thread can be started.
  template <class Setup, class Run>
  [[nodiscard]] static Result<Actor> start(const std::string& name, std::function<void()> wake, Setup setup, Run run) {
    return start_thread(
        name, std::move(wake),
        [setup = std::move(setup), run = std::move(run)](const Ready& ready, std::stop_token stop) mutable -> Status {
          auto state = setup();
          if (!state) {
            ready(std::unexpected(state.error()));
            return {};
          }
          ready({});
          return run(*state, std::move(stop));
        });
  }

  /// Asks it to stop, wakes it, joins it, and gives what `run` returned. A second call gives success.
  Status stop();

 private:
  using Ready = std::function<void(Status)>;
  using Body = std::move_only_function<Status(const Ready&, std::stop_token)>;
  [[nodiscard]] static Result<Actor> start_thread(const std::string& name, std::function<void()> wake, Body body);

  std::unique_ptr<Status> outcome_;  ///< written by the thread as its last act; must outlive it, so it stands first
  std::jthread thread_;
};

}  // namespace parley::mq
