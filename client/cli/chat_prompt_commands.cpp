// What typed lines do.
#include <algorithm>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "client/chat_presence.hpp"
#include "client/cli/chat_prompt.hpp"
#include "client/cli/chat_text.hpp"
#include "common/base/chat_limits.hpp"
#include "common/base/entropy.hpp"
#include "common/base/hex.hpp"
#include "common/base/prompt_limits.hpp"

namespace parley::client::cli {

using prompt::Line;
using prompt::Slash;

namespace {

/// Bytes of the key of a message: nobody draws the same.
constexpr std::size_t sent_key_bytes = 16;

constexpr const char* no_chat_text = "no chat is open; /list shows yours, /open CHAT goes to one";

bool changes(Slash slash) {
  switch (slash) {
    case Slash::help:
    case Slash::list:
    case Slash::open:
    case Slash::history:
    case Slash::earlier:
    case Slash::members:
    case Slash::who:
    case Slash::info:
    case Slash::read:
    case Slash::mute:
    case Slash::retry:
    case Slash::drop:
    case Slash::quit: return false;
    default: return true;
  }
}

std::string joined(const auto& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : ", ") + word;
  return all;
}

}  // namespace

/// What changes something waits for what was asked before, messages included: what is done in one order must not take
/// effect in another.
bool ChatPrompt::is_due(const std::string& line) const {
  if (is_entering_ || writes_ > 0) return false;
  const auto asked = prompt::read_typed(line);
  const auto* command = asked ? std::get_if<prompt::SlashCommand>(&*asked) : nullptr;
  return command == nullptr || !changes(command->slash) || outbox_.is_idle();
}

void ChatPrompt::run(const std::string& line) {
  ++events_;
  auto asked = prompt::read_typed(line);
  if (!asked) return refuse_line(asked.error());
  if (auto* message = std::get_if<prompt::Say>(&*asked)) return say(std::move(message->text));
  if (const auto* command = std::get_if<prompt::SlashCommand>(&*asked)) carry_out(*command);
}

void ChatPrompt::say(std::string text) {
  const prompt::Room* room = rooms_.open_one();
  const std::string why = room == nullptr ? no_chat_text
                          : !outbox_.has_room()
                              ? "not taken: too many messages wait; /drop forgets those that have failed"
                              : "";
  if (why.empty()) return outbox_.add(room->id, room->name, std::move(text), to_hex(draw_secret(sent_key_bytes)));
  refuse_line(why);
}

void ChatPrompt::carry_out(const prompt::SlashCommand& command) {
  const std::string& text = command.text;
  switch (command.slash) {
    case Slash::help: return help();
    case Slash::list: return rooms_.describe();
    case Slash::join: return enter(text, [&](Callback then) { user_.join(text, std::move(then)); });
    case Slash::create: return enter(text, [&](Callback then) { user_.create(text, "", false, std::move(then)); });
    case Slash::create_invite_only:
      return enter(text, [&](Callback then) { user_.create(text, "", true, std::move(then)); });
    case Slash::quit: typed_.clear(); return stop();
    case Slash::drop: rooms_.tell(Line::note(fmt::format("{} forgotten", outbox_.drop()))); return;
    case Slash::retry: rooms_.tell(Line::note(fmt::format("{} to be sent again", outbox_.retry()))); return;
    case Slash::open: {
      prompt::Room* room = rooms_.find(text);
      if (room != nullptr && room->is_member) return open(*room);
      // He may have become a member a moment ago.
      is_entering_ = true;
      to_open_ = text;
      return list_again();
    }
    default: break;
  }
  const bool names_chat = command.slash == Slash::leave || command.slash == Slash::read || command.slash == Slash::mute;
  prompt::Room* room = names_chat && !text.empty() ? rooms_.find(text) : rooms_.open_one();
  if (room != nullptr) return carry_out_there(command, *room);
  refuse_line(names_chat && !text.empty() ? "you are in no chat " + text : no_chat_text);
}

void ChatPrompt::carry_out_there(const prompt::SlashCommand& command, prompt::Room& room) {
  const std::string& text = command.text;
  const std::string& chat = room.name;
  const std::string number = std::to_string(command.number);
  switch (command.slash) {
    case Slash::leave: return enter("", [&](Callback then) { user_.leave(chat, std::move(then)); });
    case Slash::history: return look_back(room, 0, command.number);
    case Slash::earlier: return look_back(room, room.oldest, command.number);
    case Slash::members: return list_members(chat);
    case Slash::who: return tell_who(chat);
    case Slash::info: return tell_info(chat);
    case Slash::read: return read_all(room);
    case Slash::mute: return mute(room);
    case Slash::invite:
      return call("inviting " + text, text + " is invited",
                  [&](Callback then) { user_.invite(chat, text, std::move(then)); });
    case Slash::remove:
      return call("removing " + text, text + " is removed",
                  [&](Callback then) { user_.remove(chat, text, std::move(then)); });
    case Slash::describe:
      return call("describing", "described", [&](Callback then) { user_.describe(chat, text, std::move(then)); });
    case Slash::hand_over:
      return call("handing over", text + " owns it now",
                  [&](Callback then) { user_.hand_over(chat, text, std::move(then)); });
    case Slash::rename: call("renaming", "", [&](Callback then) { user_.rename(chat, text, std::move(then)); }); return;
    case Slash::invite_only:
      if (text != "on" && text != "off") return refuse_line("usage: /invite-only on|off");
      return call("invite-only", text == "on" ? "only who is invited may join now" : "everybody may join now",
                  [&](Callback then) { user_.set_invite_only(chat, text == "on", std::move(then)); });
    case Slash::edit:
      return call("editing " + number, "",
                  [&](Callback then) { user_.edit(chat, command.number, text, std::move(then)); });
    case Slash::erase:
      return call("deleting " + number, "", [&](Callback then) { user_.erase(chat, command.number, std::move(then)); });
    default: break;
  }
}

