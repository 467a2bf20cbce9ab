#include "common/mq/actor.hpp"

#include <pthread.h>

#include <future>
#include <system_error>

namespace parley::mq {

Result<Actor> Actor::start_thread(const std::string& name, std::function<void()> wake, Body body) {
  Actor actor;
  actor.outcome_ = std::make_unique<Status>();
  std::promise<Status> promise;
  std::future<Status> ready = promise.get_future();
  const auto act = [](std::stop_token stop, std::string shown, std::function<void()> wake_up, Body work,
                      std::promise<Status> said, Status* outcome) {
    pthread_setname_np(pthread_self(), shown.substr(0, 15).c_str());
    const std::stop_callback on_stop(stop, std::move(wake_up));
    *outcome = work([&said](Status status) { said.set_value(std::move(status)); }, stop);
  };
  try {
    actor.thread_ = std::jthread(act, name, std::move(wake), std::move(body), std::move(promise), actor.outcome_.get());
  } catch (const std::system_error& error) {
    return fail(ErrorCode::io, "cannot start the thread '" + name + "': " + error.what());
  }
  Status status = ready.get();
  if (!status) return std::unexpected(std::move(status.error()));
  return actor;
}

Status Actor::stop() {
  if (!thread_.joinable()) return {};
  thread_.request_stop();
  thread_.join();
  return std::move(*outcome_);
}

}  // namespace parley::mq
