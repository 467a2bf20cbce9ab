#pragma once
#include <expected>
#include <optional>

#include "common/app/chat/operation.hpp"
#include "common/app/chat/query.hpp"
#include "common/app/due.hpp"
#include "common/app/execution.hpp"
#include "common/app/reply.hpp"

/// The chat as the application sees it: where it hooks in. CHAT.md has what it does.
///
/// It keeps nothing in memory: everything is in rows, and every call is bounded in what it reads and changes.
namespace parley::app::chat {

/// Carries out one operation. What is refused changes nothing, but for a wrong password, which is counted.
[[nodiscard]] Reply execute(const Operation& operation, const Execution& execution);

/// Answers from the rows as they are; a token has ended if it had by the time of the last entry.
[[nodiscard]] Reply read(const Query& query, const Table& table, const Meta& meta);

// ---- for those who follow a chat ----

struct ChatReader {
  UserId user;
  ChatId chat;
};
/// Who reads which chat, by a token and the chat's name, if he may.
[[nodiscard]] std::expected<ChatReader, Reply> reader_of(const TokenId& token, BytesView chat, const Table& table,
                                                         const Meta& meta);
/// The name of a user who is a member of this chat; nothing if he is not.
[[nodiscard]] std::optional<Bytes> member_name(ChatId chat, UserId user, const Table& table);
/// The last event of it; nothing if it is gone.
[[nodiscard]] std::optional<EventSeq> last_event(ChatId chat, const Table& table);
/// The events behind this one, as many as a page has, at most `limit`. The chat must be there.
[[nodiscard]] Events events_behind(ChatId chat, EventSeq after, std::uint32_t limit, const Table& table);

/// What is done when a row of the chat falls due. The row itself is gone already.
void let_fall_due(const Due& due, const Execution& execution);
[[nodiscard]] bool is_of_chat(DueKind kind);

/// By how much an operation may raise the used bytes of the quota, whatever it finds.
[[nodiscard]] std::uint64_t most_growth(const Operation& operation);

/// What whoever verifies a password must know of its user.
struct Credentials {
  Bytes password_hash;  ///< empty if nobody may log in by this name, or the token is none
  std::uint64_t password_version = 0;
};
/// For Login by its name, for ChangePassword and DisableUser by their token.
[[nodiscard]] Credentials credentials_for(const Operation& operation, const Table& table, const Meta& meta);
/// The cluster time until which every attempt is denied, after too many wrong passwords; 0 if none is. What it is of,
/// as above.
[[nodiscard]] std::uint64_t denied_until_us(const Operation& operation, const Table& table, const Meta& meta);
/// What is said to whoever comes so much too early.
[[nodiscard]] std::string wait_text(std::uint64_t wait_us);

}  // namespace parley::app::chat
