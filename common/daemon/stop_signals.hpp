#pragma once

namespace parley::daemon {

/// SIGTERM and SIGINT as something to wait for. To be made before any thread starts, so that every thread inherits the
/// blocked signals.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Readable once one has come.
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace parley::daemon
