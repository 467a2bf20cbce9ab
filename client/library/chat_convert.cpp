#include <algorithm>
#include <utility>

#include "client/library/chat_core.hpp"

namespace parley::client::library {
namespace {

namespace chat = app::chat;

static_assert(static_cast<int>(ChatEvent::Kind::message) == static_cast<int>(chat::EventKind::message));
static_assert(static_cast<int>(ChatEvent::Kind::edit) == static_cast<int>(chat::EventKind::edit));
static_assert(static_cast<int>(ChatEvent::Kind::deletion) == static_cast<int>(chat::EventKind::deletion));

ChatSummary summary_of(const chat::ChatSummary& summary) {
  return {summary.id.value, summary.name,       summary.is_member,  summary.is_owner, summary.is_invite_only,
          summary.members,  summary.last.value, summary.read.value, summary.unread};
}

/// What `convert` makes of the answer, if it is of this kind.
template <class Answered, class T, class Convert>
Answer<T> converted(Outcome&& outcome, Convert convert) {
  if (!outcome.ok()) return std::unexpected(failure_of(std::move(outcome)));
  const auto* answer = outcome.chat<Answered>();
  if (answer == nullptr) return std::unexpected(unknown_answer());
  return convert(*answer);
}

}  // namespace

ChatEvent event_of(const chat::Event& event, std::string name) {
  return {std::move(name),
          event.chat.value,
          event.seq.value,
          time_of(event.time_us),
          static_cast<ChatEvent::Kind>(event.kind),
          event.user,
          event.text,
          event.of.value,
          event.edited_by.value,
          event.deleted_by.value};
}

Answer<std::string> user_name_of(Outcome&& outcome) {
  return converted<chat::Me, std::string>(std::move(outcome), [](const chat::Me& me) { return me.user; });
}

Answer<ChatSent> sent_of(Outcome&& outcome) {
  return converted<chat::Sent, ChatSent>(std::move(outcome), [](const chat::Sent& sent) {
    return ChatSent{sent.seq.value, time_of(sent.time_us)};
  });
}

Answer<ChatEvents> events_of(Outcome&& outcome) {
  return converted<chat::Events, ChatEvents>(std::move(outcome), [](const chat::Events& page) {
    ChatEvents result{{}, page.more};
    for (const chat::Event& event : page.events) {
      const auto name = std::ranges::find(page.chats, event.chat, &chat::ChatName::id);
      result.events.push_back(event_of(event, name == page.chats.end() ? std::string() : name->name));
    }
    return result;
  });
}

Answer<ChatList> chats_of(Outcome&& outcome) {
  return converted<chat::Chats, ChatList>(std::move(outcome), [](const chat::Chats& page) {
    ChatList result{{}, page.more};
    std::ranges::transform(page.chats, std::back_inserter(result.chats), summary_of);
    return result;
  });
}

Answer<ChatMembers> members_of(Outcome&& outcome) {
  return converted<chat::Members, ChatMembers>(std::move(outcome), [](const chat::Members& page) {
    ChatMembers result{{}, page.more};
    for (const chat::Member& member : page.members)
      result.members.push_back({member.number, member.user, time_of(member.joined_us), member.is_owner});
    return result;
  });
}

Answer<ChatDetails> details_of(Outcome&& outcome) {
  return converted<chat::ChatDetails, ChatDetails>(std::move(outcome), [](const chat::ChatDetails& details) {
    return ChatDetails{summary_of(details.summary), details.owner, details.description};
  });
}

}  // namespace parley::client::library
