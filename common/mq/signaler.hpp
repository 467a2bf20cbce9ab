#pragma once
#include <cstdint>

namespace parley::mq {

/// Wakes a thread that waits in poll: an eventfd. Thread-safe, but for the destructor.
class Signaler {
 public:
  /// A process that has no descriptor left at start must not serve: asked for by ENSURE, since check_descriptor_limit
  /// comes first.
  Signaler();
  ~Signaler();
  Signaler(const Signaler&) = delete;
  Signaler& operator=(const Signaler&) = delete;

  /// Readable from a signal() until the next clear().
  [[nodiscard]] int fd() const { return fd_; }
  void signal() const;
  /// Gives how many signals it cleared.
  std::uint64_t clear() const;
  /// Waits until it is readable, at most so long; gives whether it is. May return early for no reason.
  bool wait(std::uint64_t timeout_us) const;

 private:
  int fd_;
};

}  // namespace parley::mq
