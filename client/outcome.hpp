#pragma once
#include <functional>
#include <optional>
#include <string>
#include <variant>

#include "common/app/reply.hpp"
#include "common/base/error_word.hpp"
#include "common/base/ids.hpp"
#include "common/wire/client_message.hpp"

namespace parley::client {

/// How an operation ended.
struct Outcome {
  /// `ok`; or why it was not done, which is certain for every word but `timeout`.
  ErrorWord word = ErrorWord::ok;
  std::string detail;                   ///< for people; may be empty
  Index index;                          ///< the entry that did it, or for a read the index that it reflects; 0 if none
  std::optional<std::uint64_t> age_ms;  ///< of a stale read: see wire::AppReply
  ClusterId cluster;  ///< of the server that answered; nil if it belongs to none, or if nobody answered
  std::variant<std::monostate, app::ReplyValue, app::ReplyRows, app::SessionOpened, app::ReplyLease,
               app::ReplyTransaction, app::chat::Answer, wire::StatusReply, wire::MembersReply, wire::PresenceReply>
      body;
  /// Of a transaction that was sent more than once: what it has read was too long to be kept for the second answer.
  bool values_left_out = false;

  [[nodiscard]] bool ok() const { return word == ErrorWord::ok; }
  /// The value that was read, or made by an increment, or the present value of a condition that did not match; null if
  /// there is none.
  [[nodiscard]] const Bytes* value() const {
    const auto* held = std::get_if<app::ReplyValue>(&body);
    return held ? &held->value : nullptr;
  }
  /// What the chat answered, if it is this; else null.
  template <class T>
  [[nodiscard]] const T* chat() const {
    const auto* answer = std::get_if<app::chat::Answer>(&body);
    return answer ? std::get_if<T>(answer) : nullptr;
  }
};

/// Called once for each operation, by the thread that owns the client, from within Client::step(). It may submit more.
using Callback = std::function<void(Outcome&&)>;

}  // namespace parley::client
