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

/// A TCP connection that has shaken hands as a DEALER, and then says whatever it likes.
class RawDealer {
 public:
  static constexpr char more = 1;
  static constexpr char command = 4;

  explicit RawDealer(const Address& to);
  ~RawDealer();
  RawDealer(const RawDealer&) = delete;
  RawDealer& operator=(const RawDealer&) = delete;

  /// A frame as it is on the wire.
  [[nodiscard]] static std::string frame(const std::string& body, char flags = 0);
  /// Waits for room. False if the other end has closed.
  [[nodiscard]] bool send(const std::string& bytes);
  /// The end will be a reset, which leaves nothing for the other end to read.
  void break_when_closed();

 private:
  int fd_;
};

/// An address of this machine at which nobody listens. It stays so only while no other test runs.
[[nodiscard]] Address free_address();

/// How much memory this process holds, in bytes: what is resident; under a sanitizer, which keeps books of every byte
/// and holds back what was freed, what was allocated and not freed, by libzmq too.
[[nodiscard]] std::size_t memory_in_use();

}  // namespace parley::mq::testing
