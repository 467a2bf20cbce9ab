#include "client/cli/chat_text.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include <fmt/format.h>

#include "common/base/json_object.hpp"
#include "common/base/utf8.hpp"

namespace parley::client::cli {
namespace {

namespace chat = app::chat;
using std::chrono::microseconds;
using std::chrono::sys_days;

constexpr std::uint64_t second_us = 1'000'000;
constexpr std::uint64_t day_us = 86'400 * second_us;
constexpr int fraction_digits = 6;
/// The last that is written with a year of four digits.
constexpr std::uint64_t last_us = 253'402'300'799'999'999;

/// What a node says is shown, be it UTF-8 or not.
std::string shown(BytesView text) { return is_utf8(text) ? without_controls(text) : "(not UTF-8)"; }

template <class Number>
bool take_number(std::string_view& text, std::size_t digits, Number& number) {
  if (text.size() < digits) return false;
  const auto read = std::from_chars(text.data(), text.data() + digits, number);
  if (read.ec != std::errc() || read.ptr != text.data() + digits || text.front() == '-') return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// Digits behind the point, of which six count.
bool take_fraction(std::string_view& text, std::uint64_t& us) {
  int digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits) {
    if (digits < fraction_digits) us = us * 10 + static_cast<std::uint64_t>(text.front() - '0');
  }
  for (int missing = digits; missing < fraction_digits; ++missing) us *= 10;
  return digits > 0;
}

std::optional<std::uint64_t> parse_date(std::string_view text) {
  int year = 0;
  unsigned month = 0, day = 0;
  std::uint64_t hours = 0, minutes = 0, seconds = 0, fraction_us = 0;
  const bool has_date = take_number(text, 4, year) && take(text, '-') && take_number(text, 2, month) &&
                        take(text, '-') && take_number(text, 2, day) && take(text, 'T');
  const bool has_time = has_date && take_number(text, 2, hours) && take(text, ':') && take_number(text, 2, minutes) &&
                        take(text, ':') && take_number(text, 2, seconds);
  if (!has_time) return std::nullopt;
  if (take(text, '.') && !take_fraction(text, fraction_us)) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (text != "Z" || !date.ok() || year < 1970 || hours > 23 || minutes > 59 || seconds > 59) return std::nullopt;
  const auto days = static_cast<std::uint64_t>(sys_days(date).time_since_epoch().count());
  return days * day_us + (hours * 3600 + minutes * 60 + seconds) * second_us + fraction_us;
}

JsonObject summary_object(const chat::ChatSummary& summary) {
  JsonObject json;
  json.bytes("chat", summary.name).number("id", summary.id.value).truth("member", summary.is_member);
  json.truth("owner", summary.is_owner).truth("invite_only", summary.is_invite_only);
  json.number("members", summary.members).number("last_seq", summary.last.value).number("time", summary.last_time_us);
  json.number("read_seq", summary.read.value).number("unread", summary.unread);
  return json;
}

}  // namespace

std::string time_text(std::uint64_t since_1970_us) {
  if (since_1970_us > last_us) return std::to_string(since_1970_us);
  const std::uint64_t of_day = since_1970_us % day_us;
  const std::chrono::year_month_day date(sys_days(std::chrono::days(since_1970_us / day_us)));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     of_day / (3600 * second_us), of_day / (60 * second_us) % 60, of_day / second_us % 60,
                     of_day % second_us);
}

std::optional<std::uint64_t> parse_time(std::string_view text) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!text.empty() && read.ec == std::errc() && read.ptr == text.data() + text.size()) return number;
  return parse_date(text);
}

std::string event_line(const chat::Event& event) {
  std::string text = shown(event.text);
  if (event.kind == static_cast<std::uint8_t>(chat::EventKind::deletion)) {
    text = fmt::format("(deletes {})", event.of.value);
  } else if (event.deleted_by.value != 0) {
    text = "(deleted)";
  }
  if (event.kind == static_cast<std::uint8_t>(chat::EventKind::edit))
    text = fmt::format("(edit of {}) {}", event.of.value, text);
  return fmt::format("{}\t{}\t{}\t{}", event.seq.value, time_text(event.time_us), shown(event.user), text);
}

std::string event_json(const chat::Event& event, std::string_view chat_name) {
  JsonObject json;
  json.bytes("chat", chat_name).number("seq", event.seq.value).number("time", event.time_us);
  json.bytes("user", event.user).bytes("text", event.text);
  if (event.kind == static_cast<std::uint8_t>(chat::EventKind::edit)) json.number("edit_of", event.of.value);
  if (event.kind == static_cast<std::uint8_t>(chat::EventKind::deletion)) json.number("deletes", event.of.value);
  if (event.edited_by.value != 0) json.number("edited_by", event.edited_by.value);
  if (event.deleted_by.value != 0) json.number("deleted_by", event.deleted_by.value);
  return std::move(json).done();
}

std::string_view chat_name_of(const chat::Events& page, const chat::Event& event) {
  const auto found = std::ranges::find(page.chats, event.chat, &chat::ChatName::id);
  return found == page.chats.end() ? std::string_view() : std::string_view(found->name);
}

std::string sent_json(std::string_view chat_name, const chat::Sent& sent) {
  JsonObject json;
  json.bytes("chat", chat_name).number("seq", sent.seq.value).number("time", sent.time_us);
  return std::move(json).done();
}

std::string member_json(const chat::Member& member) {
  JsonObject json;
  json.bytes("user", member.user).truth("owner", member.is_owner).number("joined", member.joined_us);
  return std::move(json).done();
}

std::string chat_line(const chat::ChatSummary& summary) {
  std::string line = shown(summary.name);
  if (!summary.is_member) return line + "\tinvited";
  if (summary.unread > 0) line += fmt::format("\t{} unread", summary.unread);
  return line;
}

std::string chat_json(const chat::ChatSummary& summary) { return std::move(summary_object(summary)).done(); }

std::string details_text(const chat::ChatDetails& details) {
  const chat::ChatSummary& summary = details.summary;
  std::string text = fmt::format("chat         {}\n", shown(summary.name));
  if (!details.description.empty()) text += fmt::format("description  {}\n", shown(details.description));
  text += fmt::format("owner        {}\n", details.owner.empty() ? "nobody" : shown(details.owner));
  text += fmt::format("members      {}\n", summary.members);
  text += fmt::format("open to      {}\n", summary.is_invite_only ? "who is invited" : "everybody");
  text += fmt::format("created      {}\n", time_text(details.created_us));
  if (!summary.is_member) return text;
  text += fmt::format("last         {}\n", summary.last.value);
  text += fmt::format("unread       {}\n", summary.unread);
  return text;
}

std::string details_json(const chat::ChatDetails& details) {
  JsonObject json = summary_object(details.summary);
  if (details.owner.empty()) {
    json.null("owner_name");
  } else {
    json.bytes("owner_name", details.owner);
  }
  json.bytes("description", details.description).number("created", details.created_us);
  return std::move(json).done();
}

std::string me_json(const chat::Me& me) {
  JsonObject json;
  json.bytes("user", me.user).number("created", me.created_us).number("expires_in_us", me.life_us);
  json.number("chats", me.chats).number("invitations", me.invitations);
  return std::move(json).done();
}

}  // namespace parley::client::cli
