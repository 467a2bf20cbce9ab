#pragma once
#include <tuple>

#include "common/app/chat/fields.hpp"
#include "common/app/chat/ids.hpp"
#include "common/app/table.hpp"
#include "common/base/big_endian.hpp"

/// The rows in which the chat lives; CHAT.md has their bytes. Times are microseconds: `_us` of cluster time where
/// something ends, of wall time (since 1970) where something happened.
namespace parley::app::chat {

struct UserRow {
  bool is_disabled = false;
  std::uint64_t password_version = 0;  ///< from 1
  std::uint64_t created_us = 0;
  std::uint64_t next_grant = 1;
  std::uint32_t tokens = 0;
  std::uint32_t chats = 0;
  std::uint32_t invitations = 0;
  Bytes name;
  Bytes password_hash;
  static constexpr auto fields =
      std::tuple(&UserRow::is_disabled, &UserRow::password_version, &UserRow::created_us, &UserRow::next_grant,
                 &UserRow::tokens, &UserRow::chats, &UserRow::invitations, &UserRow::name, &UserRow::password_hash);
};
struct TokenRow {
  UserId user;
  std::uint64_t grant = 0;  ///< which of the user's tokens it was to be granted
  std::uint64_t expires_us = 0;
  static constexpr auto fields = std::tuple(&TokenRow::user, &TokenRow::grant, &TokenRow::expires_us);
};
/// Under (user, grant): so that the oldest is found.
struct GrantRow {
  TokenId token;
  static constexpr auto fields = std::tuple(&GrantRow::token);
};
/// Wrong passwords for a name, in a row.
struct FailuresRow {
  std::uint32_t failures = 0;
  std::uint64_t not_before_us = 0;
  std::uint64_t expires_us = 0;
  static constexpr auto fields =
      std::tuple(&FailuresRow::failures, &FailuresRow::not_before_us, &FailuresRow::expires_us);
};
struct ChatRow {
  bool is_invite_only = false;
  UserId owner;
  std::uint64_t created_us = 0;
  std::uint32_t members = 0;
  std::uint64_t next_member = 1;
  Bytes name;
  Bytes description;
  static constexpr auto fields =
      std::tuple(&ChatRow::is_invite_only, &ChatRow::owner, &ChatRow::created_us, &ChatRow::members,
                 &ChatRow::next_member, &ChatRow::name, &ChatRow::description);
};
/// Of a chat what changes with every event, apart from the rest, which is longer.
struct NumbersRow {
  EventSeq last;
  std::uint64_t last_time_us = 0;
  std::uint64_t messages = 0;
  static constexpr auto fields = std::tuple(&NumbersRow::last, &NumbersRow::last_time_us, &NumbersRow::messages);
};
struct MemberRow {
  std::uint64_t number = 0;  ///< which member he was to join
  std::uint64_t joined_us = 0;
  EventSeq read;
  std::uint64_t read_messages = 0;  ///< EventRow::messages of that
  static constexpr auto fields =
      std::tuple(&MemberRow::number, &MemberRow::joined_us, &MemberRow::read, &MemberRow::read_messages);
};
struct EventRow {
  std::uint8_t kind = 0;  ///< EventKind
  UserId author;
  std::uint64_t time_us = 0;
  std::uint64_t messages = 0;  ///< of the chat, with this event
  EventSeq of;                 ///< of an edit or a deletion
  EventSeq last_edit;          ///< of a message; of an edit: the one before it
  EventSeq deleted_by;
  std::uint32_t edits = 0;  ///< of a message
  Bytes text;
  static constexpr auto fields =
      std::tuple(&EventRow::kind, &EventRow::author, &EventRow::time_us, &EventRow::messages, &EventRow::of,
                 &EventRow::last_edit, &EventRow::deleted_by, &EventRow::edits, &EventRow::text);
};
/// EventRow::time_us of one that is encoded.
[[nodiscard]] std::uint64_t time_of_event(BytesView row);
struct SentKeyRow {
  EventSeq seq;
  std::uint64_t time_us = 0;
  std::uint64_t fingerprint = 0;  ///< of chat and text
  std::uint64_t expires_us = 0;
  static constexpr auto fields =
      std::tuple(&SentKeyRow::seq, &SentKeyRow::time_us, &SentKeyRow::fingerprint, &SentKeyRow::expires_us);
};
struct CountersRow {
  std::uint64_t users = 0;  ///< the last id that was given
  std::uint64_t chats = 0;
  std::uint64_t failed_names = 0;  ///< of which wrong passwords are remembered
  std::uint64_t gone_chats = 0;    ///< of which there are rows to be erased
  static constexpr auto fields =
      std::tuple(&CountersRow::users, &CountersRow::chats, &CountersRow::failed_names, &CountersRow::gone_chats);
};
/// A row that says no more than a number.
struct NumberRow {
  std::uint64_t value = 0;
  static constexpr auto fields = std::tuple(&NumberRow::value);
};

/// What a user is to a chat: the value under (user, chat).
inline constexpr std::uint64_t is_member = 1;
inline constexpr std::uint64_t is_invited = 2;

[[nodiscard]] inline RowKey user_name_key(BytesView folded) { return {RowSpace::chat_user_name, folded}; }
[[nodiscard]] inline RowKey user_key(UserId user) { return RowKey(RowSpace::chat_user).add_number(user.value, 8); }
[[nodiscard]] inline RowKey token_key(const TokenId& token) { return {RowSpace::chat_token, token.view()}; }
[[nodiscard]] inline RowKey grants_key(UserId user) { return RowKey(RowSpace::chat_grant).add_number(user.value, 8); }
[[nodiscard]] inline RowKey grant_key(UserId user, std::uint64_t grant) {
  return grants_key(user).add_number(grant, 8);
}
[[nodiscard]] inline RowKey failures_key(BytesView folded) { return {RowSpace::chat_failures, folded}; }
/// In the order in which they are forgotten.
[[nodiscard]] inline RowKey failures_end_key(std::uint64_t expires_us, BytesView folded) {
  return RowKey(RowSpace::chat_failures_end).add_number(expires_us, 8).add(folded);
}
[[nodiscard]] inline RowKey chat_name_key(BytesView folded) { return {RowSpace::chat_name, folded}; }
[[nodiscard]] inline RowKey chat_key(ChatId chat) { return RowKey(RowSpace::chat).add_number(chat.value, 8); }
[[nodiscard]] inline RowKey numbers_key(ChatId chat) {
  return RowKey(RowSpace::chat_numbers).add_number(chat.value, 8);
}
/// Chat 0, which there is not, has the numbers of all chats together.
[[nodiscard]] inline RowKey counters_key() { return numbers_key(ChatId{}); }
[[nodiscard]] inline RowKey member_key(ChatId chat, UserId user) {
  return RowKey(RowSpace::chat_member).add_number(chat.value, 8).add_number(user.value, 8);
}
[[nodiscard]] inline RowKey joins_key(ChatId chat) { return RowKey(RowSpace::chat_join).add_number(chat.value, 8); }
[[nodiscard]] inline RowKey join_key(ChatId chat, std::uint64_t number) {
  return joins_key(chat).add_number(number, 8);
}
[[nodiscard]] inline RowKey chats_of_key(UserId user) {
  return RowKey(RowSpace::chat_of_user).add_number(user.value, 8);
}
[[nodiscard]] inline RowKey chat_of_key(UserId user, ChatId chat) {
  return chats_of_key(user).add_number(chat.value, 8);
}
[[nodiscard]] inline RowKey invitations_key(ChatId chat) {
  return RowKey(RowSpace::chat_invitation).add_number(chat.value, 8);
}
[[nodiscard]] inline RowKey invitation_key(ChatId chat, UserId user) {
  return invitations_key(chat).add_number(user.value, 8);
}
[[nodiscard]] inline RowKey events_key(ChatId chat) { return RowKey(RowSpace::chat_event).add_number(chat.value, 8); }
[[nodiscard]] inline RowKey event_key(ChatId chat, EventSeq seq) { return events_key(chat).add_number(seq.value, 8); }
[[nodiscard]] inline RowKey sent_key(UserId user, BytesView key) {
  return RowKey(RowSpace::chat_sent_key).add_number(user.value, 8).add(key);
}

[[nodiscard]] inline RowKey gone_key(ChatId chat) { return RowKey(RowSpace::chat_gone).add_number(chat.value, 8); }

/// The number that a key ends with.
[[nodiscard]] inline std::uint64_t last_number(BytesView key) { return big_endian(key.substr(key.size() - 8)); }

/// u8 version = 1, then the fields.
template <HasFields Row>
[[nodiscard]] Bytes encode_row(const Row& row) {
  Bytes bytes;
  bytes.reserve(1 + size_of_field(row));
  ByteWriter out(bytes);
  out.number(std::uint8_t{1});
  FieldWriter write(out);
  write(row);
  return bytes;
}
/// Nothing if the bytes are no such row.
template <HasFields Row>
[[nodiscard]] std::optional<Row> decode_row(BytesView bytes) {
  ByteReader in(bytes);
  if (in.number<std::uint8_t>() != 1) return std::nullopt;
  Row row;
  FieldReader read(in);
  read(row);
  if (!read.is_sound() || !in.done()) return std::nullopt;
  return row;
}

}  // namespace parley::app::chat
