#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>

#include "common/base/range_limits.hpp"

namespace parley::transfer {

/// What a chunk costs of a stream's credit.
[[nodiscard]] constexpr std::uint64_t credit_cost(std::size_t bytes) {
  return std::max<std::uint64_t>(bytes, limits::range_chunk_least_bytes);
}

/// The sender's side of a credit in bytes, counted since the stream was opened, so that a word that is lost or repeated
/// changes nothing.
class CreditSpent {
 public:
  explicit CreditSpent(std::uint64_t window) : window_(window), total_(window) {}

  /// False for a total that nobody gives who counts what he has received.
  [[nodiscard]] bool grant(std::uint64_t total) {
    if (total > spent_ + window_) return false;
    total_ = std::max(total_, total);
    return true;
  }
  /// Bytes that may be sent now; the last entry of a chunk may exceed them.
  [[nodiscard]] std::uint64_t room() const { return total_ > spent_ ? total_ - spent_ : 0; }
  /// True if there is enough of it to be worth a chunk. A receiver that has taken in everything leaves so much, since
  /// it gives credit by quarters.
  [[nodiscard]] bool has_room() const { return room() >= std::max<std::uint64_t>(window_ / 4, 1); }
  void spend(std::size_t bytes) { spent_ += credit_cost(bytes); }

 private:
  std::uint64_t window_;
  std::uint64_t total_;
  std::uint64_t spent_ = 0;
};

/// The receiver's side.
class CreditGiven {
 public:
  explicit CreditGiven(std::uint64_t window) : window_(window), total_(window) {}

  /// A chunk has come. False if it had no credit.
  [[nodiscard]] bool received(std::size_t bytes) {
    const bool is_allowed = received_ < total_;
    received_ += credit_cost(bytes);
    return is_allowed;
  }
  /// A chunk that was received is no longer held.
  void released(std::size_t bytes) { released_ += credit_cost(bytes); }
  /// The total that the sender is to be told, once it is a quarter of the window beyond what it was told last.
  [[nodiscard]] std::optional<std::uint64_t> take_due() {
    const std::uint64_t total = released_ + window_;
    if (total - total_ < std::max<std::uint64_t>(window_ / 4, 1)) return std::nullopt;
    total_ = total;
    return total;
  }

 private:
  std::uint64_t window_;
  std::uint64_t total_;
  std::uint64_t received_ = 0;
  std::uint64_t released_ = 0;
};

}  // namespace parley::transfer
