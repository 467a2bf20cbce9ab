#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "client/outcome.hpp"

/// What the commands of the chat print. Texts of others reach a terminal without controls; JSON has them whole.
namespace parley::client::cli {

/// `2024-05-31T08:15:00.123456Z`: UTC, to the microsecond, so that it can be given back.
[[nodiscard]] std::string time_text(std::uint64_t since_1970_us);
/// The same, with a fraction of any length or none; or microseconds since 1970 as a number. Nothing if it is neither.
[[nodiscard]] std::optional<std::uint64_t> parse_time(std::string_view text);

/// `SEQ<TAB>TIME<TAB>USER<TAB>TEXT`. An edit has `(edit of SEQ) TEXT`, a deletion `(deletes SEQ)`, what was deleted
/// `(deleted)`.
[[nodiscard]] std::string event_line(const app::chat::Event& event);
/// `{"chat":..,"seq":N,"time":N,"user":..,"text":..}`, and of `edit_of`, `deletes`, `edited_by`, `deleted_by` those
/// that there are. The time is microseconds since 1970.
[[nodiscard]] std::string event_json(const app::chat::Event& event, std::string_view chat_name);
/// The name of the event's chat, as the page has it.
[[nodiscard]] std::string_view chat_name_of(const app::chat::Events& page, const app::chat::Event& event);

[[nodiscard]] std::string sent_json(std::string_view chat_name, const app::chat::Sent& sent);
[[nodiscard]] std::string member_json(const app::chat::Member& member);
/// The name, and where there is something to say `<TAB>N unread` or `<TAB>invited`.
[[nodiscard]] std::string chat_line(const app::chat::ChatSummary& chat);
[[nodiscard]] std::string chat_json(const app::chat::ChatSummary& chat);
/// Several lines, the last one with its end; JSON is one line.
[[nodiscard]] std::string details_text(const app::chat::ChatDetails& details);
[[nodiscard]] std::string details_json(const app::chat::ChatDetails& details);
[[nodiscard]] std::string me_json(const app::chat::Me& me);

}  // namespace parley::client::cli
