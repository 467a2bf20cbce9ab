#pragma once
#include <string>
#include <unordered_map>

#include "node/asker.hpp"

namespace parley::node {

/// Counts what is unanswered, for each connection and in all, so that no flood of requests takes memory without bound
/// (limits::requests_per_client, requests_in_all, request_bytes_in_all).
class Admission {
 public:
  /// False when a bound is reached: answer `busy`. Otherwise the request counts until leave() is called with the same
  /// size.
  [[nodiscard]] bool enter(const Asker& asker, std::size_t bytes);
  void leave(const Asker& asker, std::size_t bytes);
  [[nodiscard]] std::size_t requests() const { return requests_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::unordered_map<std::string, std::size_t> by_connection_;
  std::size_t requests_ = 0;
  std::size_t bytes_ = 0;
};

/// The answer when enter() says no.
[[nodiscard]] wire::ErrorReply too_busy(std::string detail);

}  // namespace parley::node