void ChatPrompt::help() {
  for (const prompt::SlashInfo& info : prompt::all_slashes())
    rooms_.tell(Line::note(fmt::format("{:<28} {}", fmt::format("/{} {}", info.name, info.usage), info.meaning)));
  rooms_.tell(Line::note("anything else is said in the chat that is open; // begins what begins with a slash"));
}

/// A call after which another chat is open, or with an empty name none: what is typed meanwhile waits for that.
void ChatPrompt::enter(const std::string& chat, const Submit& submit) {
  is_entering_ = true;
  ask(submit, [this, chat](Outcome&& outcome) {
    if (outcome.ok()) {
      to_open_ = chat;
      return list_again();
    }
    is_entering_ = false;
    refuse(chat.empty() ? "leaving" : "going to " + chat, outcome);
  });
}

/// `done`: what to say if it works; may be empty.
void ChatPrompt::call(const std::string& what, const std::string& done_text, const Submit& submit) {
  ++writes_;
  ask(submit, [this, what, done_text](Outcome&& outcome) {
    --writes_;
    if (!outcome.ok()) return refuse(what, outcome);
    if (const auto* sent = outcome.chat<app::chat::Sent>())
      rooms_.tell(Line::sending("", what + " is acknowledged as " + std::to_string(sent->seq.value)));
    if (!done_text.empty()) rooms_.tell(Line::note(done_text));
    if (outcome.chat<app::chat::Sent>() == nullptr) list_again();
  });
}

void ChatPrompt::look_back(prompt::Room& room, std::uint64_t before, std::uint64_t count) {
  const std::uint64_t wanted = count == 0 ? limits::prompt_history : count;
  const auto limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, limits::chat_page_rows));
  ask([&](Callback then) { user_.history(room.name, before, 0, false, limit, std::move(then)); },
      [this, chat = room.id, before](Outcome&& outcome) {
        prompt::Room* looked_at = rooms_.find(chat);
        if (looked_at == nullptr) return;
        const auto* history = outcome.chat<app::chat::Events>();
        if (history == nullptr) return refuse("the history of " + looked_at->name, outcome);
        if (history->events.empty()) return rooms_.tell(Line::note("nothing was said before"));
        rooms_.look_back(*looked_at, *history);
      });
}

void ChatPrompt::list_members(const std::string& chat) {
  ask([&](Callback then) { user_.members(chat, 0, std::move(then)); },
      [this, chat](Outcome&& outcome) {
        const auto* page = outcome.chat<app::chat::Members>();
        if (page == nullptr) return refuse("the members of " + chat, outcome);
        std::vector<std::string> names;
        for (const app::chat::Member& member : page->members)
          names.push_back(member.user + (member.is_owner ? " (owner)" : ""));
        rooms_.tell(Line::note("in " + chat + ": " + joined(names) + (page->more ? " and others" : "")));
      });
}

void ChatPrompt::tell_who(const std::string& chat) {
  ++events_;
  ++calls_;
  ask_presence(environment_.client, user_, chat, [this, alive = std::weak_ptr(alive_), chat](ChatPresence&& found) {
    if (alive.expired()) return;
    ++events_;
    --calls_;
    if (!found.is_known()) return refuse("who is in " + chat, found.refusal);
    found.users.insert(name_);  // whose feed may not hang on a node yet
    std::string text = "here now: " + joined(found.users);
    if (found.silent > 0) text += fmt::format(" ({} of {} nodes did not say)", found.silent, found.nodes);
    rooms_.tell(Line::note(std::move(text)));
  });
}

void ChatPrompt::tell_info(const std::string& chat) {
  ask([&](Callback then) { user_.info(chat, std::move(then)); },
      [this, chat](Outcome&& outcome) {
        const auto* details = outcome.chat<app::chat::ChatDetails>();
        if (details == nullptr) return refuse("what there is to know of " + chat, outcome);
        std::istringstream lines(details_text(*details));
        for (std::string line; std::getline(lines, line);) rooms_.tell(Line::note(line));
      });
}

void ChatPrompt::mute(prompt::Room& room) {
  room.is_muted = !room.is_muted;
  rooms_.tell(
      Line::note(room.name + (room.is_muted ? " is muted: what is said there is only counted, /mute again ends it"
                                            : " is shown again")));
}

void ChatPrompt::read_all(prompt::Room& room) {
  room.unread = 0;
  if (!room.is_loading) room.shown = std::max(room.shown, room.last);
  rooms_.tell(Line::note("all of " + room.name + " is read"));
}

}  // namespace parley::client::cli
