#pragma once
#include <cstdint>
#include <string>
#include <unordered_map>

#include "node/asker.hpp"

namespace parley::node {

/// Tells the connections of all ports apart.
[[nodiscard]] std::string connection_key(const Asker& asker);

/// Counts what is unanswered, for each connection and in all, so that no flood of requests takes memory without bound
/// (limits::requests_per_client, requests_in_all, request_bytes_in_all).
class Admission {
 public:
  /// False when a bound is reached: answer `busy`. Otherwise the request counts until leave() is called with the same
  /// size.
  [[nodiscard]] bool enter(const Asker& asker, std::size_t bytes);
  void leave(const Asker& asker, std::size_t bytes);
  /// By the monotonic clock; to be called before what happens at that time.
  void set_now(std::uint64_t now_us) { now_us_ = now_us; }
  /// A connection with little to do, by its connection_key(): it has not had more than limits::light_requests
  /// unanswered for limits::heavy_memory_us. One that nothing is known of is one.
  [[nodiscard]] bool is_light(const std::string& connection_key) const;
  [[nodiscard]] std::size_t requests() const { return requests_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  void forget_idle();

  struct OfConnection {
    std::size_t requests = 0;
    std::uint64_t heavy_until_us = 0;
  };
  std::unordered_map<std::string, OfConnection> by_connection_;
  std::size_t forget_at_ = 1024;  ///< connections at which idle ones are forgotten
  std::uint64_t now_us_ = 0;
  std::size_t requests_ = 0;
  std::size_t bytes_ = 0;
};

/// The answer when enter() says no.
[[nodiscard]] wire::ErrorReply too_busy(std::string detail);

}  // namespace parley::node
