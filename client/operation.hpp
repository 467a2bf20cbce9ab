#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "client/outcome.hpp"
#include "common/base/error_word.hpp"
#include "common/base/ids.hpp"
#include "common/wire/client_message.hpp"

namespace parley::client {

/// No server: of an operation that was never sent, or that may go to any.
inline constexpr std::size_t no_server = SIZE_MAX;

/// What was asked and is not answered yet. It may be sent several times; each try has a request id of its own.
struct Operation {
  enum class Kind : std::uint8_t { open_session, write, read, admin };
  enum class State : std::uint8_t {
    queued,  ///< a write that waits for a session, or for room in its window
    ready,   ///< to be sent with the next frame
    sent,    ///< its last try waits for an answer
    paused,  ///< its last try was refused; the next one is due at next_try_us
  };

  Kind kind = Kind::read;
  State state = State::ready;
  bool is_for_leader = true;
  wire::RequestBody body;
  Callback callback;
  std::size_t only_server = no_server;  ///< the one that was asked for, if it was
  std::uint64_t deadline_us = 0;
  SessionId session;
  RequestSeq seq;

  std::uint32_t tries = 0;       ///< how often it was sent
  std::uint64_t open_tries = 0;  ///< bit n: try n (from 0) was neither answered nor certainly refused
  bool has_lost_try = false;     ///< a try beyond those that open_tries can hold
  std::size_t last_server = no_server;
  std::size_t avoid = no_server;  ///< the next try goes to another one, if there is one
  std::uint64_t sent_us = 0;
  std::uint64_t patience_us = 0;  ///< how long its server may be silent before the next try
  std::uint64_t next_try_us = 0;
  ErrorWord refusal = ErrorWord::ok;  ///< the last one that leads to another try
  std::string refusal_detail;
  /// The answer whose value was too long to be kept: it is being read again.
  std::unique_ptr<Outcome> elided;

  /// Of a write.
  [[nodiscard]] SharedBytes& command() {
    auto* write = std::get_if<wire::WriteRequest>(&body);
    return write != nullptr ? write->command : std::get<wire::PasswordRequest>(body).command;
  }
  /// True if a try may still take effect, or may have done so.
  [[nodiscard]] bool has_open_tries() const { return open_tries != 0 || has_lost_try; }
};

}  // namespace parley::client
