#pragma once
#include "common/base/limits.hpp"

/// The bounds of the chat: what its users may say, keep and ask for, and what its passwords may cost. Those that apply
/// judges by are part of what it computes, so they never change without a setting.
namespace parley::limits {

// --- names and texts (beyond them a request is answered `too_large`, naming the bound) ---

/// Characters of a user's name: letters, digits, `.`, `_`, `-`. Others are `invalid`.
inline constexpr std::size_t user_name_bytes = 64;
/// Code points of a chat's name, and what they take at most in UTF-8.
inline constexpr std::size_t chat_name_code_points = 64;
inline constexpr std::size_t chat_name_bytes = 4 * chat_name_code_points;
/// Bytes of what describes a chat.
inline constexpr std::size_t chat_description_bytes = 1 * KiB;
/// Bytes of a message: a long letter. Whoever has more to say sends several.
inline constexpr std::size_t message_bytes = 64 * KiB;
/// Bytes of an idempotency key: a UUID, or a hash in hexadecimal.
inline constexpr std::size_t sent_key_bytes = 64;
/// Bytes of a token, exactly: nobody guesses one.
inline constexpr std::size_t token_bytes = 32;
/// Bytes of a password. Hashing takes the same time for any length.
inline constexpr std::size_t password_bytes = 1 * KiB;
/// Bytes of the text in which libsodium keeps a hash with its salt and cost (crypto_pwhash_STRBYTES, with its zero).
inline constexpr std::size_t password_hash_bytes = 128;

// --- what there may be ---

/// Chats that a user is a member of, and as many again to which he is invited: `messages` looks at each, and a user who
/// is disabled leaves all of them in one entry. Beyond it joining, creating and inviting are `too_large`.
inline constexpr std::uint32_t chats_per_user = 512;
/// Edits of one message: deleting it erases their texts in one entry. One more is `too_large`.
inline constexpr std::uint32_t edits_per_message = 64;
/// Tokens of a user, one for each place where he is logged in. Another login ends the oldest.
inline constexpr std::uint32_t tokens_per_user = 64;
/// Microseconds that a token lives: 30 days of cluster time. Then its user logs in again.
inline constexpr std::uint64_t token_us = 30ULL * 24 * 3600 * 1'000'000;
/// Microseconds in which an idempotency key is remembered: a day of cluster time. A message sent again later is
/// another one.
inline constexpr std::uint64_t sent_key_us = 24ULL * 3600 * 1'000'000;
/// Rows of a chat that is gone which one entry erases, some milliseconds of work; the rest follows with later entries.
inline constexpr std::size_t gone_chat_rows = 512;

// --- wrong passwords ---

/// Failures in a row after which a name has to wait, and for how long, in microseconds of cluster time: from the
/// least, twice as long each time, up to the most. Meanwhile every attempt is `denied`.
inline constexpr std::uint32_t free_failed_logins = 3;
inline constexpr std::uint64_t least_login_wait_us = 1'000'000;
inline constexpr std::uint64_t most_login_wait_us = 60'000'000;
/// Microseconds after the last failure in which it is remembered.
inline constexpr std::uint64_t failed_login_us = 15ULL * 60 * 1'000'000;
/// Names of which failures are remembered, known or not; of one more, those that end first are forgotten. Driving a
/// name out takes so many attempts, which take longer than the longest wait.
inline constexpr std::uint64_t failed_login_names = 4096;

// --- pages ---

/// Rows of one answer to a query, whatever it asks for; the next page is asked for with the last row of this one.
inline constexpr std::size_t chat_page_rows = 1000;
/// Bytes of one answer; it ends early and says that there is more.
inline constexpr std::size_t chat_page_bytes = 1 * MiB;

// --- hashing, at the node that is asked ---

/// Requests with a password that one node has taken and not yet passed on; one more is answered `busy`. A thread works
/// them off one after the other, some ten a second.
inline constexpr std::size_t password_queue = 16;
/// Bytes that hashing one takes, while it runs (crypto_pwhash_MEMLIMIT_INTERACTIVE).
inline constexpr std::size_t password_memory_bytes = 64 * MiB;

static_assert(user_name_bytes < chat_name_bytes && chat_name_bytes + 64 <= key_bytes, "names fit the keys of rows");
static_assert(sent_key_bytes + 64 <= key_bytes, "so do idempotency keys");
static_assert(message_bytes + chat_name_bytes + sent_key_bytes + 1024 <= command_bytes,
              "the largest send is a command");
static_assert(chat_page_bytes + 256 * KiB <= command_bytes, "a page and its last row fit a reply");
static_assert(message_bytes + chat_name_bytes + user_name_bytes + 1024 < 256 * KiB, "no row is larger than that");
static_assert(node_bounds_bytes + password_memory_bytes <= node_memory_bytes,
              "hashing has its share of a node's memory");
static_assert(failed_login_names / 20 * 1'000'000 > 2 * most_login_wait_us,
              "at twenty attempts a second, forgetting one name takes longer than waiting for it");

}  // namespace parley::limits
