#include "client/prompt/slash.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "common/app/chat/names.hpp"
#include "common/base/utf8.hpp"

namespace parley::client::prompt {
namespace {

constexpr auto slashes = std::to_array<SlashInfo>({
    {"help", "", "this", Slash::help, Shape::nothing},
    {"list", "", "your chats, and what is unread", Slash::list, Shape::nothing},
    {"open", "CHAT", "go to one of them; what you type is said there", Slash::open, Shape::text},
    {"join", "CHAT", "become a member, and go there", Slash::join, Shape::text},
    {"leave", "[CHAT]", "be a member no more, or decline an invitation", Slash::leave, Shape::optional_text},
    {"history", "[N]", "the last N events again (20)", Slash::history, Shape::optional_number},
    {"earlier", "[N]", "N events before those that were shown", Slash::earlier, Shape::optional_number},
    {"edit", "SEQ TEXT", "say message SEQ of yours otherwise", Slash::edit, Shape::number_and_text},
    {"delete", "SEQ", "take message SEQ back", Slash::erase, Shape::number},
    {"retry", "", "send again what has failed; nothing is said twice", Slash::retry, Shape::nothing},
    {"drop", "", "forget what has failed", Slash::drop, Shape::nothing},
    {"members", "", "who is in this chat", Slash::members, Shape::nothing},
    {"who", "", "which of them are here now", Slash::who, Shape::nothing},
    {"info", "", "what there is to know of this chat", Slash::info, Shape::nothing},
    {"read", "[CHAT]", "mark all of it as read", Slash::read, Shape::optional_text},
    {"mute", "[CHAT]", "only count what is said there, or show it again", Slash::mute, Shape::optional_text},
    {"create", "CHAT", "make a chat, and go there", Slash::create, Shape::text},
    {"create-invite-only", "CHAT", "the same, for those alone whom you invite", Slash::create_invite_only, Shape::text},
    {"invite", "USER", "as owner, to this chat", Slash::invite, Shape::text},
    {"remove", "USER", "as owner, from this chat", Slash::remove, Shape::text},
    {"rename", "NAME", "as owner", Slash::rename, Shape::text},
    {"describe", "TEXT", "as owner", Slash::describe, Shape::text},
    {"invite-only", "on|off", "as owner: who may join", Slash::invite_only, Shape::text},
    {"hand-over", "USER", "as owner: to another member", Slash::hand_over, Shape::text},
    {"quit", "", "leave, as Ctrl-D does; messages on their way are waited for", Slash::quit, Shape::nothing},
    {"exit", "", "the same", Slash::quit, Shape::nothing},
});

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

/// The word at the front, taken off.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find_first_of(" \t\n"), text.size());
  const std::string_view word = text.substr(0, end);
  text = trimmed(text.substr(end));
  return word;
}

std::optional<std::uint64_t> number_in(std::string_view word) {
  std::uint64_t number = 0;
  const auto read = std::from_chars(word.data(), word.data() + word.size(), number);
  const bool is_one = !word.empty() && read.ec == std::errc() && read.ptr == word.data() + word.size() && number != 0;
  return is_one ? std::optional(number) : std::nullopt;
}

std::string usage_of(const SlashInfo& info) {
  std::string usage = "/" + std::string(info.name);
  if (!info.usage.empty()) usage += " " + std::string(info.usage);
  return usage;
}

std::string without_name(std::string_view name) {
  std::string nearest;
  for (const SlashInfo& info : slashes) {
    if (!name.empty() && info.name.starts_with(name))
      nearest += (nearest.empty() ? "/" : ", /") + std::string(info.name);
  }
  return "/" + std::string(name) + " is no command; " + (nearest.empty() ? "/help lists them" : "perhaps " + nearest) +
         ". To say a line that begins with a slash, begin it with two.";
}

bool takes_chat(Slash slash) {
  return slash == Slash::open || slash == Slash::join || slash == Slash::leave || slash == Slash::read ||
         slash == Slash::mute;
}

}  // namespace

std::span<const SlashInfo> all_slashes() { return slashes; }

std::expected<Asked, std::string> read_typed(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (trimmed(line).empty()) return Nothing{};
  if (line.starts_with("//")) return Say{std::string(line.substr(1))};
  if (!line.starts_with('/')) return Say{std::string(line)};
  line.remove_prefix(1);
  std::string_view rest = line;
  const std::string_view name = take_word(rest);
  const auto info = std::ranges::find(slashes, name, &SlashInfo::name);
  if (info == slashes.end()) return std::unexpected(without_name(name));
  SlashCommand command{info->slash, {}, 0};
  const bool has_number =
      info->shape == Shape::number || info->shape == Shape::number_and_text || info->shape == Shape::optional_number;
  if (has_number && (!rest.empty() || info->shape != Shape::optional_number)) {
    const auto number = number_in(take_word(rest));
    if (!number) return std::unexpected("usage: " + usage_of(*info) + ", of which the number is missing or is none");
    command.number = *number;
  }
  const bool wants_text = info->shape == Shape::text || info->shape == Shape::number_and_text;
  const bool takes_text = wants_text || info->shape == Shape::optional_text;
  if ((wants_text && rest.empty()) || (!takes_text && !rest.empty()))
    return std::unexpected("usage: " + usage_of(*info) + (rest.empty() ? "" : ", and nothing more"));
  command.text = rest;
  return command;
}

std::string completion_of(std::string_view typed, std::span<const std::string> chats) {
  if (!typed.starts_with('/') || typed.starts_with("//")) return {};
  const std::size_t blank = typed.find(' ');
  std::vector<std::string> candidates;
  std::string begin;
  if (blank == std::string_view::npos) {
    begin = typed.substr(1);
    for (const SlashInfo& info : slashes)
      candidates.push_back(std::string(info.name) + (info.usage.empty() ? "" : " "));
  } else {
    const auto info = std::ranges::find(slashes, typed.substr(1, blank - 1), &SlashInfo::name);
    if (info == slashes.end() || !takes_chat(info->slash)) return {};
    begin = typed.substr(blank + 1);
    candidates.assign(chats.begin(), chats.end());
  }
  const std::string folded = app::chat::folded(begin);
  std::optional<std::string> common;
  for (const std::string& candidate : candidates) {
    if (!app::chat::folded(candidate).starts_with(folded)) continue;
    const std::string more = candidate.substr(begin.size());
    if (!common) {
      common = more;
    } else {
      const auto differ = std::ranges::mismatch(*common, more);
      common->erase(differ.in1, common->end());
    }
  }
  // What ends within a character of a name is left to the person.
  while (common && !common->empty() && !is_utf8(*common)) common->pop_back();
  return common.value_or(std::string());
}

}  // namespace parley::client::prompt
