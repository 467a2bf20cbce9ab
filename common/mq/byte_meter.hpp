#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace parley::mq {

/// Counts bytes that were given to a socket and that libzmq has not let go of: neither written to the network nor
/// dropped. High-water marks count messages; this is the bound in bytes above them. A meter may be part of a larger
/// one. Thread-safe: libzmq's threads count down.
class ByteMeter {
 public:
  explicit ByteMeter(std::shared_ptr<ByteMeter> whole = nullptr) : whole_(std::move(whole)) {}
  ByteMeter(const ByteMeter&) = delete;
  ByteMeter& operator=(const ByteMeter&) = delete;

  void add(std::size_t bytes) {
    bytes_.fetch_add(bytes, std::memory_order_relaxed);
    if (whole_) whole_->add(bytes);
  }
  void subtract(std::size_t bytes) {
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    if (whole_) whole_->subtract(bytes);
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  std::shared_ptr<ByteMeter> whole_;
  std::atomic<std::size_t> bytes_ = 0;
};

}  // namespace parley::mq
