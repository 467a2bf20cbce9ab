#pragma once
#include <string>
#include <vector>

#include "common/base/address.hpp"

/// Somebody who does not use our wrapper: speaks ZMTP, or plain TCP, as badly as a test wants.
namespace parley::mq::testing {

/// A DEALER without any of our options.
class StrangeDealer {
 public:
  explicit StrangeDealer(const Address& to);
  ~StrangeDealer();
  StrangeDealer(const StrangeDealer&) = delete;
  StrangeDealer& operator=(const StrangeDealer&) = delete;

  /// One message of these parts; waits at most ten seconds for room. False if there was none.
  bool send(const std::vector<std::string>& parts);
  /// One message within ten seconds, its parts; empty if none came.
  std::vector<std::string> receive();

 private:
  void* context_;
  void* socket_;
};

/// Connects by TCP, sends these bytes as they are, and waits until the other end closes the connection.
void send_raw_tcp(const Address& to, const std::string& bytes);

/// An address of this machine at which nobody listens. It stays so only while no other test runs.
[[nodiscard]] Address free_address();

/// How much memory this process holds, in bytes: what is resident; under a sanitizer, which keeps books of every byte
/// and holds back what was freed, what was allocated and not freed, by libzmq too.
[[nodiscard]] std::size_t memory_in_use();

}  // namespace parley::mq::testing
