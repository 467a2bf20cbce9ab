#include "client/prompt/rooms.hpp"

#include <algorithm>
#include <utility>

#include "common/app/chat/names.hpp"
#include "common/base/prompt_limits.hpp"

namespace parley::client::prompt {
namespace {

using app::chat::ChatId;
using app::chat::Event;
using app::chat::EventKind;

bool is_message(const Event& event) { return event.kind == static_cast<std::uint8_t>(EventKind::message); }

std::string messages_text(std::uint64_t count) {
  return std::to_string(count) + (count == 1 ? " message" : " messages");
}

}  // namespace

Rooms::Changes Rooms::listed(const std::vector<app::chat::ChatSummary>& chats) {
  Changes changes;
  for (const app::chat::ChatSummary& chat : chats) {
    Room* room = find(chat.id);
    const bool was_member = room != nullptr && room->is_member;
    if (room == nullptr) {
      Room made;
      made.id = chat.id;
      made.name = chat.name;
      const auto place = std::ranges::lower_bound(rooms_, chat.id, {}, &Room::id);
      room = &*rooms_.insert(place, std::move(made));
      if (is_listed_ && !chat.is_member) tell(Line::note("you are invited to " + chat.name + "; /join " + chat.name));
    }
    if (room->name != chat.name) tell(Line::note(room->name + " is called " + chat.name + " now"));
    room->name = chat.name;
    room->is_member = chat.is_member;
    room->read = std::max(room->read, chat.read.value);
    if (chat.is_member && !was_member) {
      room->last = chat.last.value;
      room->shown = room->oldest = 0;
      changes.entered.push_back(chat.id);
      if (is_listed_) tell(Line::note("you are in " + chat.name));
    }
    if (!chat.is_member && was_member) changes.left.push_back(chat.id);
    // A list may be older than what the feed has told since.
    if (chat.last.value >= room->last) room->unread = chat.unread;
    if (chat.id == open_) room->unread = 0;
  }
  std::erase_if(rooms_, [&](const Room& room) {
    if (std::ranges::find(chats, room.id, &app::chat::ChatSummary::id) != chats.end()) return false;
    if (room.is_member) changes.left.push_back(room.id);
    if (!room.is_member) tell(Line::note("you are invited to " + room.name + " no more"));
    if (room.is_member) tell(Line::note("you are in " + room.name + " no more"));
    return true;
  });
  for (const ChatId left : changes.left) {
    if (Room* room = find(left)) tell(Line::note("you are in " + room->name + " no more, but invited again"));
    if (left == open_) open_ = {};
  }
  is_listed_ = true;
  return changes;
}

void Rooms::describe() {
  if (rooms_.empty()) return tell(Line::note("you are in no chat; /join CHAT, or /create CHAT makes one"));
  for (const Room& room : rooms_) {
    std::string text = (room.id == open_ ? "* " : "  ") + room.name;
    if (!room.is_member) text += ": you are invited";
    if (room.unread > 0) text += ": " + messages_text(room.unread) + " unread";
    if (room.is_muted) text += " (muted)";
    tell(Line::note(std::move(text)));
  }
}

Room* Rooms::find(std::string_view name) {
  const std::string wanted = app::chat::folded(name);
  Room* begins = nullptr;
  std::size_t count = 0;
  for (Room& room : rooms_) {
    const std::string folded = app::chat::folded(room.name);
    if (folded == wanted) return &room;
    if (wanted.empty() || !folded.starts_with(wanted)) continue;
    begins = &room;
    ++count;
  }
  return count == 1 ? begins : nullptr;
}

Room* Rooms::find(ChatId id) {
  const auto found = std::ranges::lower_bound(rooms_, id, {}, &Room::id);
  return found != rooms_.end() && found->id == id ? &*found : nullptr;
}

std::uint32_t Rooms::open(Room& room) {
  open_ = room.id;
  room.is_loading = true;
  room.held.clear();
  const auto unread = std::min<std::uint64_t>(room.unread, limits::prompt_unread_history);
  return std::max(limits::prompt_history, static_cast<std::uint32_t>(unread));
}

void Rooms::came(Room& room, const app::chat::Events& history) {
  std::string head = "--- " + room.name;
  if (room.unread > 0) head += ", " + messages_text(room.unread) + " unread";
  if (history.events.empty()) head += ", where nothing was said yet";
  tell(Line::note(head + " ---"));
  const std::uint64_t read = room.read;
  bool has_told = room.unread == 0 || (!history.events.empty() && history.events.front().seq.value > read);
  room.unread = 0;
  for (const Event& event : history.events) {
    if (!has_told && event.seq.value > read) tell(Line::note("--- new ---"));
    has_told = has_told || event.seq.value > read;
    show_here(room, event, event.seq.value > room.last);
  }
  came_not(room);
}

/// What came meanwhile is shown even so.
void Rooms::came_not(Room& room) {
  room.is_loading = false;
  for (const Event& event : std::exchange(room.held, {})) {
    if (event.seq.value > room.shown) show_here(room, event, true);
  }
}

void Rooms::look_back(Room& room, const app::chat::Events& history) {
  if (history.events.empty()) tell(Line::note("there is nothing before"));
  for (const Event& event : history.events) show_here(room, event, false);
}

void Rooms::follow(Room& room, const app::chat::Events& events) {
  for (const Event& event : events.events) {
    if (event.seq.value > room.last) take(room, event);
  }
}

void Rooms::take(Room& room, const Event& event) {
  room.last = event.seq.value;
  if (room.id == open_ && room.is_loading) {
    room.held.push_back(event);
  } else if (room.id == open_) {
    if (event.seq.value > room.shown) show_here(room, event, true);
  } else {
    if (is_message(event) && event.user != user_) ++room.unread;
    if (event.user == user_ || !room.is_muted) show(room, event, true);
  }
}

void Rooms::show_here(Room& room, const Event& event, bool is_new) {
  room.shown = std::max(room.shown, event.seq.value);
  room.oldest = room.oldest == 0 ? event.seq.value : std::min(room.oldest, event.seq.value);
  show(room, event, is_new);
}

void Rooms::show(const Room& room, const Event& event, bool is_new) {
  Line line;
  line.kind = Line::Kind::event;
  line.chat = room.name;
  line.event = event;
  line.is_elsewhere = room.id != open_;
  line.is_own = event.user == user_;
  line.is_sent_here = is_new && line.is_own && is_message(event) && is_sent_here_(room.id, event);
  tell(std::move(line));
}

std::uint64_t Rooms::unread_elsewhere() const {
  std::uint64_t unread = 0;
  for (const Room& room : rooms_) {
    if (room.id != open_ && room.is_member && !room.is_muted) unread += room.unread;
  }
  return unread;
}

}  // namespace parley::client::prompt
