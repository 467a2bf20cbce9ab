#pragma once
#include <cstdint>

#include "common/base/ids.hpp"

namespace parley::transport {

/// The greeting between this process and one peer, as this side sees it: which life of the peer is at the other end,
/// and whether it knows which life of ours. libzmq reconnects to a restarted peer in silence, so both sides say HELLO
/// until they are answered, at once when something changed and now and then when nothing did. PROTOCOL.md has the
/// exchange. Pure: time comes in, and what to do comes out.
class Greeting {
 public:
  /// Between HELLOs that are sent and not answered: at first, and after doubling again and again at most.
  static constexpr std::uint64_t first_interval_us = 100'000;
  static constexpr std::uint64_t last_interval_us = 1'000'000;
  /// Between HELLOs once all is well: heals what no event would, such as an address that only the peer knows to be old.
  static constexpr std::uint64_t refresh_us = 10'000'000;
  /// At most so often is the peer answered, whatever it sends.
  static constexpr std::uint64_t answer_gap_us = 10'000;

  explicit Greeting(BootId own) : own_(own) {}

  struct Heard {
    bool restarted = false;  ///< the peer has another boot than before
  };
  /// A HELLO of the peer's life `boot` has come, which answers our life `answers` (0 if it has not heard of us yet).
  Heard heard(BootId boot, BootId answers, std::uint64_t now_us);
  /// Something else came that the peer should not have sent, or what we sent did not leave: a HELLO is due soon.
  void doubt(std::uint64_t now_us);
  /// Nothing has been answered yet, on either side: another connection, another cluster. The peer's life is remembered.
  void begin_anew();

  [[nodiscard]] bool is_due(std::uint64_t now_us) const { return now_us >= due_us_; }
  /// The due HELLO, which answers `answers()`, was given to the socket, or the socket had no room for it.
  void said(bool was_sent, std::uint64_t now_us);

  /// The peer's life, 0 if unknown; it is what our HELLO answers.
  [[nodiscard]] BootId answers() const { return peer_; }
  /// True for messages of this life: the peer has answered our life in it.
  [[nodiscard]] bool accepts(BootId boot) const { return greeted_ && boot == peer_; }
  /// Both have answered each other, as far as this side knows: messages may be sent.
  [[nodiscard]] bool is_open() const { return greeted_ && answered_; }

 private:
  BootId own_;
  BootId peer_{};
  bool greeted_ = false;   ///< the peer's life has answered ours
  bool answered_ = false;  ///< our answer to it was given to the socket
  std::uint64_t due_us_ = 0;
  std::uint64_t said_us_ = 0;   ///< when the last HELLO was sent
  std::uint64_t tried_us_ = 0;  ///< when it was last tried
  bool has_tried_ = false;
  std::uint64_t interval_us_ = first_interval_us;
};

}  // namespace parley::transport
