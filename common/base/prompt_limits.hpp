#pragma once
#include "common/base/chat_limits.hpp"

/// The bounds of the interactive chat, `parley chat`.
namespace parley::limits {

/// Messages that were typed and are not done with. One more is not taken, which is said.
inline constexpr std::size_t prompt_outbox = 256;
/// Of these, how many are shown above the line that is being typed: the last ones, so that the screen has room for what
/// others say.
inline constexpr std::size_t prompt_sending_rows = 3;
/// Rows of a terminal for one message; what is beyond is left to `history`.
inline constexpr std::size_t prompt_message_rows = 60;
/// Rows for the line that is being typed; of a longer one those around the cursor are shown.
inline constexpr std::size_t prompt_input_rows = 8;
/// Bytes of that line: a message, or a command with one. More is not taken, and the terminal's bell says so.
inline constexpr std::size_t prompt_line_bytes = message_bytes + 64;
/// Lines that can be had back with the arrow keys; the oldest are forgotten.
inline constexpr std::size_t prompt_remembered_lines = 200;
/// Events that are shown when a chat is opened; if more is unread then that, but no more than the second.
inline constexpr std::uint32_t prompt_history = 20;
inline constexpr std::uint32_t prompt_unread_history = 100;
/// Microseconds between two looks at the list of chats, which tells of those that others have added the user to: ten
/// thousand prompts cost a cluster two thousand reads a second.
inline constexpr std::uint64_t prompt_list_us = 5'000'000;
/// Microseconds between two markers of what was read, each of which is a write.
inline constexpr std::uint64_t prompt_mark_us = 1'000'000;
/// Microseconds in which the same trouble is said once.
inline constexpr std::uint64_t prompt_trouble_us = 30'000'000;
/// Microseconds that are left at the end for the last marker.
inline constexpr std::uint64_t prompt_farewell_us = 1'000'000;

static_assert(prompt_unread_history <= chat_page_rows && prompt_history <= prompt_unread_history);

}  // namespace parley::limits
