#pragma once
#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "client/client.hpp"
#include "common/base/client_limits.hpp"
#include "common/mq/actor.hpp"
#include "common/mq/mailbox.hpp"

namespace parley::client::library {

/// A Client in a thread of its own, for any number of threads. Ends each call exactly once: with its outcome, or with
/// `timeout` when the thread ends before.
class IoThread {
 public:
  using MakeNetwork = std::function<std::unique_ptr<Network>()>;
  using Finish = std::move_only_function<void(Outcome&&)>;
  /// Submits one operation to the client with the callback that it is given. Called by the I/O thread.
  using Submit = std::move_only_function<void(Client&, Callback)>;

  /// The network is made and used by the thread. `clock` must outlive this. ErrorCode::io if there is no thread to be
  /// had.
  [[nodiscard]] static Result<std::unique_ptr<IoThread>> start(MakeNetwork make_network, const Clock& clock,
                                                               ClientSettings settings);
  /// Ends what is under way, then the thread.
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  /// From any thread. `finish` is called by the I/O thread. False, and nothing is called, if too much is under way or
  /// the thread is ending. `bytes`: what the call takes of limits::library_bytes.
  [[nodiscard]] bool begin(std::size_t bytes, Submit submit, Finish finish);
  /// True for the I/O thread itself, which must not wait for its own work.
  [[nodiscard]] bool is_own_thread() const { return std::this_thread::get_id() == thread_; }
  /// Waits until nothing is under way any more; false if that takes too long. Not for the I/O thread.
  [[nodiscard]] bool drain(std::chrono::milliseconds timeout);

 private:
  struct State {
    std::unique_ptr<Network> network;
    std::unique_ptr<Client> client;
  };
  class Call;
  using Order = std::move_only_function<void()>;

  IoThread(const Clock& clock, std::size_t orders) : clock_(clock), mailbox_(orders) {}
  Status run(State& state, const std::stop_token& stop);
  void work(State& state);
  [[nodiscard]] bool take_room(std::size_t bytes);
  void give_back(std::size_t bytes);

  const Clock& clock_;
  std::atomic<std::size_t> calls_ = 0;  ///< under way, and ...
  std::atomic<std::size_t> bytes_ = 0;  ///< ... what they take
  mq::Mailbox<Order> mailbox_;
  std::thread::id thread_;
  // Of the I/O thread alone.
  Client* client_ = nullptr;  ///< null once the thread ends
  std::vector<Order> batch_;
  std::vector<std::weak_ptr<std::promise<void>>> drained_;  ///< of those who wait for it
  mq::Actor actor_;                                         ///< last: what it uses outlives it
};

}  // namespace parley::client::library
