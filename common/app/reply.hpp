#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/app/chat/answer.hpp"
#include "common/base/bytes.hpp"
#include "common/base/error_word.hpp"
#include "common/base/ids.hpp"
#include "common/base/limits.hpp"

namespace parley::app {

/// Get: the value. CompareAndSet that did not match: the present value.
struct ReplyValue {
  Bytes value;
  friend bool operator==(const ReplyValue&, const ReplyValue&) = default;
};
struct Row {
  Bytes key;
  Bytes value;
  friend bool operator==(const Row&, const Row&) = default;
};
/// Scan: a page of rows, and whether rows with the prefix follow it.
struct ReplyRows {
  std::vector<Row> rows;
  bool more = false;
  friend bool operator==(const ReplyRows&, const ReplyRows&) = default;
};
struct SessionOpened {
  SessionId session;
  std::uint32_t window = limits::session_window;  ///< commands of it that may be unanswered: Settings::session_window
  friend bool operator==(const SessionOpened&, const SessionOpened&) = default;
};

using ReplyBody = std::variant<std::monostate, ReplyValue, ReplyRows, SessionOpened, chat::Answer>;

/// The application's answer to a command or a query.
struct Reply {
  ErrorWord word = ErrorWord::ok;
  /// For people. No part of the replicated state: a repeated reply comes without it, and its wording may change.
  std::string detail{};
  ReplyBody body{};
  /// The reply was kept without its value because it was too long to keep (limits::kept_reply_bytes): read it again.
  bool value_elided = false;
  friend bool operator==(const Reply&, const Reply&) = default;
};

/// COMMANDS.md has the bytes.
[[nodiscard]] Bytes encode_reply(const Reply& reply);
/// The same, in place of what `out` held, whose memory is reused.
void encode_reply(const Reply& reply, Bytes& out);
/// The form that the state digest covers: without the detail.
void encode_reply_for_state(const Reply& reply, Bytes& out);
/// The form kept for duplicates: without the detail, and without a body that would make it longer than
/// limits::kept_reply_bytes.
void encode_reply_to_keep(const Reply& reply, Bytes& out);

/// Nothing if the bytes are no reply that this version knows.
[[nodiscard]] std::optional<Reply> decode_reply(BytesView bytes);

}  // namespace parley::app
