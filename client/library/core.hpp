#pragma once
#include <parley/cluster.hpp>

#include <future>
#include <memory>
#include <utility>

#include "client/library/convert.hpp"
#include "client/library/io_thread.hpp"
#include "common/base/clock.hpp"
#include "common/mq/context.hpp"

namespace parley::client::library {

/// What a Cluster and its feeds have in common, and feeds may need for longer.
struct Common {
  SystemClock clock;
  mq::Context context;
  ClientSettings settings;  ///< but for the seed, which each client draws for itself
};

/// The settings for these options, or `invalid`, saying why not.
[[nodiscard]] Answer<ClientSettings> settings_of(const Options& options);

/// What a call takes of the bound on bytes, beyond keys and values.
inline constexpr std::size_t call_bytes = 256;

/// The end of a call: `convert` makes of its outcome what the program is told.
template <class T, class Convert>
[[nodiscard]] IoThread::Finish finish(parley::Callback<T> callback, Convert convert) {
  return [callback = std::move(callback), convert = std::move(convert)](Outcome&& outcome) mutable {
    callback(convert(std::move(outcome)));
  };
}

}  // namespace parley::client::library

namespace parley::detail {

/// What stands behind a Cluster.
class Core {
 public:
  Core(std::shared_ptr<client::library::Common> common, std::unique_ptr<client::library::IoThread> io)
      : common_(std::move(common)), io_(std::move(io)) {}

  [[nodiscard]] const std::shared_ptr<client::library::Common>& common() const { return common_; }
  [[nodiscard]] client::library::IoThread& io() { return *io_; }

  /// The blocking form of a call. `begin` begins its callback form.
  template <class T, class Begin>
  [[nodiscard]] Answer<T> wait(std::chrono::milliseconds timeout, Begin begin) {
    using client::library::failure;
    if (io_->is_own_thread()) {
      return std::unexpected(failure(Word::invalid, "a blocking call in a callback would wait for itself"));
    }
    std::promise<Answer<T>> promise;
    std::future<Answer<T>> future = promise.get_future();
    const bool is_taken =
        begin([promise = std::move(promise)](Answer<T> answer) mutable { promise.set_value(std::move(answer)); });
    if (!is_taken) return std::unexpected(failure(Word::busy, "too many calls of this client are under way"));
    const std::uint64_t timeout_us = client::library::timeout_us_of(timeout);
    const std::chrono::microseconds longest(timeout_us != 0 ? timeout_us : common_->settings.timeout_us);
    if (future.wait_for(longest + std::chrono::milliseconds(limits::library_grace_ms)) != std::future_status::ready) {
      return std::unexpected(failure(Word::timeout, "no answer in time: a callback holds up the I/O thread"));
    }
    return future.get();
  }

 private:
  std::shared_ptr<client::library::Common> common_;
  std::unique_ptr<client::library::IoThread> io_;
};

}  // namespace parley::detail
