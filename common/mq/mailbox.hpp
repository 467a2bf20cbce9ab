#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "common/mq/signaler.hpp"

namespace parley::mq {

/// A bounded queue from any number of threads to the one that owns it. A hand-over costs a lock and a push; the
/// receiver is signalled only if it sleeps, since waking a thread costs a hundred times that. Bytes are not bounded
/// here: what a message may hold is the sender's business.
///
/// The receiver's loop:
///
///     while (!stop.stop_requested()) {
///       mailbox.drain(batch);                 // and everything else that may have come
///       work(batch);
///       poller.wait(mailbox.prepare_to_sleep() ? timeout : 0);
///       mailbox.awake();
///     }
///
/// It sleeps only after prepare_to_sleep() has found nothing, under the lock under which messages are posted; whoever
/// posts after that finds it sleeping and signals. So no wake-up is lost.
template <class T>
class Mailbox {
 public:
  explicit Mailbox(std::size_t capacity) : capacity_(capacity) {}

  /// From any thread. False if the mailbox is full; then `message` is untouched.
  [[nodiscard]] bool try_post(T&& message) {
    {
      const std::lock_guard lock(mutex_);
      if (messages_.size() >= capacity_) return false;
      messages_.push_back(std::move(message));
      if (!take_sleeping()) return true;
    }
    signaler_.signal();
    return true;
  }

  /// From any thread, beyond the capacity if need be: for messages that must not be lost, because somebody waits for
  /// them and whose number something else bounds (the completion of a write, an order to stop).
  void post(T&& message) {
    {
      const std::lock_guard lock(mutex_);
      messages_.push_back(std::move(message));
      if (!take_sleeping()) return;
    }
    signaler_.signal();
  }

  /// From any thread: as post(), but a receiver that sleeps goes on sleeping, unless it sleeps lightly, and finds the
  /// message when it wakes for something else. For what only makes room or keeps books, where a wake-up would cost more
  /// than the news is worth.
  void post_quietly(T&& message) {
    {
      const std::lock_guard lock(mutex_);
      messages_.push_back(std::move(message));
      if (!sleeping_lightly_ || !take_sleeping()) return;
    }
    signaler_.signal();
  }

  /// From any thread: as post_quietly(), but in the place of the last message that waits for which `is_older(waiting,
  /// message)` holds, if there is one. For news of which only the newest counts: however long the receiver sleeps, few
  /// wait.
  template <class IsOlder>
  void replace_quietly(T&& message, IsOlder is_older) {
    {
      const std::lock_guard lock(mutex_);
      const auto older = std::find_if(messages_.rbegin(), messages_.rend(),
                                      [&](const T& waiting) { return is_older(waiting, message); });
      if (older != messages_.rend()) {
        *older = std::move(message);
      } else {
        messages_.push_back(std::move(message));
      }
      if (!sleeping_lightly_ || !take_sleeping()) return;
    }
    signaler_.signal();
  }

  /// From any thread: the receiver's present or next sleep ends at once. For asking it to stop.
  void wake() {
    {
      const std::lock_guard lock(mutex_);
      woken_ = true;
      if (!take_sleeping()) return;
    }
    signaler_.signal();
  }

  /// Receiver: replaces what is in `batch` by all that waits, in the order of posting; false if nothing did. Keep using
  /// the same `batch`, and after a while nothing is allocated any more.
  bool drain(std::vector<T>& batch) {
    batch.clear();
    const std::lock_guard lock(mutex_);
    messages_.swap(batch);
    return !batch.empty();
  }

  /// Receiver: false if something waits or wake() was called, and then it must not sleep. If true, fd() becomes
  /// readable with the next message, until awake(). Whoever sleeps lightly is woken by what is posted quietly, too.
  [[nodiscard]] bool prepare_to_sleep(bool lightly = false) {
    const std::lock_guard lock(mutex_);
    sleeping_ = messages_.empty() && !woken_;
    sleeping_lightly_ = lightly;
    woken_ = false;
    return sleeping_;
  }

  /// Receiver: it no longer sleeps, whatever ended its sleep.
  void awake() {
    const std::lock_guard lock(mutex_);
    sleeping_ = false;
    // A signal that was decided on may not have been given yet: it is counted until it is seen, or the descriptor would
    // stay readable with nobody to clear it.
    if (signals_ > 0) signals_ -= signaler_.clear();
  }

  /// Receiver without sockets: sleeps until something waits, wake() is called, or the time is over. True if something
  /// waits.
  bool wait(std::uint64_t timeout_us) {
    if (prepare_to_sleep()) signaler_.wait(timeout_us);
    awake();
    const std::lock_guard lock(mutex_);
    return !messages_.empty();
  }

  /// To be polled by the receiver together with its sockets.
  [[nodiscard]] int fd() const { return signaler_.fd(); }

 private:
  /// True if the receiver slept; one signal is enough for it.
  bool take_sleeping() {
    if (!std::exchange(sleeping_, false)) return false;
    ++signals_;
    return true;
  }

  const std::size_t capacity_;
  std::mutex mutex_;
  std::vector<T> messages_;
  bool sleeping_ = false;
  bool sleeping_lightly_ = false;
  bool woken_ = false;
  std::uint64_t signals_ = 0;  ///< given or about to be given, and not yet cleared
  Signaler signaler_;
};

}  // namespace parley::mq
