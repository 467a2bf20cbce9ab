#pragma once
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/app/chat/answer.hpp"
#include "common/app/lease_id.hpp"
#include "common/base/bytes.hpp"
#include "common/base/error_word.hpp"
#include "common/base/ids.hpp"
#include "common/base/limits.hpp"

namespace parley::app {

/// Get: the value. CompareAndSet, DeleteIf and Increment that did not match: the present value. Increment: the new one.
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

/// LeaseGrant, LeaseKeepAlive and LeaseInfo.
struct ReplyLease {
  LeaseId lease;
  std::uint64_t ttl_us = 0;
  std::uint64_t remaining_us = 0;  ///< 0: it ends as soon as an entry comes
  std::uint32_t keys = 0;
  friend bool operator==(const ReplyLease&, const ReplyLease&) = default;
};
/// What became of an item of a transaction: `ok`, or `not_found` of a get or delete of what is not there.
struct ItemResult {
  ErrorWord word = ErrorWord::ok;
  std::optional<Bytes> value{};  ///< what a get has read, and what an increment has made
  friend bool operator==(const ItemResult&, const ItemResult&) = default;
};
/// Of a transaction that was refused, the last item is the one that could not be done.
struct ReplyTransaction {
  bool held = false;              ///< all compares did
  std::vector<ItemResult> items;  ///< of `then` if they held, else of `otherwise`
  friend bool operator==(const ReplyTransaction&, const ReplyTransaction&) = default;
};

using ReplyBody =
    std::variant<std::monostate, ReplyValue, ReplyRows, SessionOpened, ReplyLease, ReplyTransaction, chat::Answer>;

/// The application's answer to a command or a query.
struct Reply {
  ErrorWord word = ErrorWord::ok;
  /// For people. No part of the replicated state: a repeated reply comes without it, and its wording may change.
  std::string detail{};
  ReplyBody body{};
  /// The reply was kept without its value because it was too long to keep (limits::kept_reply_bytes): read it again. Of
  /// a transaction the values of items are left out.
  bool value_elided = false;
  friend bool operator==(const Reply&, const Reply&) = default;
};

/// COMMANDS.md has the bytes.
[[nodiscard]] Bytes encode_reply(const Reply& reply);
/// The same, in place of what `out` held, whose memory is reused.
void encode_reply(const Reply& reply, Bytes& out);
/// The form that the state digest covers: without the detail.
void encode_reply_for_state(const Reply& reply, Bytes& out);
/// The form kept for duplicates: without the detail; and if it would be longer than limits::kept_reply_bytes, without
/// values.
void encode_reply_to_keep(const Reply& reply, Bytes& out);

/// Nothing if the bytes are no reply that this version knows.
[[nodiscard]] std::optional<Reply> decode_reply(BytesView bytes);

}  // namespace parley::app
